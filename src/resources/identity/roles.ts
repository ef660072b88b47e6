/** The roles in Azure that somebody gave the identity. Those on a resource of the catalog may open what requests can ask for. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import type { PrincipalId } from "../../domain/naming/identityPair.ts";
import { isWithinScope } from "../../domain/naming/resourceId.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import { list } from "../definitions/dependants.ts";
import type { GaveRole } from "../definitions/inspection.ts";
import { inTime } from "../definitions/inTime.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";

type Looking = Pick<Ports, "catalog" | "roleAssignments">;

interface Roles {
  readonly given: readonly RoleAssignment[];
  /** The subscriptions in which all of them are seen. */
  readonly subscriptions: readonly string[];
  /** Where Mooring cannot read them. */
  readonly unseen: readonly string[];
}

/**
 * Everywhere in the subscriptions of the catalog, and in others in which Mooring has a role. Where it may not read a whole subscription, it
 * reads the catalog's resources there.
 */
export async function findRoles(ports: Looking, { principalId }: Pick<ManagedIdentity, "principalId">): Promise<Roles> {
  const named = subscriptionsIn(ports.catalog);
  const looks = await Promise.all([
    ...named.map((subscriptionId) => readNamed(ports, subscriptionId, principalId)),
    readOthers(ports, named, principalId),
  ]);
  const given = looks.flatMap((each) => each.given).filter((role) => role.principalId === principalId);
  return {
    given: [...new Map(given.map((role) => [role.id.toLowerCase(), role])).values()],
    subscriptions: looks.flatMap((each) => each.subscriptions),
    unseen: looks.flatMap((each) => each.unseen),
  };
}

async function readNamed(
  { catalog, roleAssignments }: Looking,
  subscriptionId: string,
  principalId: PrincipalId,
): Promise<Roles> {
  const scope = `/subscriptions/${subscriptionId}`;
  const given = await unlessForbidden(() => roleAssignments.givenTo(principalId, { subscriptionId }));
  if (given) return { given, subscriptions: [subscriptionId], unseen: [] };
  const resources = resourcesIn(catalog).filter((id) => isWithinScope(id, scope));
  const found = await Promise.all(
    resources.map(async (id) => ({
      id,
      given: await unlessForbidden(() => roleAssignments.heldAt(id, principalId)),
    })),
  );
  return {
    given: found.flatMap((each) => each.given ?? []),
    subscriptions: [],
    unseen: [scope, ...found.filter((each) => !each.given).map(({ id }) => id)],
  };
}

/** Each costs a call for each namespace. */
const mostOthers = 20;

/** One that cannot be read now is named, and fails nothing. */
async function readOthers(
  { roleAssignments }: Looking,
  named: readonly string[],
  principalId: PrincipalId,
): Promise<Roles> {
  const listed = await inTime(() => roleAssignments.subscriptions());
  if (typeof listed === "string") {
    return { given: [], subscriptions: [], unseen: [`other subscriptions (${listed})`] };
  }
  const others = listed
    .map((id) => id.toLowerCase())
    .filter((id) => !named.includes(id))
    .toSorted();
  const found = await Promise.all(
    others.slice(0, mostOthers).map(async (subscriptionId) => ({
      subscriptionId,
      given: await inTime(() => roleAssignments.givenTo(principalId, { subscriptionId })),
    })),
  );
  return {
    given: found.flatMap(({ given }) => (typeof given === "string" ? [] : given)),
    subscriptions: found.flatMap(({ subscriptionId, given }) => (typeof given === "string" ? [] : [subscriptionId])),
    unseen: [
      ...found.flatMap(({ subscriptionId, given }) =>
        typeof given === "string" ? [`/subscriptions/${subscriptionId} (${given})`] : [],
      ),
      ...others.slice(mostOthers).map((id) => `/subscriptions/${id}`),
    ],
  };
}

/** Those that may open databases and other targets of the catalog. */
export async function findRolesOnTargets(
  ports: Looking,
  identity: Pick<ManagedIdentity, "principalId">,
): Promise<readonly RoleAssignment[]> {
  const { given } = await findRoles(ports, identity);
  return given.filter((role) => isOnTarget(ports.catalog, role));
}

function isOnTarget(catalog: Catalog, { scope }: RoleAssignment): boolean {
  return resourcesIn(catalog).some((id) => isWithinScope(scope, id));
}

export function describeRole({ roleDefinitionId, scope }: RoleAssignment): string {
  return `${roleDefinitionId.split("/").at(-1)} at ${scope}`;
}

/** Of a role that is described. */
export function scopeIn(described: string): string | undefined {
  return described.split(" at ")[1];
}

/**
 * Mooring gives roles where a request has a target, and what is there is judged with the target. A role that somebody else gave for
 * something else is their business; one on a resource of the catalog is access.
 */
export async function inspectRoles(
  ports: Looking,
  { identity, gaveRole, judging }: { identity: ManagedIdentity; gaveRole: GaveRole; judging: () => Promise<GaveRole> },
): Promise<readonly Finding[]> {
  const { given, unseen } = await findRoles(ports, identity);
  const isJudged = given.length > 0 ? await judging() : () => true;
  const findings = given
    .filter((role) => !isJudged(role))
    .map((role) => {
      const others = isOnTarget(ports.catalog, role) ? "ROLE_ON_TARGET" : "ROLE_ADDED";
      const code = gaveRole(role) ? "GRANT_SURPLUS" : others;
      return finding(code, identity.name, { field: "roles", expected: null, found: describeRole(role) });
    });
  if (unseen.length === 0) return findings;
  return [
    ...findings,
    finding("ROLES_UNSEEN", identity.name, { field: "roles", expected: "readable", found: list(unseen) }),
  ];
}

/** What the catalog lets requests name. */
function resourcesIn({ sqlServers, targets }: Catalog): readonly string[] {
  return [...Object.values(sqlServers), ...Object.values(targets)].map(({ resourceId }) => resourceId);
}

/** Of its clusters, and of what it lets requests name. */
function subscriptionsIn(catalog: Catalog): readonly string[] {
  const ofClusters = Object.values(catalog.clusters).map(({ subscriptionId }) => subscriptionId);
  const ofResources = resourcesIn(catalog).flatMap((id) => id.split("/")[2] ?? []);
  return [...new Set([...ofClusters, ...ofResources].map((id) => id.toLowerCase()))];
}
