/** Everything that Mooring makes. Plans, statuses, undos, estimates, looks, exports and removals iterate over it, in this order. */
import type { Catalog } from "../domain/catalog/catalog.ts";
import { clusterIdOf, findCluster } from "../domain/catalog/clusters.ts";
import { isGuest } from "../domain/naming/names.ts";
import type { ResourceStepName } from "../domain/operation/stepName.ts";
import { usesBinding } from "../domain/request/identityModes.ts";
import type { ByMode } from "../domain/request/modes.ts";
import { IdentityMode, type OnboardingRequest } from "../domain/request/request.ts";
import type { Ports } from "../ports/index.ts";
import type { RoleAssignment } from "../ports/roleAssignments.ts";
import type { GaveRole } from "./definitions/inspection.ts";
import type { OperationFacts } from "./definitions/operationFacts.ts";
import type { Resource } from "./definitions/resource.ts";
import type { AnyStep } from "./definitions/step.ts";
import { federatedCredential } from "./federatedCredential/resource.ts";
import { identity } from "./identity/resource.ts";
import { identityBinding } from "./identityBinding/resource.ts";
import { identityUse } from "./identityUse/resource.ts";
import { namespace } from "./namespace/resource.ts";
import { namespaceProfile } from "./namespaceProfile/resource.ts";
import { podIdentity } from "./podIdentity/resource.ts";
import { serviceAccount } from "./serviceAccount/resource.ts";
import { sqlAdmin } from "./sqlAdmin/resource.ts";
import { sqlUser, target } from "./target/resource.ts";

export const resources = {
  sqlAdmin,
  identity,
  sqlUser,
  target,
  namespaceProfile,
  namespace,
  serviceAccount,
  identityUse,
  podIdentity,
  federatedCredential,
  identityBinding,
};

export const everyResource: readonly Resource[] = Object.values(resources);

/** What only the namespace has whose own the identity is: what the identity may do (docs/adr/0029). */
const ofHome: readonly Resource[] = [sqlAdmin, sqlUser, target];

/** All that the namespace of the request may have, in whatever mode. */
export function resourcesFor(request: Pick<OnboardingRequest, "sharedIdentity">): readonly Resource[] {
  return isGuest(request) ? everyResource.filter((resource) => !ofHome.includes(resource)) : everyResource;
}

/** Every step and undo on these things. */
export const resourceSteps: { readonly [Name in ResourceStepName]: AnyStep<Name> } = {
  ...sqlAdmin.steps,
  ...identity.steps,
  ...sqlUser.steps,
  ...target.steps,
  ...namespaceProfile.steps,
  ...namespace.steps,
  ...serviceAccount.steps,
  ...identityUse.steps,
  ...podIdentity.steps,
  ...federatedCredential.steps,
  ...identityBinding.steps,
};

/** What not every identity mode has. */
const ofModes: ByMode<readonly Resource[]> = {
  podIdentity: [podIdentity],
  workloadIdentity: [serviceAccount, federatedCredential],
  identityBinding: [serviceAccount, identityUse, identityBinding],
};

export function resourcesOfMode(mode: IdentityMode): readonly Resource[] {
  return ofModes[mode];
}

/** What a migration to the first mode adds, or one that leaves it removes: both may have some of it. */
export function resourcesNotShared(mode: IdentityMode, other: IdentityMode): readonly Resource[] {
  return ofModes[mode].filter((resource) => !ofModes[other].includes(resource));
}

export function isOfEveryMode(resource: Resource): boolean {
  return !Object.values(ofModes).some((own) => own.includes(resource));
}

/** Whether the identity mode of the request has it. */
export function isWanted(resource: Resource, { identityMode }: Pick<OnboardingRequest, "identityMode">): boolean {
  return isOfEveryMode(resource) || ofModes[identityMode].includes(resource);
}

/** Whether the namespace may have it: in the mode of the request or, while it migrates, in the other one. */
function mayHave(resource: Resource, { request, modeBeside }: Pick<OperationFacts, "request" | "modeBeside">): boolean {
  return isWanted(resource, request) || (modeBeside !== undefined && isWanted(resource, { identityMode: modeBeside }));
}

/** Whether an offboarding has a step for it, whatever is there. */
export function leaves(resource: Resource, namespace: Pick<OperationFacts, "request" | "modeBeside">): boolean {
  return resource.leavesInAnyMode === true || mayHave(resource, namespace);
}

/** What another identity mode may have left, whose record is lost. Mooring may look where the catalog has that mode. */
export function leftByOtherModes(
  catalog: Catalog,
  namespace: Pick<OperationFacts, "request" | "modeBeside">,
): readonly Resource[] {
  const { request } = namespace;
  const cluster = findCluster(catalog, request.cluster);
  const isOffered = (mode: IdentityMode) =>
    cluster.identityModes.includes(mode) || (usesBinding({ identityMode: mode }) && clusterIdOf(cluster) !== undefined);
  const offered = IdentityMode.options.filter(isOffered).flatMap(resourcesOfMode);
  return resourcesFor(request).filter((resource) => offered.includes(resource) && !leaves(resource, namespace));
}

/** Whether a role in Azure that the identity has is Mooring's; any other role is somebody else's. */
export function isGiven(request: OnboardingRequest, role: RoleAssignment): boolean {
  return everyResource.some(({ gaveRole }) => gaveRole?.(request, role));
}

/** Which roles the looks at things of the requests judge. */
export async function judgedRoles(
  ports: Pick<Ports, "catalog" | "registry">,
  requests: readonly (OnboardingRequest | undefined)[],
): Promise<GaveRole> {
  const judging = requests.flatMap((each) => (each ? everyResource.map((one) => one.judgedRoles?.(ports, each)) : []));
  const judges = (await Promise.all(judging)).filter((each) => each !== undefined);
  return (role) => judges.some((isJudged) => isJudged(role));
}
