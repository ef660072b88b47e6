/**
 * What an identity can use of the catalog's targets by access of their own, whoever gave it: all of them, not only those that a
 * request names. One that cannot be read now is named, and never fails an operation that does not need it. Of databases
 * sqlDatabase/elsewhere.ts says the same, of roles in Azure identity/roles.ts.
 */

import { type Finding, finding } from "../../domain/finding.ts";
import { inGroups } from "../../domain/inGroups.ts";
import type { IdentityPair, PrincipalId } from "../../domain/naming/identityPair.ts";
import { identityName, type NamespaceRef } from "../../domain/naming/names.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { isAzureRolePlace } from "../../domain/targets/azureRoles.ts";
import { keyOf, placeOf } from "../../domain/targets/namedTarget.ts";
import { wantedIn } from "../../domain/targets/wanted.ts";
import type { Ports } from "../../ports/index.ts";
import { list } from "../definitions/dependants.ts";
import type { Inspection } from "../definitions/inspection.ts";
import { inTime } from "../definitions/inTime.ts";
import { recallOf } from "../definitions/recordedMark.ts";
import type { Asked, Decision, Reached } from "../definitions/targetFamily.ts";
import { targetAt } from "./families.ts";
import { listedPlace, placesOf, staying } from "./findPlaces.ts";

export interface TargetReach {
  readonly reached: readonly (Reached & { readonly target: string })[];
  /** The targets that could not be read, each with the reason. */
  readonly unseen: readonly string[];
}

type Requests = readonly (Pick<OnboardingRequest, "targets"> | undefined)[];

/** Targets read at the same time. */
const atOnce = 8;

/** Beyond what the requests ask for; without any, everything. */
export async function findTargetReach(
  ports: Ports,
  { namespaceRef, principalId }: { readonly namespaceRef: NamespaceRef; readonly principalId: PrincipalId },
  ...requests: Requests
): Promise<TargetReach> {
  const shared = listOnce(ports);
  const asked = await askedIn(ports, namespaceRef, requests);
  const targets = Object.entries(ports.catalog.targets);
  const found = new Map<string, TargetReach["reached"][number]>();
  const unseen: string[] = [];
  await inGroups(targets, atOnce, async ([target, entry]) => {
    const at = targetAt(placeOf(entry));
    const seen = await inTime(() => at.reached(shared, { namespaceRef, principalId, asked }));
    if (typeof seen === "string") unseen.push(`${target} (${seen})`);
    // A role above several targets is named once.
    else for (const each of seen) if (!found.has(each.what)) found.set(each.what, { target, ...each });
  });
  return { reached: [...found.values()], unseen: unseen.toSorted() };
}

/** Also where the catalog had a target before: what was given there goes at the end of a change, or is reported as left. */
async function askedIn(ports: Ports, namespaceRef: NamespaceRef, requests: Requests): Promise<readonly Asked[]> {
  const wanted = requests.flatMap((request) => request?.targets ?? []);
  if (wanted.length === 0) return [];
  const places = await placesOf(ports, namespaceRef);
  return wanted.flatMap(({ target: key, access }) =>
    places({ kind: "namedTarget", key }).known.map(({ place }) => ({ place, access })),
  );
}

/** Targets in one account share the look at its roles. */
function listOnce(ports: Ports): Ports {
  const port = ports.cosmosRoles;
  const lists = new Map<string, ReturnType<typeof port.assignmentsIn>>();
  const assignmentsIn: typeof port.assignmentsIn = (accountId) => {
    const key = accountId.toLowerCase();
    const found = lists.get(key) ?? port.assignmentsIn(accountId);
    lists.set(key, found);
    return found;
  };
  return { ...ports, cosmosRoles: { ...port, assignmentsIn } };
}

/** What others gave where the requests name a target, beyond what they ask for: what Mooring gave is revoked. */
export async function findAddedOnTargets(
  ports: Ports,
  { namespaceRef, identity }: { readonly namespaceRef: NamespaceRef; readonly identity: IdentityPair },
  requests: Requests,
): Promise<readonly string[]> {
  const wanted = new Map(requests.flatMap((each) => (each?.targets ?? []).map((one) => [keyOf(one), one] as const)));
  const found = await Promise.all(
    [...wanted].map(async ([target, { access }]) => {
      const place = listedPlace(ports.catalog, { kind: "namedTarget", key: target });
      if (!place || isAzureRolePlace(place)) return [];
      const looking = { access, clientId: identity.clientId, identity: async () => identity, note: () => undefined };
      const about = { namespaceRef, target, ...recallOf(ports, namespaceRef, { identity }), ...looking };
      const findings = await targetAt(place).inspect(ports, about);
      return findings
        .filter(({ code }) => code === "GRANT_ADDED" || code === "TARGET_REACHED")
        .map((added) => `${added.found ?? ""}: ${added.field} on ${target}`);
    }),
  );
  return found.flat();
}

export function describeReached({ target, what }: Pick<TargetReach["reached"][number], "target" | "what">): string {
  return `${what} (${target})`;
}

/** The revocation of it; undefined if none of it is Mooring's. */
export async function revocationOf(
  ports: Ports,
  request: Pick<OnboardingRequest, "cluster" | "namespace" | "databases" | "targets">,
  { target, place, isOurs }: TargetReach["reached"][number],
): Promise<Decision | undefined> {
  if (!isOurs) return undefined;
  const { cluster, namespace } = request;
  const namespaceRef = { cluster, namespace };
  const about = { namespaceRef, target, ...recallOf(ports, namespaceRef) };
  return await targetAt(place).planRevocation(ports, {
    ...about,
    ...staying(await placesOf(ports, namespaceRef), place, wantedIn(request)),
  });
}

/** What the namespace's requests do not know. The targets that they name are inspected one by one. */
export async function inspectTargetReach(
  ports: Ports,
  { request, earlier }: Pick<Inspection, "request" | "earlier">,
  principalId: PrincipalId,
): Promise<readonly Finding[]> {
  const { cluster, namespace } = request;
  const about = { namespaceRef: { cluster, namespace }, principalId };
  const { reached, unseen } = await findTargetReach(ports, about, request, earlier);
  const added = await Promise.all(
    reached.map(async (each) => {
      const ours = await revocationOf(ports, request, each);
      const code = ours && ours.differences.length > 0 ? "GRANT_SURPLUS" : "TARGET_REACHED";
      return finding(code, each.target, { field: "access", expected: null, found: each.what });
    }),
  );
  if (unseen.length === 0) return added;
  const found = list(unseen);
  return [...added, finding("TARGETS_UNSEEN", identityName(request), { field: "access", expected: "readable", found })];
}
