/** What the API server refuses in objects of single kinds, besides what their schemas say. */
import type { Cause } from "../cause.ts";
import type { JsonObject } from "../json.ts";
import type { Resource } from "../resource.ts";
import { limitRangeViolations, quotaViolations } from "./amounts.ts";
import { configMapViolations, secretViolations } from "./data.ts";
import { definitionViolations } from "./definitions.ts";
import { eventViolations } from "./events.ts";
import {
  endpointSliceViolations,
  endpointsViolations,
  ingressViolations,
  networkPolicyViolations,
  serviceViolations,
} from "./network.ts";
import {
  autoscalerViolations,
  claimViolations,
  disruptionBudgetViolations,
  leaseViolations,
  namespaceViolations,
  nodeViolations,
  priorityClassViolations,
} from "./others.ts";
import { podViolations } from "./pods.ts";
import { bindingViolations, roleViolations } from "./rights.ts";
import { cronJobViolations, deploymentViolations, jobViolations, replicaSetViolations } from "./workloads.ts";

type Check = (object: JsonObject) => Cause[];

const checks: Readonly<Record<string, Check>> = {
  ...{ ConfigMap: configMapViolations, Secret: secretViolations, Namespace: namespaceViolations },
  ...{ Pod: podViolations, Deployment: deploymentViolations, ReplicaSet: replicaSetViolations },
  ...{ Job: jobViolations, CronJob: cronJobViolations, PersistentVolumeClaim: claimViolations },
  ...{ Service: serviceViolations, Endpoints: endpointsViolations, EndpointSlice: endpointSliceViolations },
  ...{ Ingress: ingressViolations, NetworkPolicy: networkPolicyViolations },
  ...{ ResourceQuota: quotaViolations, LimitRange: limitRangeViolations },
  Role: (object) => roleViolations(object, { isNamespaced: true }),
  ClusterRole: (object) => roleViolations(object, { isNamespaced: false }),
  RoleBinding: (object) => bindingViolations(object, { isNamespaced: true }),
  ClusterRoleBinding: (object) => bindingViolations(object, { isNamespaced: false }),
  ...{ PodDisruptionBudget: disruptionBudgetViolations, HorizontalPodAutoscaler: autoscalerViolations },
  ...{ Event: eventViolations, Lease: leaseViolations, PriorityClass: priorityClassViolations },
  ...{ Node: nodeViolations, CustomResourceDefinition: definitionViolations },
};

export function violationsOfKind({ kind, isCustom }: Resource, object: JsonObject): Cause[] {
  return isCustom ? [] : (checks[kind]?.(object) ?? []);
}
