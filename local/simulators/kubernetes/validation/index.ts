/** What the API server refuses in objects of single kinds, besides what their schemas say. */
import type { Cause } from "../cause.ts";
import type { JsonObject } from "../json.ts";
import type { Resource } from "../resource.ts";
import { claimViolations, limitRangeViolations, quotaViolations } from "./amounts.ts";
import { configMapViolations, secretViolations } from "./data.ts";
import { endpointsViolations, ingressViolations, networkPolicyViolations, serviceViolations } from "./network.ts";
import {
  admissionPolicyViolations,
  autoscalerViolations,
  disruptionBudgetViolations,
  eventViolations,
  leaseViolations,
  nodeViolations,
  priorityClassViolations,
  signingRequestViolations,
  storageClassViolations,
  webhookViolations,
} from "./others.ts";
import { podSpecViolations } from "./podSpec.ts";
import { bindingViolations, roleViolations } from "./rights.ts";
import { cronJobViolations, jobViolations, workloadViolations } from "./workloads.ts";

type Check = (object: JsonObject) => Cause[];

const workload = (kind: string) => [kind, (object: JsonObject) => workloadViolations(kind, object)] as const;

const checks: Readonly<Record<string, Check>> = {
  ...{ ConfigMap: configMapViolations, Secret: secretViolations },
  Pod: ({ spec }) => podSpecViolations(typeof spec === "object" && spec && !Array.isArray(spec) ? spec : {}, "spec"),
  ...Object.fromEntries(["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet"].map(workload)),
  ...{ Job: jobViolations, CronJob: cronJobViolations },
  ...{ Service: serviceViolations, Endpoints: endpointsViolations },
  ...{ Ingress: ingressViolations, NetworkPolicy: networkPolicyViolations },
  ...{ ResourceQuota: quotaViolations, LimitRange: limitRangeViolations, PersistentVolumeClaim: claimViolations },
  Role: (object) => roleViolations(object, { isNamespaced: true }),
  ClusterRole: (object) => roleViolations(object, { isNamespaced: false }),
  RoleBinding: (object) => bindingViolations(object, { isNamespaced: true }),
  ClusterRoleBinding: (object) => bindingViolations(object, { isNamespaced: false }),
  ...{ PodDisruptionBudget: disruptionBudgetViolations, HorizontalPodAutoscaler: autoscalerViolations },
  ...{ Event: eventViolations, Lease: leaseViolations, PriorityClass: priorityClassViolations },
  ...{ StorageClass: storageClassViolations, Node: nodeViolations },
  CertificateSigningRequest: signingRequestViolations,
  ...{ ValidatingWebhookConfiguration: webhookViolations, MutatingWebhookConfiguration: webhookViolations },
  ValidatingAdmissionPolicy: admissionPolicyViolations,
};

export function violationsOfKind({ kind, isCustom }: Resource, object: JsonObject): Cause[] {
  return isCustom ? [] : (checks[kind]?.(object) ?? []);
}
