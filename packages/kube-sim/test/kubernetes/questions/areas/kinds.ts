/** Other kinds, as charts and people make them. */
import { type Area, accept, apply, merge, paths, statefulSet } from "./area.ts";

const { core, apps, network, of } = paths("kinds");
const object = (apiVersion: string, kind: string, name: string, rest: object, metadata: object = {}) => ({
  ...{ apiVersion, kind, metadata: { name, ...metadata } },
  ...rest,
});
const service = (name: string, spec: object) => object("v1", "Service", name, { spec });
const policy = (name: string, spec: object) => object("networking.k8s.io/v1", "NetworkPolicy", name, { spec });
const ingress = (name: string, spec: object) => object("networking.k8s.io/v1", "Ingress", name, { spec });
const template = (labels: object, spec: object = {}) => ({
  metadata: { labels },
  spec: { containers: [{ name: "c", image: "i" }], ...spec },
});
const workload = (kind: string, name: string, spec: object) => object("apps/v1", kind, name, { spec });
const backend = { service: { name: "s", port: { number: 80 } } };
const definition = (plural: string, spec: object, name = `${plural}.area.example`) =>
  object("apiextensions.k8s.io/v1", "CustomResourceDefinition", name, {
    spec: {
      ...{ group: "area.example", scope: "Namespaced", names: { plural, kind: "Thing" } },
      versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
      ...spec,
    },
  });
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const csr = (spec: object) => object("certificates.k8s.io/v1", "CertificateSigningRequest", "area-x", { spec });
const table = accept("application/json;as=Table;v=v1;g=meta.k8s.io");

