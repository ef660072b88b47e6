/** What the API server refuses in objects of single kinds, besides what their schemas say. */
import type { Cause } from "../cause.ts";
import type { JsonObject } from "../json.ts";
import type { Resource } from "../resource.ts";
import { admissionPolicyViolations } from "./admissionPolicies.ts";
import { limitRangeViolations, quotaViolations } from "./amounts.ts";
import { autoscalerViolations } from "./autoscalers.ts";
import { configMapViolations, secretViolations } from "./data.ts";
import { definitionViolations } from "./definitions.ts";
import { eventViolations } from "./events.ts";
import { cronJobViolations, jobViolations } from "./jobs.ts";
import {
  endpointSliceViolations,
  endpointsViolations,
  ingressClassViolations,
  ingressViolations,
  networkPolicyViolations,
} from "./network.ts";
import {
  apiServiceViolations,
  disruptionBudgetViolations,
  flowSchemaViolations,
  leaseViolations,
  namespaceViolations,
  nodeViolations,
  priorityClassViolations,
  runtimeClassViolations,
  signingRequestViolations,
} from "./others.ts";
import { podViolations } from "./podSpec.ts";
import { bindingViolations, roleViolations } from "./rights.ts";
import { serviceViolations } from "./services.ts";
import { statefulSetViolations } from "./statefulSets.ts";
import { claimViolations, storageClassViolations, volumeViolations } from "./storage.ts";
import { policyBindingViolations, webhookViolations } from "./webhooks.ts";
import {
  daemonSetViolations,
  deploymentViolations,
  podTemplateViolations,
  replicaSetViolations,
  replicationControllerViolations,
  revisionViolations,
} from "./workloads.ts";

type Check = (object: JsonObject) => Cause[];

const checks: Readonly<Record<string, Check>> = {
  ...{ ConfigMap: configMapViolations, Secret: secretViolations, Namespace: namespaceViolations },
  ...{ Pod: podViolations, PodTemplate: podTemplateViolations, ReplicationController: replicationControllerViolations },
  ...{ Deployment: deploymentViolations, ReplicaSet: replicaSetViolations, StatefulSet: statefulSetViolations },
  ...{ DaemonSet: daemonSetViolations, ControllerRevision: revisionViolations },
  ...{ Job: jobViolations, CronJob: cronJobViolations },
  ...{ Service: serviceViolations, Endpoints: endpointsViolations, EndpointSlice: endpointSliceViolations },
  ...{ Ingress: ingressViolations, IngressClass: ingressClassViolations, NetworkPolicy: networkPolicyViolations },
  ...{ ResourceQuota: quotaViolations, LimitRange: limitRangeViolations },
  ...{ PersistentVolumeClaim: claimViolations, PersistentVolume: volumeViolations },
  Role: (object) => roleViolations(object, { isNamespaced: true }),
  ClusterRole: (object) => roleViolations(object, { isNamespaced: false }),
  RoleBinding: (object) => bindingViolations(object, { isNamespaced: true }),
  ClusterRoleBinding: (object) => bindingViolations(object, { isNamespaced: false }),
  ...{ PodDisruptionBudget: disruptionBudgetViolations, HorizontalPodAutoscaler: autoscalerViolations },
  ...{ Event: eventViolations, Lease: leaseViolations, PriorityClass: priorityClassViolations },
  ...{ StorageClass: storageClassViolations, RuntimeClass: runtimeClassViolations, Node: nodeViolations },
  ...{ CertificateSigningRequest: signingRequestViolations, FlowSchema: flowSchemaViolations },
  ...{ APIService: apiServiceViolations, CustomResourceDefinition: definitionViolations },
  ...{ ValidatingWebhookConfiguration: webhookViolations, MutatingWebhookConfiguration: webhookViolations },
  ...{ ValidatingAdmissionPolicy: admissionPolicyViolations },
  ...{ ValidatingAdmissionPolicyBinding: policyBindingViolations },
};

export function violationsOfKind({ kind, isCustom }: Resource, object: JsonObject): Cause[] {
  return isCustom ? [] : (checks[kind]?.(object) ?? []);
}
