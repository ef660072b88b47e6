/** Objects of many kinds, each asked the same. */
import { type Area, type Asked, apply, cluster, object, paths, strategic, table, template } from "./area.ts";

const { core, apps, batch, rbac, network, of } = paths("sweep");
const labels = { app: "a" };
const selector = { matchLabels: labels };
const role = { rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }] };
const bindingOf = (kind: string) => ({
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind, name: "view" },
  subjects: [{ kind: "Group", name: "team", apiGroup: "rbac.authorization.k8s.io" }],
});

/** What an object has at least, besides its metadata. */
const minimal: readonly (readonly [apiVersion: string, kind: string, collection: string, rest: object])[] = [
  [
    "apps/v1",
    "Deployment",
    apps("deployments"),
    { spec: { paused: true, replicas: 0, selector, template: template() } },
  ],
  [
    "apps/v1",
    "StatefulSet",
    apps("statefulsets"),
    { spec: { replicas: 0, serviceName: "a", selector, template: template() } },
  ],
  [
    "apps/v1",
    "DaemonSet",
    apps("daemonsets"),
    { spec: { selector, template: template({ nodeSelector: { none: "x" } }) } },
  ],
  ["apps/v1", "ReplicaSet", apps("replicasets"), { spec: { replicas: 0, selector, template: template() } }],
  ["apps/v1", "ControllerRevision", apps("controllerrevisions"), { revision: 1, data: { a: 1 } }],
  [
    "v1",
    "ReplicationController",
    core("replicationcontrollers"),
    { spec: { replicas: 0, selector: labels, template: template() } },
  ],
  ["v1", "PodTemplate", core("podtemplates"), { template: template() }],
  ["v1", "Pod", core("pods"), { spec: { schedulerName: "none", containers: [{ name: "a", image: "a:1" }] } }],
  ["v1", "Service", core("services"), { spec: { clusterIP: "None", selector: labels, ports: [{ port: 80 }] } }],
  ["v1", "Endpoints", core("endpoints"), { subsets: [{ addresses: [{ ip: "10.1.2.3" }], ports: [{ port: 80 }] }] }],
  ["v1", "LimitRange", core("limitranges"), { spec: { limits: [{ type: "Pod", max: { cpu: "2" } }] } }],
  [
    "v1",
    "PersistentVolumeClaim",
    core("persistentvolumeclaims"),
    { spec: { storageClassName: "", accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } } },
  ],
  [
    "v1",
    "PersistentVolume",
    cluster("api/v1")("persistentvolumes"),
    { spec: { accessModes: ["ReadWriteOnce"], capacity: { storage: "1Gi" }, hostPath: { path: "/a" } } },
  ],
  ["v1", "Node", cluster("api/v1")("nodes"), {}],
  [
    "batch/v1",
    "CronJob",
    batch("cronjobs"),
    {
      spec: {
        suspend: true,
        schedule: "@daily",
        jobTemplate: { spec: { template: template({ restartPolicy: "Never" }) } },
      },
    },
  ],
  [
    "networking.k8s.io/v1",
    "Ingress",
    network("ingresses"),
    { spec: { defaultBackend: { service: { name: "a", port: { name: "http" } } } } },
  ],
  [
    "networking.k8s.io/v1",
    "IngressClass",
    cluster("apis/networking.k8s.io/v1")("ingressclasses"),
    { spec: { controller: "example.com/a" } },
  ],
  [
    "networking.k8s.io/v1",
    "NetworkPolicy",
    network("networkpolicies"),
    { spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{}] } },
  ],
  [
    "policy/v1",
    "PodDisruptionBudget",
    of("apis/policy/v1")("poddisruptionbudgets"),
    { spec: { maxUnavailable: 1, selector } },
  ],
  [
    "autoscaling/v2",
    "HorizontalPodAutoscaler",
    of("apis/autoscaling/v2")("horizontalpodautoscalers"),
    { spec: { maxReplicas: 2, scaleTargetRef: { kind: "Deployment", name: "a", apiVersion: "apps/v1" } } },
  ],
  ["rbac.authorization.k8s.io/v1", "Role", rbac("roles"), role],
  ["rbac.authorization.k8s.io/v1", "RoleBinding", rbac("rolebindings"), bindingOf("ClusterRole")],
  ["rbac.authorization.k8s.io/v1", "ClusterRole", cluster("apis/rbac.authorization.k8s.io/v1")("clusterroles"), role],
  [
    "rbac.authorization.k8s.io/v1",
    "ClusterRoleBinding",
    cluster("apis/rbac.authorization.k8s.io/v1")("clusterrolebindings"),
    bindingOf("ClusterRole"),
  ],
  [
    "storage.k8s.io/v1",
    "StorageClass",
    cluster("apis/storage.k8s.io/v1")("storageclasses"),
    { provisioner: "example.com/a" },
  ],
  [
    "scheduling.k8s.io/v1",
    "PriorityClass",
    cluster("apis/scheduling.k8s.io/v1")("priorityclasses"),
    { value: 7, description: "low" },
  ],
  ["node.k8s.io/v1", "RuntimeClass", cluster("apis/node.k8s.io/v1")("runtimeclasses"), { handler: "runc" }],
  [
    "discovery.k8s.io/v1",
    "EndpointSlice",
    of("apis/discovery.k8s.io/v1")("endpointslices"),
    { addressType: "IPv4", endpoints: [{ addresses: ["10.1.2.3"] }], ports: [{ port: 80 }] },
  ],
  [
    "admissionregistration.k8s.io/v1",
    "ValidatingWebhookConfiguration",
    cluster("apis/admissionregistration.k8s.io/v1")("validatingwebhookconfigurations"),
    { webhooks: [] },
  ],
  [
    "apiextensions.k8s.io/v1",
    "CustomResourceDefinition",
    cluster("apis/apiextensions.k8s.io/v1")("customresourcedefinitions"),
    {
      spec: {
        group: "sweep.example",
        scope: "Cluster",
        names: { plural: "brooms", kind: "Broom" },
        versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object" } } }],
      },
    },
  ],
  [
    "certificates.k8s.io/v1",
    "CertificateSigningRequest",
    cluster("apis/certificates.k8s.io/v1")("certificatesigningrequests"),
    { spec: { signerName: "example.com/a", request: "", usages: ["client auth"] } },
  ],
];

