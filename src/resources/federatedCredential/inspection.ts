import type { ClusterTarget } from "../../domain/catalog/catalog.ts";
import { findCluster, identityRef } from "../../domain/catalog/clusters.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { type Berth, federatedCredentialName, federatedSubject, identityName } from "../../domain/naming/names.ts";
import type { FederatedCredential, Ports } from "../../ports.ts";
import type { InspectionInput } from "../definitions/inspection.ts";
import { desiredCredential } from "./plan.ts";

export async function inspectCredentials(
  { catalog, identities }: Pick<Ports, "catalog" | "identities">,
  { request, isMigrating = false }: Pick<InspectionInput, "request" | "isMigrating">,
): Promise<readonly Finding[]> {
  const cluster = findCluster(catalog, request.cluster);
  const target = identityName(request);
  const own = federatedCredentialName(request, request.serviceAccount);
  const current = await identities.federatedCredentials(identityRef(cluster, request));
  const isWanted = request.identityMode === "workloadIdentity";

  const desired = isWanted ? desiredCredential(cluster, request) : undefined;
  const matching = desired && current.find((each) => isSame(each, desired));
  const others = current
    // Even under Mooring's own name, if another one matches: it lets in whoever created it.
    .filter((each) => each !== matching && (matching !== undefined || each.name !== own))
    .filter((each) => !(isMigrating && isOfMigration(each, cluster, request)))
    .map((each) =>
      finding("CREDENTIAL_ADDED", target, { field: `credential ${each.name}`, expected: null, found: print(each) }),
    );
  const same = current.find(({ name }) => name === own);
  if (!desired) {
    const field = `credential ${own}`;
    const left = same && !isMigrating;
    return left
      ? [finding("CREDENTIAL_SURPLUS", target, { field, expected: null, found: print(same) }), ...others]
      : others;
  }
  if (matching) return others;
  const code = same ? "CREDENTIAL_CHANGED" : "CREDENTIAL_MISSING";
  const what = { field: `credential ${own}`, expected: print(desired), found: same ? print(same) : null };
  return [finding(code, target, what), ...others];
}

/** Mooring made it for the service account that the namespace migrates to, which may differ from the request's. */
function isOfMigration(
  { name, issuer, subject }: FederatedCredential,
  { oidcIssuer }: ClusterTarget,
  berth: Berth,
): boolean {
  const account = subject.split(":").at(-1) ?? "";
  const isOfNamespace = issuer === oidcIssuer && subject === federatedSubject(berth.namespace, account);
  return isOfNamespace && name === federatedCredentialName(berth, account);
}

function isSame(a: FederatedCredential, b: FederatedCredential): boolean {
  return a.issuer === b.issuer && a.subject === b.subject && a.audiences.join() === b.audiences.join();
}

function print({ issuer, subject, audiences }: FederatedCredential): string {
  return `${subject} from ${issuer} for ${audiences.join(", ")}`;
}
