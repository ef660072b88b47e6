/** The kinds of seeded questions. Nothing here makes a controller act: its writes would come between the questions. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly plural: string;
  /** What an object of this kind has at least, besides its metadata. */
  readonly body: object;
  /** The same with another value, and the field where it is. */
  readonly changed: object;
}

const template = {
  metadata: { labels: { app: "a" } },
  spec: { restartPolicy: "Never", containers: [{ name: "main", image: "a" }] },
};

export const kinds: readonly Kind[] = [
  {
    ...{ apiVersion: "v1", kind: "ConfigMap", plural: "configmaps" },
    ...{ body: { data: { k: "1" } }, changed: { data: { k: "2" } } },
  },
  {
    ...{ apiVersion: "v1", kind: "Secret", plural: "secrets" },
    ...{ body: { stringData: { k: "1" } }, changed: { data: { k: "Mg==" } } },
  },
  {
    ...{ apiVersion: "v1", kind: "ServiceAccount", plural: "serviceaccounts" },
    ...{ body: {}, changed: { automountServiceAccountToken: false } },
  },
  {
    ...{ apiVersion: "v1", kind: "ResourceQuota", plural: "resourcequotas" },
    ...{ body: { spec: { hard: { pods: "9" } } }, changed: { spec: { hard: { pods: "8" } } } },
  },
  {
    ...{ apiVersion: "coordination.k8s.io/v1", kind: "Lease", plural: "leases" },
    ...{ body: { spec: { holderIdentity: "a" } }, changed: { spec: { holderIdentity: "b" } } },
  },
  {
    ...{ apiVersion: "batch/v1", kind: "Job", plural: "jobs" },
    ...{ body: { spec: { suspend: true, template } }, changed: { spec: { backoffLimit: 3 } } },
  },
  {
    ...{ apiVersion: "aadpodidentity.k8s.io/v1", kind: "AzureIdentity", plural: "azureidentities" },
    ...{ body: { spec: { type: 0, clientID: "a" } }, changed: { spec: { clientID: "b" } } },
  },
];

export function pathOf({ apiVersion, plural }: Kind, namespace: string): string {
  return `/${apiVersion === "v1" ? "api/v1" : `apis/${apiVersion}`}/namespaces/${namespace}/${plural}`;
}
