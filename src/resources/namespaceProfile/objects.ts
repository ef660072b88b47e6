/** The objects that a namespace gets by its profile. Each is there if the profile has its part. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { findCluster } from "../../domain/catalog/clusters.ts";
import { destinationsOf, haveOtherTokens, type Reaching } from "../../domain/catalog/networkReach.ts";
import { type NamespaceRef, namesOfProfile } from "../../domain/naming/names.ts";
import { limitItems } from "../../domain/profiles/limits.ts";
import { besideManaged } from "../../domain/profiles/managed.ts";
import type { ClusterNetwork } from "../../domain/profiles/network.ts";
import { findProfile, type Profile } from "../../domain/profiles/profile.ts";
import { canonicalAmounts } from "../../domain/profiles/quantity.ts";
import { IdentityMode } from "../../domain/request/request.ts";
import type { KubernetesObject, ObjectRef } from "../../ports/kubernetes.ts";
import { ciliumPolicySpec, networkPolicySpec } from "./networkPolicy.ts";

/** All that these objects depend on; when it changes, a change rewrites them. */
export interface Profiled extends NamespaceRef, Reaching {
  readonly namespaceProfile: string;
  /** Azure manages the namespace and holds what it can of the profile (managedNamespace.ts). */
  readonly isManaged?: boolean;
}

interface ProfileObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** All fields except apiVersion, kind and metadata; undefined if the namespace does not have it. */
  fields(profile: Profile, input: Profiled, catalog: Catalog): Readonly<Record<string, unknown>> | undefined;
}

const quota: ProfileObject = {
  apiVersion: "v1",
  kind: "ResourceQuota",
  name: namesOfProfile.quota,
  // A quota with a scope would count some pods only.
  fields: (profile) => profile.quota && { spec: { hard: canonicalAmounts(profile.quota), scopes: [] } },
};

const limits: ProfileObject = {
  apiVersion: "v1",
  kind: "LimitRange",
  name: namesOfProfile.limits,
  fields: (profile) => profile.limits && { spec: { limits: limitItems(profile.limits) } },
};

const policies: { readonly [Engine in ClusterNetwork["policies"]]: ProfileObject } = {
  kubernetes: {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    name: namesOfProfile.network,
    fields: policyOf("kubernetes", networkPolicySpec),
  },
  cilium: {
    apiVersion: "cilium.io/v2",
    kind: "CiliumNetworkPolicy",
    name: namesOfProfile.network,
    fields: policyOf("cilium", ciliumPolicySpec),
  },
};

function policyOf(
  engine: ClusterNetwork["policies"],
  specOf: (policy: Parameters<typeof networkPolicySpec>[0]) => object,
): ProfileObject["fields"] {
  return ({ network }, input, catalog) => {
    if (!network || findCluster(catalog, input.cluster).network.policies !== engine) return undefined;
    return { spec: specOf({ network, destinations: destinationsOf(catalog, input, network) }) };
  };
}

/** In the order of creation. */
const objects = [quota, limits, policies.kubernetes, policies.cilium];

/** What the profile gives. */
export function profileObjects(catalog: Catalog, input: Profiled): readonly KubernetesObject[] {
  const whole = findProfile(catalog, input.namespaceProfile);
  const profile = input.isManaged ? besideManaged(whole) : whole;
  return objects.flatMap(({ apiVersion, kind, name, fields }) => {
    const own = fields(profile, input, catalog);
    return own ? [{ apiVersion, kind, metadata: { name, namespace: input.namespace }, ...own }] : [];
  });
}

/** Of these, what depends on the identity modes that the namespace has. */
export function profilePolicies(catalog: Catalog, input: Profiled): readonly KubernetesObject[] {
  return profileObjects(catalog, input).filter(isPolicy);
}

/** The same for whatever other mode the namespace may be migrating from or to: first that of its own mode alone. */
export function policiesInAnyMode(catalog: Catalog, input: Profiled): readonly KubernetesObject[] {
  const others = IdentityMode.options.filter((mode) => haveOtherTokens(input.identityMode, mode));
  return [undefined, ...others].flatMap((otherMode) => profilePolicies(catalog, { ...input, otherMode }));
}

export function isPolicy({ kind }: Pick<KubernetesObject, "kind">): boolean {
  return Object.values(policies).some((policy) => policy.kind === kind);
}

/** Whatever a profile may have given. */
export function profileRefs({ namespace }: Pick<NamespaceRef, "namespace">): readonly ObjectRef[] {
  return objects.map(({ apiVersion, kind, name }) => ({ apiVersion, kind, name, namespace }));
}

/** What the profile of today does not give; all of it without a profile. */
export function surplusRefs(
  catalog: Catalog,
  input: Omit<Profiled, "namespaceProfile"> & { readonly namespaceProfile?: string | undefined },
): readonly ObjectRef[] {
  const { namespaceProfile } = input;
  const wanted = namespaceProfile === undefined ? [] : profileObjects(catalog, { ...input, namespaceProfile });
  return profileRefs(input).filter(({ kind }) => !wanted.some((each) => each.kind === kind));
}
