/** The objects that a namespace gets by its profile. Each is there if the profile has its part. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { type Berth, namesOfProfile } from "../../domain/naming/names.ts";
import { limitItems } from "../../domain/profiles/limits.ts";
import { findProfile, type Profile } from "../../domain/profiles/profile.ts";
import { canonicalAmounts } from "../../domain/profiles/quantity.ts";
import type { KubernetesObject, ObjectRef } from "../../ports.ts";

/** All that these objects depend on; when it changes, a change rewrites them. */
export interface Profiled extends Berth {
  readonly namespaceProfile: string;
}

interface ProfileObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** All fields except apiVersion, kind and metadata; undefined if the profile does not have it. */
  fields(profile: Profile): Readonly<Record<string, unknown>> | undefined;
}

const objects: { readonly [Name in keyof typeof namesOfProfile]: ProfileObject } = {
  quota: {
    apiVersion: "v1",
    kind: "ResourceQuota",
    name: namesOfProfile.quota,
    // A quota with a scope would count some pods only.
    fields: ({ quota }) => quota && { spec: { hard: canonicalAmounts(quota), scopes: [] } },
  },
  limits: {
    apiVersion: "v1",
    kind: "LimitRange",
    name: namesOfProfile.limits,
    fields: ({ limits }) => limits && { spec: { limits: limitItems(limits) } },
  },
};

/** What the profile gives, in the order of creation. */
export function profileObjects(
  catalog: Catalog,
  { namespace, namespaceProfile }: Profiled,
): readonly KubernetesObject[] {
  const profile = findProfile(catalog, namespaceProfile);
  return Object.values(objects).flatMap(({ apiVersion, kind, name, fields }) => {
    const own = fields(profile);
    return own ? [{ apiVersion, kind, metadata: { name, namespace }, ...own }] : [];
  });
}

/** Whatever a profile may have given. */
export function profileRefs({ namespace }: Pick<Berth, "namespace">): readonly ObjectRef[] {
  return Object.values(objects).map(({ apiVersion, kind, name }) => ({ apiVersion, kind, name, namespace }));
}

/** What the profile of today does not give; all of it without a profile. */
export function surplusRefs(
  catalog: Catalog,
  berth: Berth,
  namespaceProfile: string | undefined,
): readonly ObjectRef[] {
  const wanted = namespaceProfile === undefined ? [] : profileObjects(catalog, { ...berth, namespaceProfile });
  return profileRefs(berth).filter(
    ({ kind, name }) => !wanted.some((each) => each.kind === kind && each.metadata.name === name),
  );
}
