/** What a namespace is bounded by: quotas, ranges, network policies, services; and admission policies. */
import { type Area, merge, object, paths, table } from "./area.ts";

const { core, network } = paths("bounds");
const quotas = core("resourcequotas");
const ranges = core("limitranges");
const services = core("services");
const quota = (name: string, spec: object) => object("v1", "ResourceQuota", name, { spec });
const range = (name: string, ...limits: readonly object[]) => object("v1", "LimitRange", name, { spec: { limits } });
const policy = (name: string, spec: object) => object("networking.k8s.io/v1", "NetworkPolicy", name, { spec });
const service = (name: string, spec: object) => object("v1", "Service", name, { spec });
const ingress = (name: string, spec: object) => object("networking.k8s.io/v1", "Ingress", name, { spec });
const registration = "/apis/admissionregistration.k8s.io/v1";
const admission = (name: string, spec: object) =>
  object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicy", name, { spec });
const onMaps = {
  resourceRules: [{ apiGroups: [""], apiVersions: ["v1"], resources: ["configmaps"], operations: ["CREATE"] }],
};

export const bounds: Area = {
  name: "bounds",
  asked: [
    [
      "a quota",
      "POST",
      quotas,
      quota("q", {
        hard: { pods: "10", "requests.memory": "1024Mi", "count/configmaps": "20", "limits.cpu": "1500m" },
      }),
    ],
    ["a quota of a bad name", "POST", quotas, quota("r", { hard: { bananas: "1" } })],
    ["a quota of a fraction of pods", "POST", quotas, quota("r", { hard: { pods: "1.5" } })],
    ["a quota that is negative", "POST", quotas, quota("r", { hard: { pods: "-1" } })],
    ["a quota of no quantity", "POST", quotas, quota("r", { hard: { pods: "many" } })],
    ["a quota of a number", "POST", `${quotas}?dryRun=All`, quota("r", { hard: { pods: 4 } })],
    [
      "a quota of scopes that exclude each other",
      "POST",
      quotas,
      quota("r", { hard: { pods: "1" }, scopes: ["BestEffort", "NotBestEffort"] }),
    ],
    [
      "a quota of a scope without its resources",
      "POST",
      quotas,
      quota("r", { hard: { "requests.cpu": "1" }, scopes: ["BestEffort"] }),
    ],
    [
      "a quota of a selector",
      "POST",
      quotas,
      quota("r", {
        hard: { pods: "1" },
        scopeSelector: { matchExpressions: [{ scopeName: "PriorityClass", operator: "In" }] },
      }),
    ],
    ["a quota's scope, changed", "PATCH", `${quotas}/q`, { spec: { scopes: ["Terminating"] } }, merge],
    ["a quota's status", "PATCH", `${quotas}/q/status?dryRun=All`, { status: { used: { pods: "x" } } }, merge],
    ["quotas as a table", "GET", quotas, undefined, table],
    [
      "a range",
      "POST",
      ranges,
      range("l", { type: "Container", default: { cpu: "500m" }, defaultRequest: { cpu: "100m" }, max: { cpu: "1" } }),
    ],
    [
      "a range of a default above its most",
      "POST",
      ranges,
      range("m", { type: "Container", default: { cpu: "2" }, max: { cpu: "1" } }),
    ],
    [
      "a range of a least above its most",
      "POST",
      ranges,
      range("m", { type: "Pod", min: { cpu: "2" }, max: { cpu: "1" } }),
    ],
    ["a range of pods with defaults", "POST", ranges, range("m", { type: "Pod", default: { cpu: "1" } })],
    ["a range of an unknown type", "POST", ranges, range("m", { type: "Ship", max: { cpu: "1" } })],
    [
      "a range twice",
      "POST",
      ranges,
      range("m", { type: "Pod", max: { cpu: "1" } }, { type: "Pod", max: { cpu: "2" } }),
    ],
    ["a range of a ratio", "POST", ranges, range("m", { type: "Container", maxLimitRequestRatio: { cpu: "0.5" } })],
    ["a range of claims", "POST", ranges, range("m", { type: "PersistentVolumeClaim" })],
    [
      "a network policy",
      "POST",
      network("networkpolicies"),
      policy("n", {
        podSelector: {},
        policyTypes: ["Egress"],
        egress: [
          {
            to: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }],
            ports: [{ port: 443 }, { port: 1000, endPort: 2000 }],
          },
        ],
      }),
    ],
    [
      "a network policy of everything",
      "POST",
      network("networkpolicies"),
      policy("o", { podSelector: {}, ingress: [{}] }),
    ],
    [
      "a network policy of nothing",
      "POST",
      network("networkpolicies"),
      object("networking.k8s.io/v1", "NetworkPolicy", "p"),
    ],
    [
      "a network policy of a bad block",
      "POST",
      network("networkpolicies"),
      policy("p", {
        podSelector: {},
        ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.1/8", except: ["11.0.0.0/8"] } }] }],
      }),
    ],
    [
      "a network policy of a block and pods",
      "POST",
      network("networkpolicies"),
      policy("p", { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }] }] }),
    ],
    [
      "a network policy of a bad port",
      "POST",
      network("networkpolicies"),
      policy("p", {
        podSelector: {},
        ingress: [
          {
            ports: [
              { port: "Bad_Port", endPort: 3 },
              { port: 5, endPort: 4, protocol: "X" },
            ],
          },
        ],
      }),
    ],
    [
      "a network policy of an unknown type",
      "POST",
      network("networkpolicies"),
      policy("p", { podSelector: {}, policyTypes: ["Sideways"] }),
    ],
    [
      "a network policy of a bad selector",
      "POST",
      network("networkpolicies"),
      policy("p", { podSelector: { matchExpressions: [{ key: "a", operator: "Exists", values: ["b"] }] } }),
    ],
    ["network policies as a table", "GET", network("networkpolicies"), undefined, table],
    ["a service without ports", "POST", services, service("s", {})],
    ["a service without a head", "POST", services, service("s", { clusterIP: "None", selector: { a: "b" } })],
    [
      "a service of a bad port",
      "POST",
      services,
      service("t", { ports: [{ port: 0 }, { port: 80, targetPort: "too_long_a_name_for_a_port" }] }),
    ],
    [
      "a service of two ports without names",
      "POST",
      services,
      service("t", { clusterIP: "None", ports: [{ port: 1 }, { port: 2 }] }),
    ],
    ["a service of another name", "POST", services, service("t", { type: "ExternalName", externalName: "Not A Name" })],
    [
      "a service of another name that is one",
      "POST",
      services,
      service("ext", { type: "ExternalName", externalName: "db.example.com" }),
    ],
    ["a service of an unknown type", "POST", services, service("t", { type: "Magic", ports: [{ port: 1 }] })],
    [
      "a service of a bad affinity",
      "POST",
      services,
      service("t", { clusterIP: "None", sessionAffinity: "Sticky", ports: [{ port: 1 }] }),
    ],
    ["services as a table", "GET", services, undefined, table],
    [
      "endpoints",
      "POST",
      core("endpoints"),
      object("v1", "Endpoints", "s2", { subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 1 }] }] }),
    ],
    [
      "endpoints of a bad address",
      "POST",
      core("endpoints"),
      object("v1", "Endpoints", "s3", { subsets: [{ addresses: [{ ip: "localhost" }], ports: [{ port: 1 }] }] }),
    ],
    [
      "an ingress",
      "POST",
      network("ingresses"),
      ingress("i", {
        rules: [
          {
            host: "a.example.com",
            http: {
              paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "s", port: { number: 80 } } } }],
            },
          },
        ],
      }),
    ],
    [
      "an ingress of a bad path",
      "POST",
      network("ingresses"),
      ingress("j", { rules: [{ host: "*.*.com", http: { paths: [{ path: "x", pathType: "Exact", backend: {} }] } }] }),
    ],
    ["an ingress of nothing", "POST", network("ingresses"), ingress("j", {})],
    [
      "a claim",
      "POST",
      core("persistentvolumeclaims"),
      object("v1", "PersistentVolumeClaim", "c", {
        spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } }, storageClassName: "none" },
      }),
    ],
    [
      "a claim of nothing",
      "POST",
      core("persistentvolumeclaims"),
      object("v1", "PersistentVolumeClaim", "d", { spec: {} }),
    ],
    [
      "an autoscaler",
      "POST",
      paths("bounds").of("apis/autoscaling/v2")("horizontalpodautoscalers"),
      object("autoscaling/v2", "HorizontalPodAutoscaler", "h", {
        spec: { maxReplicas: 0, minReplicas: 3, scaleTargetRef: { kind: "Deployment", name: "x" } },
      }),
    ],
    [
      "a policy of admission",
      "POST",
      `${registration}/validatingadmissionpolicies?dryRun=All`,
      admission("bounds-a", { matchConstraints: onMaps, validations: [{ expression: "object.data.size() < 3" }] }),
    ],
    [
      "a policy of admission of nothing",
      "POST",
      `${registration}/validatingadmissionpolicies`,
      admission("bounds-a", {}),
    ],
    [
      "a policy of admission that is broken",
      "POST",
      `${registration}/validatingadmissionpolicies`,
      admission("bounds-a", { matchConstraints: onMaps, validations: [{ expression: "object.data.size() <" }] }),
    ],
    [
      "a policy of admission of a number",
      "POST",
      `${registration}/validatingadmissionpolicies`,
      admission("bounds-a", { matchConstraints: onMaps, validations: [{ expression: "1 + 1" }] }),
    ],
    [
      "a policy of admission of an unknown variable",
      "POST",
      `${registration}/validatingadmissionpolicies`,
      admission("bounds-a", { matchConstraints: onMaps, validations: [{ expression: "subject.data == 1" }] }),
    ],
    [
      "a policy of admission of two equal variables",
      "POST",
      `${registration}/validatingadmissionpolicies`,
      admission("bounds-a", {
        matchConstraints: onMaps,
        variables: [{ name: "1a", expression: "1" }],
        validations: [{ expression: "true", reason: "Sad" }],
        failurePolicy: "Shrug",
      }),
    ],
    [
      "a policy's binding of nothing",
      "POST",
      `${registration}/validatingadmissionpolicybindings`,
      object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "bounds-b", { spec: {} }),
    ],
    [
      "a policy's binding that denies and warns",
      "POST",
      `${registration}/validatingadmissionpolicybindings`,
      object("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding", "bounds-b", {
        spec: { policyName: "none", validationActions: ["Deny", "Warn"] },
      }),
    ],
    [
      "a webhook of nothing",
      "POST",
      `${registration}/mutatingwebhookconfigurations`,
      object("admissionregistration.k8s.io/v1", "MutatingWebhookConfiguration", "bounds-w", {
        webhooks: [{ name: "short" }],
      }),
    ],
    ["policies of admission as a table", "GET", `${registration}/validatingadmissionpolicies`, undefined, table],
  ],
};
