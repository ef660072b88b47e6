/** The built-in resources of this API server. */
import { builtInSchemas } from "./builtInSchemas.ts";
import type { Column, Resource } from "./resource.ts";

const age: Column = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" };

function builtIn(
  [group, version]: readonly [string, string],
  [kind, plural, ...shortNames]: readonly [string, string, ...string[]],
  rest: Pick<Resource, "schema"> & Partial<Resource>,
): Resource {
  return {
    group,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames,
    namespaced: true,
    hasStatus: false,
    isCustom: false,
    hasGeneration: false,
    columns: [age],
    selectableFields: [],
    ...rest,
  };
}

function column(name: string, jsonPath: string, type = "string"): Column {
  return { name, type, jsonPath };
}

const core = ["", "v1"] as const;
const apps = ["apps", "v1"] as const;

const idle = [
  builtIn(apps, ["StatefulSet", "statefulsets", "sts"], { schema: builtInSchemas.idle, hasStatus: true }),
  builtIn(apps, ["DaemonSet", "daemonsets", "ds"], { schema: builtInSchemas.idle, hasStatus: true }),
  builtIn(["batch", "v1"], ["CronJob", "cronjobs", "cj"], { schema: builtInSchemas.idle, hasStatus: true }),
  builtIn(core, ["PersistentVolumeClaim", "persistentvolumeclaims", "pvc"], {
    schema: builtInSchemas.idle,
    hasStatus: true,
  }),
];

export const builtInResources: readonly Resource[] = [
  builtIn(core, ["Namespace", "namespaces", "ns"], {
    schema: builtInSchemas.namespace,
    namespaced: false,
    hasStatus: true,
    columns: [column("Status", ".status.phase"), age],
    selectableFields: ["status.phase"],
  }),
  builtIn(core, ["ServiceAccount", "serviceaccounts", "sa"], { schema: builtInSchemas.serviceAccount }),
  builtIn(core, ["ConfigMap", "configmaps", "cm"], { schema: builtInSchemas.configMap }),
  builtIn(core, ["Secret", "secrets"], {
    schema: builtInSchemas.secret,
    columns: [column("Type", ".type"), age],
    selectableFields: ["type"],
  }),
  builtIn(core, ["Event", "events", "ev"], {
    schema: builtInSchemas.event,
    columns: [
      column("Last Seen", ".lastTimestamp", "date"),
      column("Type", ".type"),
      column("Reason", ".reason"),
      column("Message", ".message"),
    ],
    selectableFields: [
      "involvedObject.kind",
      "involvedObject.name",
      "involvedObject.namespace",
      "involvedObject.uid",
      "reason",
      "type",
    ],
  }),
  builtIn(core, ["Pod", "pods", "po"], {
    schema: builtInSchemas.pod,
    hasStatus: true,
    columns: [column("Status", ".status.phase"), age],
    selectableFields: [
      "spec.nodeName",
      "spec.restartPolicy",
      "spec.serviceAccountName",
      "status.phase",
      "status.podIP",
    ],
  }),
  builtIn(core, ["ResourceQuota", "resourcequotas", "quota"], {
    schema: builtInSchemas.resourceQuota,
    hasStatus: true,
  }),
  builtIn(["coordination.k8s.io", "v1"], ["Lease", "leases"], {
    schema: builtInSchemas.lease,
    columns: [column("Holder", ".spec.holderIdentity"), age],
  }),
  builtIn(["batch", "v1"], ["Job", "jobs"], {
    schema: builtInSchemas.job,
    hasStatus: true,
    hasGeneration: true,
    columns: [column("Completions", ".status.succeeded", "integer"), age],
    selectableFields: ["status.successful"],
  }),
  builtIn(apps, ["Deployment", "deployments", "deploy"], {
    schema: builtInSchemas.deployment,
    hasStatus: true,
    hasGeneration: true,
    columns: [column("Replicas", ".spec.replicas", "integer"), age],
  }),
  ...idle,
  builtIn(["apiextensions.k8s.io", "v1"], ["CustomResourceDefinition", "customresourcedefinitions", "crd", "crds"], {
    schema: builtInSchemas.customResourceDefinition,
    namespaced: false,
    hasStatus: true,
    hasGeneration: true,
    columns: [column("Created At", ".metadata.creationTimestamp")],
  }),
  builtIn(["admissionregistration.k8s.io", "v1"], ["MutatingWebhookConfiguration", "mutatingwebhookconfigurations"], {
    schema: builtInSchemas.mutatingWebhookConfiguration,
    namespaced: false,
    hasGeneration: true,
  }),
];
