/** What is asked about LimitRange and ResourceQuota: what pods get by default, and what an API server refuses in which words. */

export interface AmountCase {
  readonly title: string;
  /** `spec.limits` of LimitRanges, each in one of its own. */
  readonly limits?: readonly (readonly object[])[];
  /** `spec` of ResourceQuotas. */
  readonly quotas?: readonly object[];
  /** Made first, and admitted. */
  readonly before?: readonly object[];
  /** Asked as dry runs. */
  readonly asked: readonly object[];
}

type Resources = { readonly requests?: object; readonly limits?: object };

function pod(containers: readonly Resources[], rest: object = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "asked" },
    spec: {
      containers: containers.map((resources, index) => ({ name: `c${index}`, image: "none", resources })),
      ...rest,
    },
  };
}

const named = (object: object, name: string): object => ({ ...object, metadata: { name } });
const initContainer = (resources: Resources, rest: object = {}) => ({
  name: "init",
  image: "none",
  resources,
  ...rest,
});
const configMap = (name: string) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
const service = (spec: object) => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "asked" },
  spec: { ports: [{ port: 80 }], ...spec },
});
const claim = (resources: object) => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "asked" },
  spec: { accessModes: ["ReadWriteOnce"], resources },
});

const small = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m", memory: "128Mi" } };
const large = { requests: { cpu: "2", memory: "4Gi" }, limits: { cpu: "3", memory: "6Gi" } };
/** Several ways of saying little. */
const says: readonly object[] = [
  pod([{}]),
  pod([{ limits: { cpu: "300m" } }]),
  pod([{ requests: { memory: "300Mi" } }]),
  pod([{ requests: { cpu: "0.2" }, limits: { memory: "1.5Gi" } }]),
  pod([small, {}]),
  pod([large]),
  pod([{ requests: { cpu: "50m", memory: "16Mi" }, limits: { cpu: "50m", memory: "16Mi" } }]),
  pod([small], { initContainers: [initContainer({})] }),
  pod([small], { initContainers: [initContainer(large)] }),
];

export const amountCases: readonly AmountCase[] = [
  {
    title: "defaults",
    limits: [[{ type: "Container", default: { cpu: "500m", memory: "512Mi" }, defaultRequest: { cpu: "100m" } }]],
    asked: says,
  },
  {
    title: "a default below what is asked for",
    limits: [[{ type: "Container", default: { memory: "200Mi" } }]],
    asked: says,
  },
  {
    title: "bounds of containers",
    limits: [[{ type: "Container", max: { cpu: "1", memory: "1Gi" }, min: { cpu: "80m", memory: "32Mi" } }]],
    asked: says,
  },
  {
    title: "a minimum alone",
    limits: [[{ type: "Container", min: { cpu: "250m" } }]],
    asked: says,
  },
  {
    title: "a ratio",
    limits: [[{ type: "Container", maxLimitRequestRatio: { cpu: "1", memory: "2" } }]],
    asked: says,
  },
  {
    title: "bounds of pods",
    limits: [[{ type: "Pod", max: { cpu: "250m", memory: "256Mi" }, min: { cpu: "120m" } }]],
    asked: [...says, pod([small, small])],
  },
  {
    title: "a ratio of pods",
    limits: [[{ type: "Pod", maxLimitRequestRatio: { memory: "1" } }]],
    asked: [pod([small]), pod([{}])],
  },
  {
    title: "two ranges",
    limits: [
      [{ type: "Container", default: { cpu: "500m" } }],
      [{ type: "Container", default: { cpu: "700m", memory: "1Gi" }, max: { memory: "2Gi" } }],
    ],
    asked: [pod([{ limits: { cpu: "1" } }]), pod([small]), pod([large])],
  },
  {
    title: "bounds of claims",
    limits: [[{ type: "PersistentVolumeClaim", max: { storage: "2Gi" }, min: { storage: "1Gi" } }]],
    asked: ["500Mi", "1Gi", "3Gi"].map((storage) => claim({ requests: { storage } })),
  },
  {
    title: "a quota of amounts",
    quotas: [{ hard: { "requests.cpu": "1", "requests.memory": "1Gi", "limits.cpu": "2", "limits.memory": "2Gi" } }],
    before: [named(pod([small]), "first")],
    asked: says,
  },
  {
    title: "a quota by the short names",
    quotas: [{ hard: { cpu: "1", memory: "1Gi" } }],
    asked: says,
  },
  {
    title: "a quota with a range that fills in",
    limits: [[{ type: "Container", default: { cpu: "500m", memory: "512Mi" } }]],
    quotas: [{ hard: { "requests.cpu": "700m", "limits.memory": "600Mi", pods: "2" } }],
    before: [named(pod([{}]), "first")],
    asked: says,
  },
  {
    title: "a quota that is full",
    quotas: [{ hard: { pods: "1", "count/pods": "1" } }],
    before: [named(pod([{}]), "first")],
    asked: [pod([{}]), pod([small])],
  },
  {
    title: "two quotas",
    // Only one of them is exceeded: which of two a server names first is the order of a map.
    quotas: [{ hard: { pods: "0" } }, { hard: { "limits.cpu": "10" } }],
    asked: [pod([{}]), pod([small])],
  },
  {
    title: "quotas of objects",
    quotas: [
      {
        hard: {
          // Each namespace has one, of its authority.
          ...{ configmaps: "2", "count/secrets": "0", services: "1", "services.loadbalancers": "0" },
          ...{ "services.nodeports": "1", "count/jobs.batch": "0", "count/deployments.apps": "1" },
        },
      },
    ],
    before: [configMap("first")],
    asked: [
      configMap("asked"),
      { apiVersion: "v1", kind: "Secret", metadata: { name: "asked" } },
      service({}),
      service({ type: "NodePort" }),
      service({ type: "NodePort", ports: [80, 81].map((port) => ({ name: `p${port}`, port })) }),
      service({ type: "LoadBalancer" }),
      {
        apiVersion: "batch/v1",
        kind: "Job",
        metadata: { name: "asked" },
        spec: {
          suspend: true,
          template: { spec: { restartPolicy: "Never", containers: [{ name: "a", image: "none" }] } },
        },
      },
    ],
  },
  {
    title: "quotas of storage",
    quotas: [{ hard: { persistentvolumeclaims: "1", "requests.storage": "2Gi" } }],
    asked: ["1Gi", "3Gi"].map((storage) => claim({ requests: { storage } })),
  },
  {
    title: "a quota of pods that ask for nothing",
    quotas: [{ hard: { pods: "0" }, scopes: ["BestEffort"] }],
    asked: [pod([{}]), pod([small])],
  },
  {
    title: "a quota of pods that ask for something",
    quotas: [{ hard: { pods: "0" }, scopes: ["NotBestEffort"] }],
    asked: [pod([{}]), pod([small])],
  },
  {
    title: "a quota of pods that end",
    quotas: [{ hard: { pods: "0" }, scopes: ["Terminating"] }],
    asked: [pod([{}]), pod([{}], { activeDeadlineSeconds: 60 })],
  },
  {
    title: "a quota of devices and of disk",
    quotas: [{ hard: { "requests.example.com/gpu": "1", "requests.ephemeral-storage": "1Gi" } }],
    asked: [
      pod([{ limits: { "example.com/gpu": "2", "ephemeral-storage": "100Mi" } }]),
      pod([{ limits: { "example.com/gpu": "1", "ephemeral-storage": "2Gi" } }]),
      pod([{ limits: { "example.com/gpu": "1" } }]),
    ],
  },
];
