/** What kubectl is told about it, until it is gone. */
import { type Asked, apply, as, cluster, configMap, merge, object, sent, strategic } from "../area.ts";
import {
  apps,
  clientApply,
  core,
  created,
  deployments,
  helm,
  kubectlTable,
  last,
  maps,
  network,
  released,
  secrets,
} from "./forms.ts";

export const commandsAsked: readonly Asked[] = [
  [
    "a namespace created by kubectl",
    "POST",
    `/api/v1/namespaces?dryRun=All&${created}`,
    object("v1", "Namespace", "shop"),
  ],
  ["a namespace with spaces", "POST", `/api/v1/namespaces?${created}`, object("v1", "Namespace", "my shop")],
  [
    "a quota",
    "POST",
    `${core("resourcequotas")}?dryRun=All&${created}`,
    object("v1", "ResourceQuota", "q", {
      spec: { hard: { pods: "2", "requests.cpu": "1", memory: "1Gi", "count/jobs.batch": "3" } },
    }),
  ],
  [
    "a quota of nonsense",
    "POST",
    core("resourcequotas"),
    object("v1", "ResourceQuota", "q", { spec: { hard: { ships: "2", pods: "many" } } }),
  ],
  [
    "a quota of unknown things",
    "POST",
    core("resourcequotas"),
    object("v1", "ResourceQuota", "q", { spec: { hard: { ships: "2", pods: "-1" } } }),
  ],
  [
    "a limit",
    "POST",
    `${core("limitranges")}?dryRun=All&${created}`,
    object("v1", "LimitRange", "l", {
      spec: {
        limits: [{ type: "Container", default: { cpu: "500m" }, defaultRequest: { cpu: "100m" }, max: { cpu: "1" } }],
      },
    }),
  ],
  [
    "a limit upside down",
    "POST",
    core("limitranges"),
    object("v1", "LimitRange", "l", {
      spec: { limits: [{ type: "Container", min: { cpu: "2" }, max: { cpu: "1" } }] },
    }),
  ],
  [
    "client-side apply, first",
    "POST",
    `${maps}?${clientApply}`,
    configMap("applied", { data: { a: "1" } }, last(configMap("applied", { data: { a: "1" } }))),
  ],
  [
    "client-side apply, then",
    "PATCH",
    `${maps}/applied?${clientApply}`,
    { data: { a: null, b: "2" }, metadata: last({ b: "2" }) },
    strategic,
  ],
  [
    "moved to server-side apply",
    "PATCH",
    `${maps}/applied?fieldManager=kubectl&fieldValidation=Strict&force=false`,
    configMap("applied", { data: { b: "3" } }),
    apply,
  ],
  ["its managers shown", "GET", `${maps}/applied`],
  [
    "annotated",
    "PATCH",
    `${maps}/applied?fieldManager=kubectl-annotate`,
    { metadata: { annotations: { note: "hi" } } },
    merge,
  ],
  [
    "labelled with a bad label",
    "PATCH",
    `${maps}/applied?fieldManager=kubectl-label`,
    { metadata: { labels: { "my label": "x" } } },
    merge,
  ],
  [
    "labelled by a number",
    "PATCH",
    `${maps}/none?fieldManager=kubectl-label`,
    { metadata: { labels: { n: 5 } } },
    merge,
  ],
  [
    "a label taken",
    "PATCH",
    `${maps}/shop?fieldManager=kubectl-label`,
    { metadata: { labels: { "app.kubernetes.io/name": null } } },
    merge,
  ],
  [
    "edited with a stale version",
    "PATCH",
    `${maps}/applied?fieldManager=kubectl-edit`,
    { metadata: { resourceVersion: "1" }, data: { b: "4" } },
    strategic,
  ],
  [
    "replaced",
    "PUT",
    `${maps}/applied?fieldManager=kubectl-replace&fieldValidation=Strict`,
    configMap("applied", { data: { b: "5" } }),
  ],
  [
    "diffed",
    "PATCH",
    `${maps}/applied?dryRun=All&fieldManager=kubectl-client-side-apply&fieldValidation=Strict`,
    { data: { c: "6" } },
    strategic,
  ],
  [
    "diffed by apply",
    "PATCH",
    `${deployments}/shop-web?dryRun=All&fieldManager=kubectl&force=true`,
    { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "shop-web" }, spec: { replicas: 0 } },
    apply,
  ],
  [
    "may I",
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      kind: "SelfSubjectAccessReview",
      apiVersion: "authorization.k8s.io/v1",
      spec: { resourceAttributes: { namespace: "area-releases", verb: "create", resource: "pods" } },
    },
  ],
  [
    "may I, as a stranger",
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    {
      kind: "SelfSubjectAccessReview",
      apiVersion: "authorization.k8s.io/v1",
      spec: { resourceAttributes: { namespace: "area-releases", verb: "delete", resource: "pods", name: "x" } },
    },
    as("stranger"),
  ],
  [
    "may I nothing",
    "POST",
    "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    { kind: "SelfSubjectAccessReview", apiVersion: "authorization.k8s.io/v1", spec: {} },
  ],
  [
    "may the account",
    "POST",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    {
      spec: {
        user: "system:serviceaccount:area-releases:shop",
        resourceAttributes: { namespace: "area-releases", verb: "get", resource: "configmaps", name: "shop" },
      },
    },
  ],
  [
    "may the account elsewhere",
    "POST",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    {
      spec: {
        user: "system:serviceaccount:area-releases:shop",
        resourceAttributes: { namespace: "default", verb: "get", resource: "configmaps", name: "shop" },
      },
    },
  ],
  [
    "who am I",
    "POST",
    "/apis/authentication.k8s.io/v1/selfsubjectreviews",
    { kind: "SelfSubjectReview", apiVersion: "authentication.k8s.io/v1", metadata: {} },
  ],
  ["who am I, as a stranger", "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", {}, as("stranger")],
  [
    "as the account",
    "GET",
    `${maps}/shop`,
    undefined,
    { headers: { "impersonate-user": "system:serviceaccount:area-releases:shop" } },
  ],
  [
    "as the account, elsewhere",
    "GET",
    `${maps}/applied`,
    undefined,
    { headers: { "impersonate-user": "system:serviceaccount:area-releases:shop" } },
  ],
  ["as a group without a user", "GET", `${maps}/shop`, undefined, { headers: { "impersonate-group": "a" } }],
  [
    "as another, by a reader",
    "GET",
    `${maps}/shop`,
    undefined,
    { caller: "reader", headers: { "impersonate-user": "jane" } },
  ],
  [
    "nodes as kubectl lists them, by a stranger",
    "GET",
    "/api/v1/nodes?limit=500",
    undefined,
    { ...kubectlTable, caller: "stranger" },
  ],
  ["classes of storage", "GET", "/apis/storage.k8s.io/v1/storageclasses?limit=500", undefined, kubectlTable],
  [
    "a claim",
    "POST",
    `${core("persistentvolumeclaims")}?dryRun=All&${helm}`,
    object(
      "v1",
      "PersistentVolumeClaim",
      "shop",
      { spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "8Gi" } } } },
      released,
    ),
  ],
  [
    "a claim of nothing",
    "POST",
    core("persistentvolumeclaims"),
    object("v1", "PersistentVolumeClaim", "no", { spec: {} }),
  ],
  [
    "the set",
    "POST",
    `${apps("statefulsets")}?dryRun=All&${helm}`,
    object(
      "apps/v1",
      "StatefulSet",
      "shop-db",
      {
        spec: {
          serviceName: "shop-db",
          selector: { matchLabels: { a: "b" } },
          template: {
            metadata: { labels: { a: "b" } },
            spec: {
              containers: [{ name: "db", image: "postgres:17", volumeMounts: [{ name: "data", mountPath: "/data" }] }],
            },
          },
          volumeClaimTemplates: [
            {
              metadata: { name: "data" },
              spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
            },
          ],
        },
      },
      released,
    ),
  ],
  [
    "a daemon",
    "POST",
    `${apps("daemonsets")}?dryRun=All&${helm}`,
    object("apps/v1", "DaemonSet", "agent", {
      spec: {
        selector: { matchLabels: { a: "b" } },
        template: {
          metadata: { labels: { a: "b" } },
          spec: {
            hostNetwork: true,
            tolerations: [{ operator: "Exists" }],
            containers: [{ name: "a", image: "agent", ports: [{ containerPort: 9100 }] }],
          },
        },
      },
    }),
  ],
  [
    "a policy of the network",
    "POST",
    `${network("networkpolicies")}?${helm}`,
    object("networking.k8s.io/v1", "NetworkPolicy", "shop", {
      spec: {
        podSelector: {},
        policyTypes: ["Ingress"],
        ingress: [{ from: [{ podSelector: { matchLabels: { a: "b" } } }], ports: [{ port: 80 }] }],
      },
    }),
  ],
  [
    "a service of a node's port",
    "POST",
    `${core("services")}?dryRun=All`,
    object("v1", "Service", "np", {
      spec: { type: "NodePort", clusterIP: "10.0.0.77", ports: [{ port: 80, nodePort: 20 }] },
    }),
  ],
  [
    "a service without ports",
    "POST",
    core("services"),
    object("v1", "Service", "no", { spec: { selector: { a: "b" } } }),
  ],
  [
    "a service with two nameless ports",
    "POST",
    core("services"),
    object("v1", "Service", "no", { spec: { clusterIP: "None", ports: [{ port: 80 }, { port: 81 }] } }),
  ],
  [
    "a service with an external name",
    "POST",
    `${core("services")}?${helm}`,
    object("v1", "Service", "ext", { spec: { type: "ExternalName", externalName: "db.example.com" } }),
  ],
  [
    "uninstalled",
    "DELETE",
    `${deployments}/shop-web`,
    { kind: "DeleteOptions", apiVersion: "apps/v1", propagationPolicy: "Background" },
  ],
  ["the service uninstalled", "DELETE", `${core("services")}/shop-web`, { propagationPolicy: "Background" }],
  ["the release gone", "DELETE", `${secrets}/sh.helm.release.v1.shop.v1`],
  ["the account gone", "DELETE", `${core("serviceaccounts")}/shop`, { propagationPolicy: "Foreground" }],
  ["the class of nobody", "GET", `${cluster("apis/networking.k8s.io/v1")("ingressclasses")}/nginx`],
  ["by protobuf that is none", "POST", maps, "k8s", sent("application/vnd.kubernetes.protobuf")],
];