const asked = minimal.flatMap(([apiVersion, kind, collection, rest]): readonly Asked[] => {
  const name = kind === "CustomResourceDefinition" ? "brooms.sweep.example" : "sweep";
  const body = object(apiVersion, kind, name, rest);
  const at = `${collection}/${name}`;
  const label = { metadata: { labels: { swept: "yes" } } };
  return [
    // A service of nothing is told the address that it would have had.
    ...(kind === "Service" ? [] : [[`${kind} of nothing`, "POST", collection, {}] as const]),
    [`${kind}, dry`, "POST", `${collection}?dryRun=All`, body],
    [
      `${kind} with typos`,
      "POST",
      `${collection}?fieldValidation=Strict`,
      { ...body, sepc: {}, metadata: { name, lables: {} } },
    ],
    [`${kind}`, "POST", `${collection}?fieldManager=sweeper`, body],
    [`${kind} labelled`, "PATCH", at, label, strategic],
    [`${kind} as a table`, "GET", at, undefined, table],
    [`${kind} applied`, "PATCH", `${at}?fieldManager=other`, { apiVersion, kind, ...label }, apply],
    [`${kind} put without a spec`, "PUT", at, object(apiVersion, kind, name)],
    [`${kind} deleted`, "DELETE", at, { propagationPolicy: "Background", gracePeriodSeconds: 0 }],
  ];
});

export const sweep: Area = { name: "sweep", asked };
