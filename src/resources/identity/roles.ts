/** The roles in Azure that somebody gave the identity. Those on a resource of the catalog may open what requests can ask for. */
import type { Catalog, ClusterTarget } from "../../domain/catalog/catalog.ts";
import { type Finding, finding } from "../../domain/finding.ts";
import { isWithinScope } from "../../domain/naming/resourceId.ts";
import type { ManagedIdentity } from "../../ports/identities.ts";
import type { Ports } from "../../ports/index.ts";
import type { RoleAssignment } from "../../ports/roleAssignments.ts";
import { unlessForbidden } from "../definitions/unlessForbidden.ts";

type Looking = Pick<Ports, "catalog" | "roleAssignments">;

export type GaveRole = (role: RoleAssignment) => boolean;

interface Roles {
  readonly given: readonly RoleAssignment[];
  /** Where Mooring may not read them. */
  readonly unseen: readonly string[];
}

/** Everywhere in the cluster's subscription, and on the catalog's resources, whichever subscription they are in. */
export async function findRoles(
  { catalog, roleAssignments }: Looking,
  cluster: ClusterTarget,
  { principalId }: Pick<ManagedIdentity, "principalId">,
): Promise<Roles> {
  const subscription = `/subscriptions/${cluster.subscriptionId}`;
  const inSubscription = await readAt(subscription, () => roleAssignments.givenTo(principalId, cluster));
  const hasSeen = (id: string) => inSubscription.unseen.length === 0 && isWithinScope(id, subscription);
  const others = resourcesIn(catalog).filter((id) => !hasSeen(id));
  const found = await Promise.all(others.map((id) => readAt(id, () => roleAssignments.heldAt(id, principalId))));
  const all = [inSubscription, ...found];
  const given = all.flatMap((each) => each.given).filter((role) => role.principalId === principalId);
  return {
    given: [...new Map(given.map((role) => [role.id.toLowerCase(), role])).values()],
    unseen: all.flatMap((each) => each.unseen),
  };
}

/** Those that may open databases and other targets of the catalog. */
export async function findRolesOnTargets(
  ports: Looking,
  cluster: ClusterTarget,
  identity: Pick<ManagedIdentity, "principalId">,
): Promise<readonly RoleAssignment[]> {
  const { given } = await findRoles(ports, cluster, identity);
  return given.filter((role) => isOnTarget(ports.catalog, role));
}

function isOnTarget(catalog: Catalog, { scope }: RoleAssignment): boolean {
  return resourcesIn(catalog).some((id) => isWithinScope(scope, id));
}

async function readAt(scope: string, look: () => Promise<readonly RoleAssignment[]>): Promise<Roles> {
  return await unlessForbidden(
    async () => ({ given: await look(), unseen: [] }),
    () => ({ given: [], unseen: [scope] }),
  );
}

export function describeRole({ roleDefinitionId, scope }: RoleAssignment): string {
  return `${roleDefinitionId.split("/").at(-1)} at ${scope}`;
}

/** Of a role that is described. */
export function scopeIn(described: string): string | undefined {
  return described.split(" at ")[1];
}

/** A role that was given for something else is somebody's business; one on a resource of the catalog is access. */
export async function inspectRoles(
  ports: Looking,
  { cluster, identity, isKnown }: { cluster: ClusterTarget; identity: ManagedIdentity; isKnown: GaveRole },
): Promise<readonly Finding[]> {
  const { given, unseen } = await findRoles(ports, cluster, identity);
  const findings = given
    .filter((role) => !isKnown(role))
    .map((role) => {
      const code = isOnTarget(ports.catalog, role) ? "ROLE_ON_TARGET" : "ROLE_ADDED";
      return finding(code, identity.name, { field: "roles", expected: null, found: describeRole(role) });
    });
  if (unseen.length === 0) return findings;
  return [
    ...findings,
    finding("ROLES_UNSEEN", identity.name, { field: "roles", expected: "readable", found: unseen.join(", ") }),
  ];
}

/** What the catalog lets requests name. */
function resourcesIn({ sqlServers, targets }: Catalog): readonly string[] {
  return [...Object.values(sqlServers), ...Object.values(targets)].map(({ resourceId }) => resourceId);
}
