/** Credentials under Mooring's own names that the record does not ask for, such as one whose write took effect late. */

import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { federatedCredentialName } from "../../domain/naming/names.ts";
import { usesCredential } from "../../domain/request/identityModes.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import type { FederatedCredential } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { findLeftByGuests } from "./leftByGuests.ts";
import { hasOwnName } from "./ownName.ts";
import { desiredCredential } from "./plan.ts";

export function isSame(a: FederatedCredential, b: FederatedCredential): boolean {
  return a.issuer === b.issuer && a.subject === b.subject && a.audiences.join() === b.audiences.join();
}

type Reading = Pick<Ports, "catalog" | "identities" | "registry">;

/**
 * What a repair removes besides the credential of the other identity mode. The credential of the requested account goes only if
 * another one, which Azure lets nobody make twice, has its issuer and subject: otherwise it is corrected.
 */
export async function findSurplusCredentials(
  { catalog, identities, registry }: Reading,
  request: OnboardingRequest,
): Promise<readonly FederatedCredential[]> {
  const cluster = findCluster(catalog, request.cluster);
  const current = await identities.federatedCredentials(identityRef(catalog, request));
  const own = federatedCredentialName(request, request.serviceAccount);
  const others = [
    ...current.filter((each) => each.name !== own && hasOwnName(each, request)),
    ...(await findLeftByGuests({ catalog, registry }, request, current)),
  ];
  if (!usesCredential(request)) return others;
  const desired = desiredCredential(cluster, request);
  const isReplaced = current.some((each) => each.name !== own && isSame(each, desired));
  return [...others, ...current.filter(({ name }) => isReplaced && name === own)];
}
