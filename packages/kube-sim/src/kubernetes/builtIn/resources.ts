/** The built-in resources of this API server: those of a real one, as far as their objects can be stored. */
import type { Resource } from "../resource.ts";
import { type BuiltInKind, builtInKinds, kindsServed } from "./kinds.ts";
import { schemaOf } from "./schemas.ts";

/** Kinds that count the changes of what they ask for. */
const withGeneration = new Set([
  ...["Deployment", "ReplicaSet", "Pod", "CronJob", "Job", "Ingress", "NetworkPolicy", "PodDisruptionBudget"],
  ...["PriorityClass", "EndpointSlice", "CustomResourceDefinition", "MutatingWebhookConfiguration"],
]);

/** What a field selector may name, by kind. */
const selectable: Readonly<Record<string, readonly string[]>> = {
  Namespace: ["status.phase", "name"],
  Secret: ["type"],
  Event: [
    ...["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map(
      (field) => `involvedObject.${field}`,
    ),
    ...["reason", "reportingComponent", "source", "type"],
  ],
  "events.k8s.io": [
    ...["kind", "namespace", "name", "uid", "apiVersion", "resourceVersion", "fieldPath"].map(
      (field) => `regarding.${field}`,
    ),
    ...["reason", "reportingController", "type"],
  ],
  Pod: [
    ...["spec.nodeName", "spec.restartPolicy", "spec.schedulerName", "spec.serviceAccountName", "spec.hostNetwork"],
    ...["status.phase", "status.podIP", "status.podIPs", "status.nominatedNodeName"],
  ],
  Node: ["spec.unschedulable"],
  Service: ["spec.clusterIP", "spec.type"],
  Job: ["status.successful"],
};

export const builtInResources: readonly Resource[] = kindsServed
  .filter(({ verbs }) => verbs.includes("watch"))
  .map(builtInResource);

export function builtInResource(each: BuiltInKind): Resource {
  return {
    group: each.group,
    version: each.version,
    kind: each.kind,
    plural: each.plural,
    singular: each.singular,
    shortNames: each.shortNames,
    categories: each.categories,
    namespaced: each.namespaced,
    verbs: each.verbs,
    subresources: each.subresources,
    ...(each.hash === undefined ? {} : { hash: each.hash }),
    definition: each.definition,
    schema: schemaOf(each.definition),
    hasStatus: each.subresources.some(({ subresource }) => subresource === "status"),
    isCustom: false,
    hasGeneration: withGeneration.has(each.kind),
    columns: each.columns.map(([name, type, format, priority, text]) => ({
      ...{ name, type, format, priority, description: builtInKinds.texts[text] ?? "" },
    })),
    selectableFields: selectable[each.group === "events.k8s.io" ? "events.k8s.io" : each.kind] ?? [],
  };
}
