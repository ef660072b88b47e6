/**
 * The schemas of the built-in kinds, as far as this project's objects need them: complete at the top level, for metadata,
 * and wherever server-side apply needs to know how to merge a list; open (`open`) below that.
 * kubernetes.io/docs/reference/kubernetes-api lists the fields, with the merge keys as "patch strategy".
 */
import type { Json } from "./json.ts";
import type { Schema } from "./schema.ts";

const text: Schema = { type: "string" };
const number: Schema = { type: "integer" };
const flag: Schema = { type: "boolean" };
const open: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const texts: Schema = { type: "array", items: text, "x-kubernetes-list-type": "atomic" };
const opens: Schema = { type: "array", items: open, "x-kubernetes-list-type": "atomic" };
const strings: Schema = { type: "object", additionalProperties: text };
const atomicStrings: Schema = { ...strings, "x-kubernetes-map-type": "atomic" };

function struct(properties: Record<string, Schema>, required: string[] = []): Schema {
  return { type: "object", properties, required };
}

function listBy(keys: string[], items: Schema): Schema {
  return { type: "array", items, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": keys };
}

function withDefault(schema: Schema, standard: Json): Schema {
  return { ...schema, default: standard };
}

function fields(type: Schema, ...names: string[]): Record<string, Schema> {
  return Object.fromEntries(names.map((name) => [name, type]));
}

const named = struct({ name: text }, ["name"]);
const conditions = listBy(["type"], open);
const labelSelector: Schema = { ...open, "x-kubernetes-map-type": "atomic" };

export const metadataSchema: Schema = struct({
  ...fields(text, "name", "generateName", "namespace", "selfLink", "uid", "resourceVersion"),
  ...fields(text, "creationTimestamp", "deletionTimestamp"),
  ...fields(number, "generation", "deletionGracePeriodSeconds"),
  labels: strings,
  annotations: strings,
  finalizers: { type: "array", items: text, "x-kubernetes-list-type": "set" },
  ownerReferences: listBy(
    ["uid"],
    struct({
      ...fields(text, "apiVersion", "kind", "name", "uid"),
      ...fields(flag, "controller", "blockOwnerDeletion"),
    }),
  ),
  managedFields: opens,
});

/** A kind's schema: its own fields, and those of every object. */
export function objectSchema(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return {
    type: "object",
    required,
    properties: { ...properties, apiVersion: text, kind: text, metadata: metadataSchema },
  };
}

const container = struct(
  {
    ...fields(text, "name", "image", "workingDir", "terminationMessagePath", "terminationMessagePolicy"),
    ...fields(text, "imagePullPolicy", "restartPolicy"),
    ...fields(texts, "command", "args"),
    ...fields(flag, "stdin", "stdinOnce", "tty"),
    ...fields(open, "resources", "livenessProbe", "readinessProbe", "startupProbe", "lifecycle", "securityContext"),
    envFrom: opens,
    resizePolicy: opens,
    env: listBy(["name"], struct({ ...fields(text, "name", "value"), valueFrom: open }, ["name"])),
    ports: listBy(
      ["containerPort", "protocol"],
      struct({
        ...fields(text, "name", "hostIP"),
        ...fields(number, "containerPort", "hostPort"),
        protocol: withDefault(text, "TCP"),
      }),
    ),
    volumeMounts: listBy(
      ["mountPath"],
      struct({
        ...fields(text, "name", "mountPath", "subPath", "subPathExpr", "mountPropagation", "recursiveReadOnly"),
        readOnly: flag,
      }),
    ),
    volumeDevices: listBy(["devicePath"], open),
  },
  ["name"],
);

const podSpec = struct(
  {
    containers: listBy(["name"], container),
    initContainers: listBy(["name"], container),
    ephemeralContainers: listBy(["name"], open),
    volumes: listBy(["name"], open),
    imagePullSecrets: listBy(["name"], named),
    hostAliases: listBy(["ip"], open),
    resourceClaims: listBy(["name"], open),
    schedulingGates: listBy(["name"], named),
    topologySpreadConstraints: listBy(["topologyKey", "whenUnsatisfiable"], open),
    tolerations: opens,
    readinessGates: opens,
    nodeSelector: atomicStrings,
    restartPolicy: withDefault(text, "Always"),
    dnsPolicy: withDefault(text, "ClusterFirst"),
    schedulerName: withDefault(text, "default-scheduler"),
    terminationGracePeriodSeconds: withDefault(number, 30),
    ...fields({ type: "boolean" }, "automountServiceAccountToken"),
    ...fields(text, "serviceAccountName", "serviceAccount", "nodeName", "hostname", "subdomain"),
    ...fields(text, "priorityClassName", "preemptionPolicy", "runtimeClassName"),
    ...fields(number, "activeDeadlineSeconds", "priority"),
    ...fields(flag, "automountServiceAccountToken", "hostNetwork", "hostPID", "hostIPC", "hostUsers"),
    ...fields(flag, "shareProcessNamespace", "enableServiceLinks", "setHostnameAsFQDN"),
    ...fields(open, "securityContext", "affinity", "dnsConfig", "overhead", "os", "resources"),
  },
  ["containers"],
);

const podTemplate = struct({ metadata: metadataSchema, spec: podSpec });

const podStatus = struct({
  ...fields(
    text,
    "phase",
    "message",
    "reason",
    "hostIP",
    "podIP",
    "nominatedNodeName",
    "qosClass",
    "startTime",
    "resize",
  ),
  ...fields(opens, "containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses", "resourceClaimStatuses"),
  observedGeneration: number,
  hostIPs: opens,
  podIPs: listBy(["ip"], open),
  conditions,
});

export const builtInSchemas = {
  namespace: objectSchema({
    spec: struct({ finalizers: texts }),
    status: struct({ phase: text, conditions }),
  }),
  serviceAccount: objectSchema({
    secrets: listBy(["name"], open),
    imagePullSecrets: opens,
    automountServiceAccountToken: flag,
  }),
  configMap: objectSchema({ data: strings, binaryData: strings, immutable: flag }),
  secret: objectSchema({ data: strings, stringData: strings, type: withDefault(text, "Opaque"), immutable: flag }),
  event: objectSchema({
    ...fields(open, "involvedObject", "source", "series", "related"),
    ...fields(text, "reason", "message", "type", "action", "reportingComponent", "reportingInstance"),
    ...fields(text, "firstTimestamp", "lastTimestamp", "eventTime"),
    count: number,
  }),
  lease: objectSchema({
    spec: struct({
      ...fields(text, "holderIdentity", "acquireTime", "renewTime", "strategy", "preferredHolder"),
      ...fields(number, "leaseDurationSeconds", "leaseTransitions"),
    }),
  }),
  pod: objectSchema({ spec: podSpec, status: podStatus }, ["spec"]),
  job: objectSchema(
    {
      spec: struct(
        {
          ...fields(number, "activeDeadlineSeconds", "ttlSecondsAfterFinished", "backoffLimitPerIndex"),
          ...fields(number, "maxFailedIndexes"),
          parallelism: withDefault(number, 1),
          completions: withDefault(number, 1),
          backoffLimit: withDefault(number, 6),
          completionMode: withDefault(text, "NonIndexed"),
          podReplacementPolicy: text,
          managedBy: text,
          manualSelector: flag,
          suspend: withDefault(flag, false),
          selector: labelSelector,
          podFailurePolicy: open,
          successPolicy: open,
          template: podTemplate,
        },
        ["template"],
      ),
      status: struct({
        ...fields(number, "active", "succeeded", "failed", "ready", "terminating"),
        ...fields(text, "startTime", "completionTime", "completedIndexes", "failedIndexes"),
        uncountedTerminatedPods: open,
        conditions,
      }),
    },
    ["spec"],
  ),
  deployment: objectSchema(
    {
      spec: struct(
        {
          ...fields(number, "minReadySeconds", "progressDeadlineSeconds", "revisionHistoryLimit"),
          replicas: withDefault(number, 1),
          selector: labelSelector,
          strategy: open,
          paused: flag,
          template: podTemplate,
        },
        ["selector", "template"],
      ),
      status: struct({
        ...fields(number, "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"),
        ...fields(number, "observedGeneration", "collisionCount", "terminatingReplicas"),
        conditions,
      }),
    },
    ["spec"],
  ),
  /** Kinds that nothing in this world acts on: they can be created and listed, and their fields are not checked. */
  idle: objectSchema({ spec: open, status: open }),
  customResourceDefinition: objectSchema(
    {
      spec: struct(
        {
          group: text,
          scope: { ...text, enum: ["Cluster", "Namespaced"] },
          names: open,
          versions: opens,
          conversion: open,
          preserveUnknownFields: flag,
        },
        ["group", "names", "scope", "versions"],
      ),
      status: struct({ acceptedNames: open, storedVersions: texts, conditions }),
    },
    ["spec"],
  ),
  resourceQuota: objectSchema({
    spec: struct({ hard: open, scopes: texts, scopeSelector: open }),
    status: struct({ hard: open, used: open }),
  }),
  mutatingWebhookConfiguration: objectSchema({ webhooks: listBy(["name"], open) }),
};
