/** Kinds of the whole cluster, as charts and operators make them. */
import { type Area, cluster, json, merge, object, paths, table } from "./area.ts";

const { core, of } = paths("cluster");
const dry = (path: string) => `${path}?dryRun=All`;
const namespaces = "/api/v1/namespaces";
const namespace = (name: string, rest: object = {}, metadata: object = {}) =>
  object("v1", "Namespace", name, rest, metadata);
const storage = cluster("apis/storage.k8s.io/v1");
const classes = (name: string, rest: object) => object("storage.k8s.io/v1", "StorageClass", name, rest);
const priority = cluster("apis/scheduling.k8s.io/v1")("priorityclasses");
const priorityClass = (name: string, rest: object) => object("scheduling.k8s.io/v1", "PriorityClass", name, rest);
const runtimes = cluster("apis/node.k8s.io/v1")("runtimeclasses");
const runtime = (rest: object) => object("node.k8s.io/v1", "RuntimeClass", "area-r", rest);
const volumes = cluster("api/v1")("persistentvolumes");
const volume = (spec: object) => object("v1", "PersistentVolume", "area-v", { spec });
const size = { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/a" } };
const claims = core("persistentvolumeclaims");
const claim = (spec: object, name = "x") =>
  object("v1", "PersistentVolumeClaim", name, {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, ...spec },
  });
const budgets = of("apis/policy/v1")("poddisruptionbudgets");
const budget = (spec: object, name = "x") => object("policy/v1", "PodDisruptionBudget", name, { spec });
const scalers = of("apis/autoscaling/v2")("horizontalpodautoscalers");
const to = { apiVersion: "apps/v1", kind: "Deployment", name: "d" };
const scaler = (spec: object) =>
  object("autoscaling/v2", "HorizontalPodAutoscaler", "x", { spec: { scaleTargetRef: to, maxReplicas: 3, ...spec } });
const ranges = core("limitranges");
const range = (...limits: object[]) => object("v1", "LimitRange", "x", { spec: { limits } });
const hooks = cluster("apis/admissionregistration.k8s.io/v1");
const hook = (kind: string, rest: object) =>
  object("admissionregistration.k8s.io/v1", kind, "area-x", {
    webhooks: [
      {
        name: "a.area.example",
        clientConfig: { url: "https://a.example" },
        sideEffects: "None",
        admissionReviewVersions: ["v1"],
        ...rest,
      },
    ],
  });
const csrs = cluster("apis/certificates.k8s.io/v1")("certificatesigningrequests");
const csr = (spec: object) => object("certificates.k8s.io/v1", "CertificateSigningRequest", "area-x", { spec });
const events = core("events");
const event = (rest: object) =>
  object("v1", "Event", "x", { involvedObject: { kind: "Pod", name: "p", namespace: "area-cluster" }, ...rest });

