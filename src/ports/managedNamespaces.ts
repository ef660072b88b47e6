/** Managed namespaces of AKS: Azure Resource Manager. */

/** By its place: the resource ID of the cluster, and the namespace's name. */
export interface ManagedNamespaceRef {
  readonly clusterId: string;
  readonly name: string;
}

/** What a write replaces as a whole: so whoever changes a part has to keep the rest, known to Mooring or not. */
export interface ManagedDocument {
  readonly location?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | null | undefined;
  readonly properties: ManagedProperties;
}

export interface ManagedProperties {
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  readonly defaultResourceQuota?: Readonly<Record<string, string | null | undefined>> | null | undefined;
  readonly defaultNetworkPolicy?: Readonly<Record<string, string | null | undefined>> | null | undefined;
  readonly [other: string]: unknown;
}

export interface ManagedNamespace {
  readonly document: ManagedDocument;
  readonly eTag: string;
  /** `Succeeded`, or what Azure is doing with it. */
  readonly state: string;
}

/** MANAGED_NAMESPACES_UNAVAILABLE where the subscription does not have the API. */
export interface ManagedNamespaces {
  /** Undefined if Azure does not manage the namespace, or there is no such cluster. */
  get(ref: ManagedNamespaceRef): Promise<ManagedNamespace | undefined>;
  /** Replaces it if it still has that ETag. Resolves when Azure has brought the cluster to it. */
  replace(ref: ManagedNamespaceRef, document: ManagedDocument, eTag: string): Promise<void>;
}
