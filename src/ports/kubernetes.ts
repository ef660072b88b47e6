/** Clusters: the Kubernetes API. */
import type { ClusterTarget } from "../domain/catalog/catalog.ts";
import type { SigningKey } from "./issuers.ts";

export interface ObjectRef {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace?: string;
}

/** Of an object in the same namespace, or in none; one without an object of that UID is collected. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly finalizers?: readonly string[];
    readonly managedFields?: readonly ManagedFields[];
    readonly ownerReferences?: readonly OwnerReference[];
  };
  readonly [field: string]: unknown;
}

/** What an object is, and nothing of what it contains. */
export type ObjectMetadata = Pick<KubernetesObject, "apiVersion" | "kind" | "metadata">;

export interface NamespacedKind {
  readonly apiVersion: string;
  readonly kind: string;
}

export interface NamespacedKinds {
  /** With the plural, by which the API server's own texts name a kind. */
  readonly kinds: readonly (NamespacedKind & { readonly plural: string })[];
  /** API versions whose server does not answer: `metrics.example/v1`. What they have is not known. */
  readonly unanswered: readonly string[];
}

/** The fields that one manager has set (kubernetes.io "Server-Side Apply"). */
export interface ManagedFields {
  readonly manager?: string;
  readonly operation?: string;
  readonly fieldsV1?: Readonly<Record<string, unknown>>;
}

export interface Kubernetes {
  get(cluster: ClusterTarget, ref: ObjectRef): Promise<KubernetesObject | undefined>;
  list(
    cluster: ClusterTarget,
    query: { apiVersion: string; kind: string; namespace?: string; labelSelector?: string },
  ): Promise<readonly KubernetesObject[]>;
  /**
   * Server-side apply as field manager `mooring`, with strict field validation. A dry run writes nothing. If the object has a UID
   * or a resourceVersion, the one in the cluster must match it, or nothing is applied.
   */
  apply(
    cluster: ClusterTarget,
    object: KubernetesObject,
    options?: { dryRun?: boolean; force?: boolean },
  ): Promise<KubernetesObject>;
  /** What the deletion of a namespace would delete in it: every namespaced kind that can be listed and deleted. */
  namespacedKinds(cluster: ClusterTarget): Promise<NamespacedKinds>;
  /** The same as `list`, without the objects' contents: the API server does not send them. With a limit, the first ones alone. */
  listMetadata(
    cluster: ClusterTarget,
    query: NamespacedKind & { readonly namespace: string; readonly limit?: number },
  ): Promise<readonly ObjectMetadata[]>;
  /**
   * Deletes the object with that UID; with a resourceVersion, only as it was then. No error if it is gone, or if another object
   * now has its name. Returns it if it is still there: it is being deleted, and something holds it.
   */
  remove(
    cluster: ClusterTarget,
    ref: ObjectRef,
    precondition: { uid: string; resourceVersion?: string },
    options?: { dryRun?: boolean },
  ): Promise<KubernetesObject | undefined>;
  /** Why the cluster's authorization would not let Mooring apply the object; undefined if it would, or if it cannot tell. */
  whyForbidden(cluster: ClusterTarget, ref: ObjectRef): Promise<string | undefined>;
  /** Whether the cluster's authorization would let a service account do this, which need not be a call to the API server. */
  mayDo(
    cluster: ClusterTarget,
    account: { readonly namespace: string; readonly name: string },
    act: { readonly verb: string; readonly group: string; readonly resource: string },
  ): Promise<boolean>;
  /** The kinds that the cluster serves under an apiVersion; empty if the group is not installed. */
  kinds(cluster: ClusterTarget, apiVersion: string): Promise<readonly string[]>;
  /** The issuer in the cluster's own discovery document. */
  issuer(cluster: ClusterTarget): Promise<string>;
  /** The keys with which the cluster verifies tokens of its service accounts; it signs with one of them. */
  signingKeys(cluster: ClusterTarget): Promise<readonly SigningKey[]>;
}
