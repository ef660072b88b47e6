import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import {
  automaticCredential,
  federatedCredentialName,
  identityName,
  isGuest,
  type NamespaceRef,
} from "../../domain/naming/names.ts";
import { replacedAccount } from "../../domain/request/change.ts";
import { usesBinding, usesCredential } from "../../domain/request/identityModes.ts";
import type { FederatedCredential } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import { guestsOf, mayBind } from "../definitions/identityMembers.ts";
import type { InspectionInput } from "../definitions/inspection.ts";
import { findLeftByGuests } from "./leftByGuests.ts";
import { hasOwnName } from "./ownName.ts";
import { desiredCredential } from "./plan.ts";
import { isSame } from "./surplus.ts";

export async function inspectCredentials(
  { catalog, identities, registry }: Pick<Ports, "catalog" | "identities" | "registry">,
  { request, earlier, modeBeside }: Pick<InspectionInput, "request" | "earlier" | "modeBeside">,
): Promise<readonly Finding[]> {
  const isMigrating = modeBeside !== undefined;
  const cluster = findCluster(catalog, request.cluster);
  const target = identityName(request);
  const own = federatedCredentialName(request, request.serviceAccount);
  const current = await identities.federatedCredentials(identityRef(catalog, request));

  const desired = usesCredential(request) ? desiredCredential(cluster, request) : undefined;
  const matching = desired && current.find((each) => isSame(each, desired));
  const same = current.find(({ name }) => name === own);
  // Without one that matches, Mooring's own is the one to correct.
  const isBroken = desired !== undefined && matching === undefined;
  const replaced = earlier && replacedAccount(request, earlier);
  const isKnown = (each: FederatedCredential) =>
    each === matching ||
    // Azure made it, for the namespace's binding.
    (each.name === automaticCredential && (isMigrating || usesBinding(request))) ||
    (isBroken && each === same) ||
    (isMigrating && ((!desired && each === same) || isOfMigration(each, cluster, request))) ||
    // A change removes the earlier account's at its end.
    (replaced !== undefined && each.name === federatedCredentialName(request, replaced));
  const unknown = current.filter((each) => !isKnown(each));
  const strangers = await withoutGuests(registry, request, unknown);
  const left = await findLeftByGuests({ catalog, registry }, request, strangers);
  const others = strangers.map((each) => {
    // During a migration a repair leaves both modes as they are.
    const isSurplus = !isMigrating && (each.name === own || hasOwnName(each, request) || left.includes(each));
    const what = { field: `credential ${each.name}`, expected: null, found: print(each) };
    return finding(isSurplus ? "CREDENTIAL_SURPLUS" : "CREDENTIAL_ADDED", target, what);
  });
  if (!isBroken) return others;
  const code = same ? "CREDENTIAL_CHANGED" : "CREDENTIAL_MISSING";
  const what = { field: `credential ${own}`, expected: print(desired), found: same ? print(same) : null };
  return [finding(code, target, what), ...others];
}

/** On an identity that several namespaces use, each knows its own, and its home those of nobody. */
async function withoutGuests(
  registry: Pick<Ports["registry"], "getNamespace">,
  request: InspectionInput["request"],
  credentials: readonly FederatedCredential[],
): Promise<readonly FederatedCredential[]> {
  if (credentials.length === 0) return [];
  if (isGuest(request)) return credentials.filter((each) => hasOwnName(each, request));
  const guests = await guestsOf(registry, request);
  const isOfGuest = (each: FederatedCredential) =>
    guests.some((guest) => hasOwnName(each, guest) || (each.name === automaticCredential && mayBind(guest)));
  return credentials.filter((each) => !isOfGuest(each));
}

/** Mooring made it for the service account that the namespace migrates to, which may differ from the request's. */
function isOfMigration(
  credential: FederatedCredential,
  { oidcIssuer }: ClusterTarget,
  namespaceRef: NamespaceRef,
): boolean {
  return credential.issuer === oidcIssuer && hasOwnName(credential, namespaceRef);
}

function print({ issuer, subject, audiences }: FederatedCredential): string {
  return `${subject} from ${issuer} for ${audiences.join(", ")}`;
}
