/** The same list as index.ts, with what each resource does in the world, and the tables that need an entry for every step. */
import type { Catalog } from "../domain/catalog/catalog.ts";
import { namesOf } from "../domain/lookUp.ts";
import type { ResourceStepName } from "../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../domain/request/request.ts";
import type { TargetKindName } from "../domain/targets/index.ts";
import type { RoleAssignment } from "../ports.ts";
import type { Look } from "./definitions/look.ts";
import type { Resource, ResourceWithSteps } from "./definitions/resource.ts";
import type { ResourceEffects } from "./definitions/resourceEffects.ts";
import type { TargetSteps } from "./definitions/targetSteps.ts";
import { federatedCredentialEffects } from "./federatedCredential/effects.ts";
import { identityEffects } from "./identity/effects.ts";
import { type ResourceName, resources } from "./index.ts";
import { namespaceEffects } from "./namespace/effects.ts";
import { podIdentityEffects } from "./podIdentity/effects.ts";
import { serviceAccountEffects } from "./serviceAccount/effects.ts";
import { sqlAdminEffects } from "./sqlAdmin/effects.ts";
import { sqlUserEffects, sqlUserSteps } from "./sqlUser/effects.ts";

type StepsIn<R> = R extends ResourceWithSteps<infer Name> ? Name : never;

const effects: { readonly [R in ResourceName]: ResourceEffects<StepsIn<(typeof resources)[R]>> } = {
  sqlAdmin: sqlAdminEffects,
  identity: identityEffects,
  sqlUser: sqlUserEffects,
  namespace: namespaceEffects,
  serviceAccount: serviceAccountEffects,
  podIdentity: podIdentityEffects,
  federatedCredential: federatedCredentialEffects,
};

/** The look of each step and undo of every resource. */
export const resourceLooks: Readonly<Record<ResourceStepName, Look>> = {
  ...effects.sqlAdmin.looks,
  ...effects.identity.looks,
  ...effects.sqlUser.looks,
  ...effects.namespace.looks,
  ...effects.serviceAccount.looks,
  ...effects.podIdentity.looks,
  ...effects.federatedCredential.looks,
};

/** By kind of target, the steps that its activities run. */
export const targetSteps: Readonly<Record<TargetKindName, TargetSteps>> = { sqlDatabase: sqlUserSteps };

type Parts = Omit<ResourceEffects, "looks">;

export interface ResourceWithEffects {
  readonly name: ResourceName;
  readonly resource: Resource;
  readonly effects: Parts;
}

/** Every resource with its effects, in the order of the list. */
export const resourcesWithEffects: readonly ResourceWithEffects[] = namesOf(resources).map((name) => ({
  name,
  resource: resources[name],
  effects: effects[name],
}));

/** Whether Mooring gave the identity this role in Azure because of the request; any other role is somebody else's. */
export function isGiven(catalog: Catalog, request: OnboardingRequest, role: RoleAssignment): boolean {
  return resourcesWithEffects.some(({ effects: { gaveRole } }) => gaveRole?.(catalog, request, role));
}
