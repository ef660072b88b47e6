/** Everything that Mooring makes. Plans, statuses, undos, estimates, looks, exports and removals iterate over it, in this order. */
import type { Catalog } from "../domain/catalog/catalog.ts";
import type { ResourceStepName } from "../domain/operation/stepName.ts";
import type { ByMode } from "../domain/request/identityModes.ts";
import type { IdentityMode, OnboardingRequest } from "../domain/request/request.ts";
import type { RoleAssignment } from "../ports.ts";
import type { Resource } from "./definitions/resource.ts";
import type { AnyStep } from "./definitions/step.ts";
import { federatedCredential } from "./federatedCredential/resource.ts";
import { identity } from "./identity/resource.ts";
import { namespace } from "./namespace/resource.ts";
import { namespaceProfile } from "./namespaceProfile/resource.ts";
import { podIdentity } from "./podIdentity/resource.ts";
import { serviceAccount } from "./serviceAccount/resource.ts";
import { sqlAdmin } from "./sqlAdmin/resource.ts";
import { sqlUser } from "./sqlUser/resource.ts";
import { target } from "./target/resource.ts";

export const resources = {
  sqlAdmin,
  identity,
  sqlUser,
  target,
  namespaceProfile,
  namespace,
  serviceAccount,
  podIdentity,
  federatedCredential,
};

export const everyResource: readonly Resource[] = Object.values(resources);

/** Every step and undo on these things. */
export const resourceSteps: { readonly [Name in ResourceStepName]: AnyStep<Name> } = {
  ...sqlAdmin.steps,
  ...identity.steps,
  ...sqlUser.steps,
  ...target.steps,
  ...namespaceProfile.steps,
  ...namespace.steps,
  ...serviceAccount.steps,
  ...podIdentity.steps,
  ...federatedCredential.steps,
};

/** What only one identity mode has. */
const ofModes: ByMode<readonly Resource[]> = {
  podIdentity: [podIdentity],
  workloadIdentity: [serviceAccount, federatedCredential],
};

export function resourcesOfMode(mode: IdentityMode): readonly Resource[] {
  return ofModes[mode];
}

export function isOfEveryMode(resource: Resource): boolean {
  return !Object.values(ofModes).some((own) => own.includes(resource));
}

/** Whether the identity mode of the request has it. */
export function isWanted(resource: Resource, { identityMode }: Pick<OnboardingRequest, "identityMode">): boolean {
  return isOfEveryMode(resource) || ofModes[identityMode].includes(resource);
}

/** Whether Mooring gave the identity this role in Azure because of the request; any other role is somebody else's. */
export function isGiven(catalog: Catalog, request: OnboardingRequest, role: RoleAssignment): boolean {
  return everyResource.some(({ gaveRole }) => gaveRole?.(catalog, request, role));
}

/** Whether the look at another thing of the request judges the role. */
export function isJudged(catalog: Catalog, request: OnboardingRequest, role: RoleAssignment): boolean {
  return everyResource.some(({ judgesRole }) => judgesRole?.(catalog, request, role));
}
