/** What the steps of a profile are given, and the objects that follow from it. */
import { z } from "zod";
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { defined } from "../../domain/defined.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { AdoptionPolicy, IdentityMode, type OnboardingRequest } from "../../domain/request/request.ts";
import { requestFields, targetsOf } from "../../domain/targets/index.ts";
import type { Given } from "../definitions/step.ts";
import type { Rewritten } from "../kubernetesObject/restoreObjects.ts";
import { profileObjects } from "./objects.ts";

/** All that its objects depend on: the network policy opens what the request names, and where pods of its modes get their tokens. */
const described = {
  ...requestFields,
  identityMode: IdentityMode,
  /** Since 0.2.0. */
  otherMode: IdentityMode.optional(),
};
export const profile = { ...described, namespaceProfile: z.string() };
export const perhaps = { ...described, namespaceProfile: z.string().exactOptional() };

export function describe(request: OnboardingRequest): Given<typeof perhaps> {
  const { identityMode, namespaceProfile } = request;
  return { ...targetsOf(request), identityMode, ...defined({ namespaceProfile }) };
}

export function profileOf(request: OnboardingRequest): Given<typeof profile> {
  const { namespaceProfile, ...rest } = describe(request);
  if (namespaceProfile === undefined) throw new Error("the request names no profile");
  return { ...rest, namespaceProfile };
}

export const applied = { ...profile, adoptionPolicy: AdoptionPolicy };

export interface Replaced extends NamespaceRef {
  readonly written: Given<typeof profile>;
  readonly before: Given<typeof perhaps>;
  readonly createdBy?: string | undefined;
}

export function rewrittenObjects(
  catalog: Catalog,
  {
    cluster,
    namespace,
    written,
    before: { namespaceProfile, ...before },
    isManaged = false,
  }: Replaced & { readonly isManaged?: boolean },
): readonly Rewritten[] {
  if (namespaceProfile === undefined) return [];
  const namespaceRef = { cluster, namespace, isManaged };
  const earlier = profileObjects(catalog, { ...namespaceRef, ...before, namespaceProfile });
  return profileObjects(catalog, { ...namespaceRef, ...written }).flatMap((object) => {
    const was = earlier.find(({ kind }) => kind === object.kind);
    return was ? [{ written: object, before: was }] : [];
  });
}
