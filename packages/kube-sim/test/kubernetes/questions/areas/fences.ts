/** What stands in the way: quotas, ranges, levels of security, classes; and small kinds of the whole cluster. */
import { type Area, as, cluster, configMap, merge, object, paths, pod, table, template } from "./area.ts";

const { core, apps, of } = paths("fences");
const below = (namespace: string, plural: string) => `/api/v1/namespaces/${namespace}/${plural}`;
const limited = (name: string, resources: object, spec: object = {}) =>
  pod(name, { ...spec, containers: [{ name: "main", image: "a", resources }] });
const secure = {
  securityContext: {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ["ALL"] },
    runAsNonRoot: true,
    seccompProfile: { type: "RuntimeDefault" },
  },
};
const scheduling = cluster("apis/scheduling.k8s.io/v1");
const nodes = "/api/v1/nodes";
const storage = cluster("apis/storage.k8s.io/v1");
const requests = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
const slices = of("apis/discovery.k8s.io/v1")("endpointslices");
const leases = of("apis/coordination.k8s.io/v1")("leases");

export const fences: Area = {
  name: "fences",
  asked: [
    ["a pod that says nothing of its needs", "POST", `${below("area-quota", "pods")}?dryRun=All`, pod("p")],
    [
      "a pod within its quota",
      "POST",
      `${below("area-quota", "pods")}?dryRun=All`,
      limited("p", { requests: { cpu: "1" }, limits: { cpu: "1" } }),
    ],
    [
      "a pod above its quota",
      "POST",
      `${below("area-quota", "pods")}?dryRun=All`,
      limited("p", { requests: { cpu: "3" }, limits: { cpu: "3" } }),
    ],
    [
      "a pod with half of its needs",
      "POST",
      `${below("area-quota", "pods")}?dryRun=All`,
      limited("p", { requests: { cpu: "1" } }),
    ],
    ["a map above its quota", "POST", `${below("area-quota", "configmaps")}?dryRun=All`, configMap("more")],
    ["the quota", "GET", `${below("area-quota", "resourcequotas")}/q/status`, undefined, table],
    ["a restricted pod that is not", "POST", `${below("area-restricted", "pods")}?dryRun=All`, pod("p")],
    [
      "a restricted pod that is",
      "POST",
      `${below("area-restricted", "pods")}?dryRun=All`,
      pod("p", { containers: [{ name: "main", image: "a", ...secure }] }),
    ],
    [
      "a restricted pod that runs as root",
      "POST",
      `${below("area-restricted", "pods")}?dryRun=All`,
      pod("p", { securityContext: { runAsUser: 0 }, containers: [{ name: "main", image: "a", ...secure }] }),
    ],
    [
      "a baseline pod of the host",
      "POST",
      `${below("area-baseline", "pods")}?dryRun=All`,
      pod("p", { hostPID: true, hostIPC: true }),
    ],
    [
      "a baseline pod of paths",
      "POST",
      `${below("area-baseline", "pods")}?dryRun=All`,
      pod("p", { volumes: [{ name: "v", hostPath: { path: "/" } }] }),
    ],
    [
      "a baseline pod of capabilities",
      "POST",
      `${below("area-baseline", "pods")}?dryRun=All`,
      pod("p", {
        containers: [
          {
            name: "main",
            image: "a",
            securityContext: { privileged: true, capabilities: { add: ["NET_ADMIN", "CHOWN"] } },
          },
        ],
      }),
    ],
    [
      "a restricted deployment",
      "POST",
      "/apis/apps/v1/namespaces/area-restricted/deployments?dryRun=All",
      object("apps/v1", "Deployment", "d", { spec: { selector: { matchLabels: { app: "a" } }, template: template() } }),
    ],
    [
      "a guarded map",
      "POST",
      `${below("area-guarded", "configmaps")}?dryRun=All`,
      configMap("g", {}, { labels: { guarded: "1" } }),
    ],
    [
      "a guarded map, generated",
      "POST",
      `${below("area-guarded", "configmaps")}?dryRun=All`,
      { apiVersion: "v1", kind: "ConfigMap", metadata: { generateName: "Area-", labels: { guarded: "1" } } },
    ],
    [
      "a range",
      "POST",
      core("limitranges"),
      object("v1", "LimitRange", "l", {
        spec: {
          limits: [
            { type: "Container", default: { memory: "64Mi" }, min: { memory: "16Mi" }, max: { memory: "128Mi" } },
          ],
        },
      }),
    ],
    ["a pod that gets its limits", "POST", `${core("pods")}?dryRun=All`, pod("p")],
    ["a pod above the range", "POST", `${core("pods")}?dryRun=All`, limited("p", { limits: { memory: "1Gi" } })],
    ["a pod below the range", "POST", `${core("pods")}?dryRun=All`, limited("p", { requests: { memory: "1Mi" } })],
    [
      "a class of priority",
      "POST",
      `${scheduling("priorityclasses")}?dryRun=All`,
      object("scheduling.k8s.io/v1", "PriorityClass", "fences-high", {
        value: 1000,
        globalDefault: false,
        description: "d",
      }),
    ],
    [
      "a class of priority that never preempts wrongly",
      "POST",
      scheduling("priorityclasses"),
      object("scheduling.k8s.io/v1", "PriorityClass", "fences-high", { value: 1000, preemptionPolicy: "Sometimes" }),
    ],
    [
      "the system's class changed",
      "PATCH",
      `${scheduling("priorityclasses")}/system-cluster-critical`,
      { value: 5 },
      merge,
    ],
    ["the system's classes", "GET", scheduling("priorityclasses"), undefined, table],
    [
      "a pod of a class of the system",
      "POST",
      `${core("pods")}?dryRun=All`,
      limited("p", {}, { priorityClassName: "system-node-critical" }),
    ],
    ["a pod of a priority", "POST", `${core("pods")}?dryRun=All`, limited("p", {}, { priority: 7 })],
    [
      "a class of storage without a maker",
      "POST",
      storage("storageclasses"),
      object("storage.k8s.io/v1", "StorageClass", "fences", {}),
    ],
    [
      "a class of storage of an unknown mode",
      "POST",
      storage("storageclasses"),
      object("storage.k8s.io/v1", "StorageClass", "fences", {
        provisioner: "a.example/b",
        volumeBindingMode: "Later",
        reclaimPolicy: "Burn",
      }),
    ],
    [
      "a class of storage by default",
      "POST",
      `${storage("storageclasses")}?dryRun=All`,
      object("storage.k8s.io/v1", "StorageClass", "fences", { provisioner: "a.example/b", allowVolumeExpansion: true }),
    ],
    [
      "a node",
      "POST",
      `${nodes}?dryRun=All`,
      object("v1", "Node", "fences-node", {
        spec: { podCIDR: "10.1.0.0/24", taints: [{ key: "a", effect: "NoSchedule" }] },
      }),
    ],
    ["a node of a bad range", "POST", nodes, object("v1", "Node", "fences-node", { spec: { podCIDR: "10.1.0.0" } })],
    ["nodes by a taint", "GET", `${nodes}?fieldSelector=spec.unschedulable%3Dtrue`],
    [
      "a volume",
      "POST",
      "/api/v1/persistentvolumes?dryRun=All",
      object("v1", "PersistentVolume", "fences-pv", {
        spec: { capacity: { storage: "1Gi" }, accessModes: ["ReadWriteOnce"], hostPath: { path: "/x" } },
      }),
    ],
    [
      "a volume of nothing",
      "POST",
      "/api/v1/persistentvolumes",
      object("v1", "PersistentVolume", "fences-pv", { spec: {} }),
    ],
    [
      "a request for a certificate",
      "POST",
      requests,
      object("certificates.k8s.io/v1", "CertificateSigningRequest", "fences", {
        spec: { request: "AAAA", signerName: "a.example/b", usages: ["client auth"] },
      }),
    ],
    [
      "a request for a certificate of an unknown signer",
      "POST",
      requests,
      object("certificates.k8s.io/v1", "CertificateSigningRequest", "fences", {
        spec: { request: "AAAA", signerName: "nobody", usages: ["magic"] },
      }),
    ],
    [
      "a slice of a bad address",
      "POST",
      slices,
      object("discovery.k8s.io/v1", "EndpointSlice", "e", {
        addressType: "IPv4",
        endpoints: [{ addresses: ["fe80::1"] }],
      }),
    ],
    ["a slice of no type", "POST", slices, object("discovery.k8s.io/v1", "EndpointSlice", "e", { endpoints: [] })],
    [
      "a slice of too many addresses",
      "POST",
      slices,
      object("discovery.k8s.io/v1", "EndpointSlice", "e", {
        addressType: "IPv4",
        endpoints: [{ addresses: Array.from({ length: 101 }, (_, index) => `10.0.0.${index}`) }],
      }),
    ],
    [
      "a lease taken",
      "POST",
      leases,
      object("coordination.k8s.io/v1", "Lease", "l", { spec: { holderIdentity: "a", leaseDurationSeconds: 10 } }),
    ],
    [
      "a lease taken with an old version",
      "PUT",
      `${leases}/l`,
      object("coordination.k8s.io/v1", "Lease", "l", { spec: { holderIdentity: "b" } }, { resourceVersion: "1" }),
    ],
    [
      "a lease made by a put",
      "PUT",
      `${leases}/m`,
      object("coordination.k8s.io/v1", "Lease", "m", { spec: { holderIdentity: "b" } }),
    ],
    [
      "a set by another's name",
      "POST",
      apps("daemonsets"),
      object("apps/v1", "DaemonSet", "Bad_Name", {
        spec: { selector: { matchLabels: { app: "a" } }, template: template() },
      }),
    ],
    [
      "a webhook of the right form",
      "POST",
      "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?dryRun=All",
      object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "fences", {
        webhooks: [
          {
            name: "a.b.example",
            sideEffects: "None",
            admissionReviewVersions: ["v1"],
            clientConfig: { service: { name: "s", namespace: "n" } },
            rules: [{ operations: ["CREATE"], apiGroups: [""], apiVersions: ["v1"], resources: ["pods"] }],
          },
        ],
      }),
    ],
    [
      "an API service of nobody",
      "POST",
      "/apis/apiregistration.k8s.io/v1/apiservices?dryRun=All",
      object("apiregistration.k8s.io/v1", "APIService", "v1.fences.example", {
        spec: {
          group: "fences.example",
          version: "v1",
          groupPriorityMinimum: 10,
          versionPriority: 10,
          insecureSkipTLSVerify: true,
          service: { name: "s", namespace: "n" },
        },
      }),
    ],
    [
      "an API service of a wrong name",
      "POST",
      "/apis/apiregistration.k8s.io/v1/apiservices",
      object("apiregistration.k8s.io/v1", "APIService", "wrong", {
        spec: { group: "fences.example", version: "v1", groupPriorityMinimum: 0, versionPriority: 10 },
      }),
    ],
    [
      "a runtime",
      "POST",
      "/apis/node.k8s.io/v1/runtimeclasses?dryRun=All",
      object("node.k8s.io/v1", "RuntimeClass", "fences", { handler: "Not_Ok" }),
    ],
    [
      "a flow",
      "POST",
      "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas?dryRun=All",
      object("flowcontrol.apiserver.k8s.io/v1", "FlowSchema", "fences", {
        spec: {
          priorityLevelConfiguration: { name: "none" },
          rules: [
            {
              subjects: [{ kind: "User", user: { name: "a" } }],
              nonResourceRules: [{ verbs: ["get"], nonResourceURLs: ["/x"] }],
            },
          ],
        },
      }),
    ],
    ["whatever, by a stranger", "POST", nodes, object("v1", "Node", "x"), as("stranger")],
    ["whatever, by nobody", "GET", nodes, undefined, as("anonymous")],
  ],
};
