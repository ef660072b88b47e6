/** Managed namespaces of AKS: what Azure Resource Manager knows of each, and the cluster that brings it about. */

/** As the API has them; a quota or label that is absent is not managed. */
export interface ManagedProperties {
  readonly labels?: Readonly<Record<string, string>> | null | undefined;
  readonly annotations?: Readonly<Record<string, string>> | null | undefined;
  readonly defaultResourceQuota?: Readonly<Record<string, string | undefined>> | null | undefined;
  readonly defaultNetworkPolicy?: { readonly ingress: string; readonly egress: string } | null | undefined;
  readonly adoptionPolicy: string;
  readonly deletePolicy: string;
}

export interface ManagedNamespace {
  readonly id: string;
  /** That of the namespace in the cluster, too. */
  readonly name: string;
  /** A key of world.clusters. */
  readonly cluster: string;
  readonly location: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly properties: ManagedProperties;
  readonly eTag: string;
  readonly state: "Creating" | "Updating" | "Deleting" | "Succeeded" | "Failed";
}

/** What a cluster does about one: returns why it cannot. */
interface Manager {
  bring(wanted: ManagedNamespace, before: ManagedNamespace | undefined): string | undefined;
  release(gone: ManagedNamespace): void;
}

/** By lower-cased resource id. */
export class ManagedNamespaces extends Map<string, ManagedNamespace> {
  readonly #managers = new Map<string, Manager>();

  /** Undefined for a cluster that no server plays. */
  managerOf(cluster: string): Manager | undefined {
    return this.#managers.get(cluster);
  }

  managedBy(cluster: string, manager: Manager): () => void {
    this.#managers.set(cluster, manager);
    return () => void this.#managers.delete(cluster);
  }
}