export const clusterKinds: Area = {
  name: "cluster",
  asked: [
    [
      "a namespace, dryly",
      "POST",
      dry(namespaces),
      namespace("area-n", {}, { labels: { a: "1" }, annotations: { b: "2" } }),
    ],
    ["a namespace of a prefix, bad", "POST", dry(namespaces), namespace("", {}, { generateName: "Area-" })],
    [
      "a namespace with a bad finalizer",
      "POST",
      dry(namespaces),
      namespace("area-n", { spec: { finalizers: ["bad"] } }),
    ],
    ["a namespace with a status", "POST", dry(namespaces), namespace("area-n", { status: { phase: "Terminating" } })],
    [
      "a namespace's own label",
      "PATCH",
      `${namespaces}/area-cluster?dryRun=All`,
      { metadata: { labels: { "kubernetes.io/metadata.name": "other" } } },
      merge,
    ],
    [
      "a namespace's own label away",
      "PATCH",
      `${namespaces}/area-cluster?dryRun=All`,
      { metadata: { labels: { "kubernetes.io/metadata.name": null } } },
      merge,
    ],
    [
      "a namespace's finalizers by a patch",
      "PATCH",
      `${namespaces}/area-cluster?dryRun=All`,
      { spec: { finalizers: [] } },
      merge,
    ],
    [
      "a namespace replaced",
      "PUT",
      `${namespaces}/area-cluster?dryRun=All`,
      namespace("area-cluster", {}, { labels: { r: "1" } }),
    ],
    ["a namespace as a table", "GET", `${namespaces}/area-cluster`, undefined, table],
    [
      "a namespace with a level of security that is none",
      "PATCH",
      `${namespaces}/area-cluster?dryRun=All`,
      { metadata: { labels: { "pod-security.kubernetes.io/warn": "x", "pod-security.kubernetes.io/audit": "y" } } },
      merge,
    ],
    [
      "a namespace with a good level of security",
      "PATCH",
      `${namespaces}/area-cluster?dryRun=All`,
      {
        metadata: {
          labels: {
            "pod-security.kubernetes.io/enforce": "baseline",
            "pod-security.kubernetes.io/enforce-version": "v1.30",
          },
        },
      },
      merge,
    ],
    [
      "a class of storage",
      "POST",
      dry(storage("storageclasses")),
      classes("area-s", {
        provisioner: "a.example/p",
        parameters: { a: "b" },
        mountOptions: ["ro"],
        allowVolumeExpansion: true,
      }),
    ],
    [
      "a class of storage, all wrong",
      "POST",
      dry(storage("storageclasses")),
      classes("area-s", {
        provisioner: "not good",
        reclaimPolicy: "Some",
        volumeBindingMode: "Some",
        parameters: { "": "x" },
      }),
    ],
    [
      "a class of storage of a bad name",
      "POST",
      dry(storage("storageclasses")),
      classes("Bad", { provisioner: "a.example/p" }),
    ],
    [
      "a driver",
      "POST",
      dry(storage("csidrivers")),
      object("storage.k8s.io/v1", "CSIDriver", "area.example", { spec: {} }),
    ],
    [
      "a class of priority",
      "POST",
      priority,
      priorityClass("area-p", { value: -5, description: "low", preemptionPolicy: "Never" }),
    ],
    ["a class of priority's value", "PATCH", `${priority}/area-p`, { value: 6 }, merge],
    [
      "a class of priority's policy",
      "PATCH",
      `${priority}/area-p`,
      { preemptionPolicy: "PreemptLowerPriority" },
      merge,
    ],
    [
      "a class of priority's default",
      "PATCH",
      `${priority}/area-p?dryRun=All`,
      { globalDefault: true, description: "x" },
      merge,
    ],
    [
      "a class of priority of an unknown policy",
      "POST",
      priority,
      priorityClass("area-x", { value: 1, preemptionPolicy: "Some" }),
    ],
    ["a class of priority without a value", "POST", dry(priority), priorityClass("area-x", {})],
    ["a class of priority in words", "POST", priority, priorityClass("area-x", { value: "high" })],
    ["a class of priority deleted", "DELETE", `${priority}/area-p`],
    ["a class of runtime", "POST", dry(runtimes), runtime({ handler: "h", overhead: { podFixed: { cpu: "10m" } } })],
    ["a class of runtime without a handler", "POST", dry(runtimes), runtime({})],
    [
      "a class of runtime with a bad handler",
      "POST",
      dry(runtimes),
      runtime({ handler: "Bad_H", scheduling: { nodeSelector: { "a b": "c" } } }),
    ],
    ["a volume", "POST", dry(volumes), volume(size)],
    ["a volume of nothing", "POST", dry(volumes), volume({})],
    ["a volume of two kinds", "POST", dry(volumes), volume({ ...size, nfs: { server: "a", path: "/" } })],
    ["a volume of no size", "POST", dry(volumes), volume({ ...size, capacity: { cpu: "1" }, accessModes: ["Some"] })],
    [
      "a volume of unknown policies",
      "POST",
      dry(volumes),
      volume({ ...size, persistentVolumeReclaimPolicy: "Some", volumeMode: "Some" }),
    ],
    ["a claim of a class", "POST", dry(claims), claim({ storageClassName: "Bad_Name", accessModes: ["Some"] })],
    ["a claim of a negative size", "POST", dry(claims), claim({ resources: { requests: { storage: "-1" } } })],
    ["a claim from what is unknown", "POST", dry(claims), claim({ dataSource: { kind: "Pod", name: "p" } })],
    ["a claim of an unknown mode", "POST", dry(claims), claim({ volumeMode: "Some" })],
    ["a claim once and many times", "POST", dry(claims), claim({ accessModes: ["ReadWriteOncePod", "ReadWriteMany"] })],
    ["a claim", "POST", claims, claim({}, "a")],
    ["a claim's size", "PATCH", `${claims}/a`, { spec: { resources: { requests: { storage: "2Gi" } } } }, merge],
    ["a claim's class", "PATCH", `${claims}/a`, { spec: { storageClassName: "other" } }, merge],
    ["a claim as a table", "GET", `${claims}/a`, undefined, table],
    ["a budget", "POST", dry(budgets), budget({ maxUnavailable: "25%", selector: { matchLabels: { a: "b" } } })],
    [
      "a budget of bad amounts",
      "POST",
      dry(budgets),
      budget({ minAvailable: -1, selector: { matchExpressions: [{ key: "a", operator: "Some" }] } }),
    ],
    ["a budget of words", "POST", dry(budgets), budget({ maxUnavailable: "some", unhealthyPodEvictionPolicy: "Some" })],
    ["a budget of nothing", "POST", dry(budgets), budget({})],
    ["a scaler", "POST", dry(scalers), scaler({})],
    [
      "a scaler by a metric",
      "POST",
      dry(scalers),
      scaler({
        metrics: [
          { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "100Mi" } } },
        ],
      }),
    ],
    [
      "a scaler by a metric without a target",
      "POST",
      dry(scalers),
      scaler({ metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization" } } }] }),
    ],
    ["a scaler by an unknown metric", "POST", dry(scalers), scaler({ metrics: [{ type: "Some" }] })],
    ["a scaler of more than the most", "POST", dry(scalers), scaler({ minReplicas: 5, maxReplicas: 2 })],
    ["a scaler of less than nothing", "POST", dry(scalers), scaler({ minReplicas: -1, maxReplicas: -1 })],
    ["a scaler to nobody", "POST", dry(scalers), scaler({ scaleTargetRef: {} })],
    [
      "a scaler's behaviour",
      "POST",
      dry(scalers),
      scaler({ behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }),
    ],
    ["limits of nothing", "POST", dry(ranges), range({ type: "Container" })],
    ["limits without a type", "POST", dry(ranges), range({ max: { cpu: "1" } })],
    ["limits of claims without any", "POST", dry(ranges), range({ type: "PersistentVolumeClaim" })],
    [
      "limits with a ratio below one",
      "POST",
      dry(ranges),
      range({ type: "Container", maxLimitRequestRatio: { cpu: "500m" } }),
    ],
    [
      "limits with a bad ratio",
      "POST",
      dry(ranges),
      range({ type: "Container", min: { cpu: "1" }, max: { cpu: "2" }, maxLimitRequestRatio: { cpu: "5" } }),
    ],
    [
      "limits of something unknown",
      "POST",
      dry(ranges),
      range({ type: "Container", max: { wishes: "1" }, min: { cpu: "2", memory: "2Gi" }, default: { cpu: "1" } }),
    ],
    [
      "a webhook",
      "POST",
      dry(hooks("mutatingwebhookconfigurations")),
      hook("MutatingWebhookConfiguration", {
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
      }),
    ],
    [
      "a webhook, all wrong",
      "POST",
      dry(hooks("validatingwebhookconfigurations")),
      hook("ValidatingWebhookConfiguration", {
        name: "bad",
        sideEffects: "Some",
        failurePolicy: "Some",
        timeoutSeconds: 31,
        admissionReviewVersions: [],
      }),
    ],
    [
      "a webhook of both ways",
      "POST",
      dry(hooks("validatingwebhookconfigurations")),
      hook("ValidatingWebhookConfiguration", {
        clientConfig: { url: "https://a.example", service: { namespace: "a", name: "b" } },
      }),
    ],
    [
      "a webhook of a service",
      "POST",
      dry(hooks("validatingwebhookconfigurations")),
      hook("ValidatingWebhookConfiguration", {
        clientConfig: { service: { namespace: "a", name: "b", path: "x", port: 0 } },
      }),
    ],
    [
      "a webhook with a bad rule",
      "POST",
      dry(hooks("validatingwebhookconfigurations")),
      hook("ValidatingWebhookConfiguration", {
        rules: [{ apiGroups: [], apiVersions: [], operations: ["SOME"], resources: ["*", "pods"] }],
      }),
    ],
    [
      "a policy's binding without a policy",
      "POST",
      dry(hooks("validatingadmissionpolicybindings")),
      object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "area-x", { spec: {} }),
    ],
    [
      "a policy's binding of unknown actions",
      "POST",
      dry(hooks("validatingadmissionpolicybindings")),
      object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "area-x", {
        spec: { policyName: "p", validationActions: ["Some"] },
      }),
    ],
    [
      "a policy's binding that denies and warns",
      "POST",
      dry(hooks("validatingadmissionpolicybindings")),
      object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "area-x", {
        spec: { policyName: "p", validationActions: ["Deny", "Warn"] },
      }),
    ],
    ["a signing request without a signer", "POST", dry(csrs), csr({ request: "eA==", usages: ["client auth"] })],
    [
      "a signing request of unknown usages",
      "POST",
      dry(csrs),
      csr({ request: "eA==", signerName: "bad", usages: ["some"] }),
    ],
    ["an event without a reason", "POST", dry(events), event({})],
    ["an event of an unknown type", "POST", dry(events), event({ reason: "R", type: "Some", message: "m" })],
    [
      "an event in the new way, through the old",
      "POST",
      dry(events),
      event({ eventTime: "2026-01-01T00:00:00.000000Z", reason: "R", type: "Normal" }),
    ],
    [
      "an event",
      "POST",
      events,
      event({ reason: "R", type: "Normal", message: "m", count: 1, firstTimestamp: "2026-01-01T00:00:00Z" }),
    ],
    ["an event counted", "PATCH", `${events}/x`, [{ op: "replace", path: "/count", value: 2 }], json],
    ["an event as a table", "GET", `${events}/x`, undefined, table],
    [
      "a node of a bad taint",
      "POST",
      dry("/api/v1/nodes"),
      object("v1", "Node", "area-n", {
        spec: {
          taints: [
            { key: "a b", effect: "Some" },
            { key: "c", effect: "NoSchedule" },
            { key: "c", effect: "NoSchedule" },
          ],
        },
      }),
    ],
    ["a node's block changed", "PATCH", "/api/v1/nodes/none", { spec: { podCIDR: "10.0.0.0/24" } }, merge],
    [
      "a flow's schema",
      "POST",
      dry("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"),
      object("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "area-f", {
        spec: { priorityLevelConfiguration: { name: "global-default" } },
      }),
    ],
    [
      "a flow's schema of nothing",
      "POST",
      dry("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas"),
      object("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "area-f", { spec: { matchingPrecedence: 20_000 } }),
    ],
    [
      "a service of another API",
      "POST",
      dry("/apis/apiregistration.k8s.io/v1/apiservices"),
      object("apiregistration.k8s.io/v1", "APIService", "v1.area.example", {
        spec: { group: "area.example", version: "v1", groupPriorityMinimum: 0, versionPriority: 0 },
      }),
    ],
  ],
};