export const otherKinds: Area = {
  name: "kinds",
  asked: [
    [
      "service: headless",
      "POST",
      core("services"),
      service("a", { clusterIP: "None", selector: { app: "a" }, ports: [{ port: 80 }] }),
    ],
    ["service: without ports", "POST", core("services"), service("x", { selector: { app: "a" } })],
    [
      "service: of an external name",
      "POST",
      core("services"),
      service("ext", { type: "ExternalName", externalName: "a.example" }),
    ],
    ["service: an unknown type", "POST", core("services"), service("x", { type: "Other", ports: [{ port: 80 }] })],
    ["service: a bad port", "POST", core("services"), service("x", { ports: [{ port: 0 }] })],
    [
      "service: two ports without names",
      "POST",
      core("services"),
      service("x", { ports: [{ port: 80 }, { port: 81 }] }),
    ],
    [
      "service: a name that begins with a digit",
      "POST",
      core("services"),
      service("1a", { clusterIP: "None", ports: [{ port: 80 }] }),
    ],
    ["service: another address", "PATCH", core("services/a"), { spec: { clusterIP: "10.0.0.9" } }, merge],
    ["service: as a table", "GET", core("services/a"), undefined, table],
    [
      "network policy: all closed",
      "POST",
      network("networkpolicies"),
      policy("a", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }),
    ],
    [
      "network policy: a type left out",
      "POST",
      network("networkpolicies"),
      policy("b", {
        podSelector: { matchLabels: { a: "b" } },
        egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }], ports: [{ port: 443 }] }],
      }),
    ],
    [
      "network policy: a bad block",
      "POST",
      network("networkpolicies"),
      policy("x", { podSelector: {}, egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0" } }] }] }),
    ],
    [
      "network policy: an exception outside",
      "POST",
      network("networkpolicies"),
      policy("x", {
        podSelector: {},
        egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] } }] }],
      }),
    ],
    [
      "network policy: an unknown type",
      "POST",
      network("networkpolicies"),
      policy("x", { podSelector: {}, policyTypes: ["Both"] }),
    ],
    [
      "network policy: a bad port",
      "POST",
      network("networkpolicies"),
      policy("x", { podSelector: {}, ingress: [{ ports: [{ port: 99999 }] }] }),
    ],
    [
      "network policy: a peer of nothing",
      "POST",
      network("networkpolicies"),
      policy("x", { podSelector: {}, ingress: [{ from: [{}] }] }),
    ],
    ["network policy: as a table", "GET", network("networkpolicies/a"), undefined, table],
    [
      "ingress",
      "POST",
      network("ingresses"),
      ingress("a", { rules: [{ host: "a.example", http: { paths: [{ path: "/", pathType: "Prefix", backend }] } }] }),
    ],
    ["ingress: of nothing", "POST", network("ingresses"), ingress("x", {})],
    [
      "ingress: a path without a type",
      "POST",
      network("ingresses"),
      ingress("x", { rules: [{ http: { paths: [{ path: "/", backend }] } }] }),
    ],
    ["ingress: a bad host", "POST", network("ingresses"), ingress("x", { rules: [{ host: "A_b" }] })],
    ["ingress: as a table", "GET", network("ingresses/a"), undefined, table],
    [
      "deployment: for nobody's pods",
      "POST",
      apps("deployments"),
      workload("Deployment", "x", { selector: { matchLabels: { a: "1" } }, template: template({ a: "2" }) }),
    ],
    [
      "deployment: without a selector",
      "POST",
      apps("deployments"),
      workload("Deployment", "x", { template: template({ a: "1" }) }),
    ],
    [
      "deployment: an empty selector",
      "POST",
      apps("deployments"),
      workload("Deployment", "x", { selector: {}, template: template({ a: "1" }) }),
    ],
    [
      "deployment: pods that end",
      "POST",
      apps("deployments"),
      workload("Deployment", "x", {
        selector: { matchLabels: { a: "1" } },
        template: template({ a: "1" }, { restartPolicy: "Never" }),
      }),
    ],
    [
      "deployment: an unknown strategy",
      "POST",
      apps("deployments"),
      workload("Deployment", "x", {
        strategy: { type: "Other" },
        selector: { matchLabels: { a: "1" } },
        template: template({ a: "1" }),
      }),
    ],
    [
      "deployment: rolling and recreating",
      "POST",
      apps("deployments"),
      workload("Deployment", "x", {
        strategy: { type: "Recreate", rollingUpdate: { maxSurge: 1 } },
        selector: { matchLabels: { a: "1" } },
        template: template({ a: "1" }),
      }),
    ],
    [
      "deployment: paused, dryly",
      "POST",
      `${apps("deployments")}?dryRun=All`,
      workload("Deployment", "a", {
        paused: true,
        replicas: 0,
        selector: { matchLabels: { a: "1" } },
        template: template({ a: "1" }),
      }),
    ],
    ["deployment: nothing at all", "POST", apps("deployments"), workload("Deployment", "x", {})],
    [
      "daemon set",
      "POST",
      apps("daemonsets"),
      workload("DaemonSet", "a", { selector: { matchLabels: { a: "1" } }, template: template({ a: "1" }) }),
    ],
    [
      "daemon set: another selector",
      "PATCH",
      apps("daemonsets/a"),
      { spec: { selector: { matchLabels: { a: "2" } } } },
      merge,
    ],
    ["daemon set: as a table", "GET", apps("daemonsets/a"), undefined, table],
    [
      "stateful set: with claims",
      "POST",
      apps("statefulsets"),
      statefulSet("a", {
        volumeClaimTemplates: [
          {
            metadata: { name: "data" },
            spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
          },
        ],
      }),
    ],
    ["stateful set: other claims", "PATCH", apps("statefulsets/a"), { spec: { volumeClaimTemplates: [] } }, merge],
    ["stateful set: as a table", "GET", apps("statefulsets/a"), undefined, table],
    [
      "claim",
      "POST",
      core("persistentvolumeclaims"),
      object("v1", "PersistentVolumeClaim", "a", {
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      }),
    ],
    [
      "claim: of no mode",
      "POST",
      core("persistentvolumeclaims"),
      object("v1", "PersistentVolumeClaim", "x", { spec: { resources: { requests: { storage: "1Gi" } } } }),
    ],
    [
      "claim: of no size",
      "POST",
      core("persistentvolumeclaims"),
      object("v1", "PersistentVolumeClaim", "x", { spec: { accessModes: ["ReadWriteOnce"] } }),
    ],
    [
      "claim: smaller",
      "PATCH",
      core("persistentvolumeclaims/a"),
      { spec: { resources: { requests: { storage: "1Mi" } } } },
      merge,
    ],
    [
      "disruption budget",
      "POST",
      of("apis/policy/v1")("poddisruptionbudgets"),
      object("policy/v1", "PodDisruptionBudget", "a", {
        spec: { minAvailable: 1, selector: { matchLabels: { a: "1" } } },
      }),
    ],
    [
      "disruption budget: of both",
      "POST",
      of("apis/policy/v1")("poddisruptionbudgets"),
      object("policy/v1", "PodDisruptionBudget", "x", { spec: { minAvailable: 1, maxUnavailable: 1 } }),
    ],
    [
      "disruption budget: of too much",
      "POST",
      of("apis/policy/v1")("poddisruptionbudgets"),
      object("policy/v1", "PodDisruptionBudget", "x", { spec: { minAvailable: "200%" } }),
    ],
    [
      "autoscaler",
      "POST",
      of("apis/autoscaling/v2")("horizontalpodautoscalers"),
      object("autoscaling/v2", "HorizontalPodAutoscaler", "a", {
        spec: { maxReplicas: 3, scaleTargetRef: { kind: "Deployment", name: "a", apiVersion: "apps/v1" } },
      }),
    ],
    ["autoscaler: the old version", "GET", of("apis/autoscaling/v1")("horizontalpodautoscalers/a")],
    [
      "autoscaler: to nothing",
      "POST",
      of("apis/autoscaling/v2")("horizontalpodautoscalers"),
      object("autoscaling/v2", "HorizontalPodAutoscaler", "x", {
        spec: { maxReplicas: 0, scaleTargetRef: { kind: "Deployment", name: "a" } },
      }),
    ],
    [
      "endpoints",
      "POST",
      core("endpoints"),
      object("v1", "Endpoints", "a", { subsets: [{ addresses: [{ ip: "10.1.1.1" }], ports: [{ port: 80 }] }] }),
    ],
    [
      "endpoints: no address",
      "POST",
      core("endpoints"),
      object("v1", "Endpoints", "x", { subsets: [{ addresses: [{ ip: "here" }], ports: [{ port: 80 }] }] }),
    ],
    [
      "slice",
      "POST",
      of("apis/discovery.k8s.io/v1")("endpointslices"),
      object("discovery.k8s.io/v1", "EndpointSlice", "a", {
        addressType: "IPv4",
        endpoints: [{ addresses: ["10.1.1.1"] }],
        ports: [],
      }),
    ],
    [
      "event",
      "POST",
      core("events"),
      object("v1", "Event", "a", {
        involvedObject: { kind: "Pod", name: "p", namespace: "area-kinds" },
        reason: "R",
        message: "m",
        type: "Normal",
      }),
    ],
    [
      "event: of another namespace",
      "POST",
      core("events"),
      object("v1", "Event", "x", { involvedObject: { kind: "Pod", name: "p", namespace: "default" } }),
    ],
    ["event: by its other group", "GET", of("apis/events.k8s.io/v1")("events/a")],
    [
      "event: new form, not enough",
      "POST",
      of("apis/events.k8s.io/v1")("events"),
      object("events.k8s.io/v1", "Event", "x", { regarding: { namespace: "area-kinds" } }),
    ],
    [
      "lease",
      "POST",
      of("apis/coordination.k8s.io/v1")("leases"),
      object("coordination.k8s.io/v1", "Lease", "a", { spec: { leaseDurationSeconds: 0 } }),
    ],
    [
      "lease: a time of its own form",
      "POST",
      of("apis/coordination.k8s.io/v1")("leases"),
      object("coordination.k8s.io/v1", "Lease", "b", {
        spec: { holderIdentity: "x", leaseDurationSeconds: 5, renewTime: "2026-01-01T00:00:00.000000Z" },
      }),
    ],
    [
      "lease: a bad time",
      "POST",
      of("apis/coordination.k8s.io/v1")("leases"),
      object("coordination.k8s.io/v1", "Lease", "x", { spec: { renewTime: "now" } }),
    ],
    [
      "priority class",
      "POST",
      "/apis/scheduling.k8s.io/v1/priorityclasses",
      object("scheduling.k8s.io/v1", "PriorityClass", "area-a", { value: 100 }),
    ],
    [
      "priority class: of the system's name",
      "POST",
      "/apis/scheduling.k8s.io/v1/priorityclasses",
      object("scheduling.k8s.io/v1", "PriorityClass", "system-x", { value: 100 }),
    ],
    [
      "priority class: too high",
      "POST",
      "/apis/scheduling.k8s.io/v1/priorityclasses",
      object("scheduling.k8s.io/v1", "PriorityClass", "area-x", { value: 2_000_000_000 }),
    ],
    ["priority class: as a table", "GET", "/apis/scheduling.k8s.io/v1/priorityclasses/area-a", undefined, table],
    [
      "storage class",
      "POST",
      "/apis/storage.k8s.io/v1/storageclasses",
      object("storage.k8s.io/v1", "StorageClass", "area-a", { provisioner: "x.example/p" }),
    ],
    [
      "storage class: of nobody",
      "POST",
      "/apis/storage.k8s.io/v1/storageclasses",
      object("storage.k8s.io/v1", "StorageClass", "area-x", {}),
    ],
    ["node", "POST", "/api/v1/nodes?dryRun=All", object("v1", "Node", "area-a", {})],
    ["node: a bad block", "POST", "/api/v1/nodes", object("v1", "Node", "area-x", { spec: { podCIDR: "x" } })],
    [
      "account: with an old secret",
      "POST",
      core("serviceaccounts"),
      object("v1", "ServiceAccount", "a", { secrets: [{ name: "s" }], imagePullSecrets: [{ name: "p" }] }),
    ],
    ["component statuses", "GET", "/api/v1/componentstatuses/none"],
    ["signing request: of nothing", "POST", "/apis/certificates.k8s.io/v1/certificatesigningrequests", csr({})],
    [
      "signing request: no request",
      "POST",
      "/apis/certificates.k8s.io/v1/certificatesigningrequests",
      csr({ request: "eA==", signerName: "a.example/b", usages: ["client auth"] }),
    ],
    [
      "signing request: that is not there",
      "GET",
      "/apis/certificates.k8s.io/v1/certificatesigningrequests/none/approval",
    ],
    [
      "webhook: in clear text",
      "POST",
      "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
      object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "area-x", {
        webhooks: [
          {
            name: "a.area.example",
            clientConfig: { url: "http://a.example" },
            sideEffects: "None",
            admissionReviewVersions: ["v1"],
          },
        ],
      }),
    ],
    [
      "webhook: without what it does",
      "POST",
      "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
      object("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration", "area-x", {
        webhooks: [{ name: "short", clientConfig: {} }],
      }),
    ],
    [
      "policy: of a broken expression",
      "POST",
      "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
      object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "area-x", {
        spec: {
          matchConstraints: {
            resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
          },
          validations: [{ expression: "object.(" }],
        },
      }),
    ],
    [
      "policy: of nothing",
      "POST",
      "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
      object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", "area-x", {}),
    ],
    ["definition: by another name", "POST", definitions, definition("things", {}, "other.area.example")],
    [
      "definition: without a schema",
      "POST",
      definitions,
      definition("things", { versions: [{ name: "v1", served: true, storage: true }] }),
    ],
    [
      "definition: stored twice",
      "POST",
      definitions,
      definition("things", {
        versions: [1, 2].map((n) => ({
          name: `v${n}`,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object" } },
        })),
      }),
    ],
    ["definition: of an unknown scope", "POST", definitions, definition("things", { scope: "World" })],
    [
      "definition: of nothing",
      "POST",
      definitions,
      object("apiextensions.k8s.io/v1", "CustomResourceDefinition", "things.area.example", {}),
    ],
    ["definition: dryly", "POST", `${definitions}?dryRun=All`, definition("things", {})],
    [
      "definition: of a protected group",
      "POST",
      definitions,
      { ...definition("things", { group: "x.k8s.io" }, "things.x.k8s.io") },
    ],
    [
      "applied: a service",
      "PATCH",
      `${core("services/a")}?fieldManager=m`,
      service("a", { clusterIP: "None", selector: { app: "a" }, ports: [{ port: 80, name: "http" }] }),
      apply,
    ],
    [
      "applied: a network policy",
      "PATCH",
      `${network("networkpolicies/a")}?fieldManager=m`,
      policy("a", { podSelector: {}, policyTypes: ["Ingress"] }),
      apply,
    ],
    [
      "replaced: an ingress by YAML",
      "PUT",
      network("ingresses/a"),
      "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: a}\nspec: {defaultBackend: {service: {name: s, port: {name: http}}}}\n",
      { headers: { "content-type": "application/yaml" } },
    ],
  ],
};
