/** Permissions, by the rules of Azure SQL (learn.microsoft.com "Permissions (Database Engine)"). No DENY. */
import { permissionDenied } from "../errors.ts";
import {
  type DatabaseData,
  findRole,
  type Principal,
  principalById,
  principalIds,
  type Schema,
  type SecurableClass,
  schemaName,
  type Table,
} from "./database.ts";

/** The principal itself, public, and every role that it is in, directly or through other roles. */
function effectiveIds({ memberships }: DatabaseData, principalId: number): ReadonlySet<number> {
  const ids = new Set<number>([principalIds.public, principalId]);
  // A set's iteration goes on to what is added meanwhile.
  for (const id of ids) for (const { roleId } of memberships.list("member", id)) ids.add(roleId);
  return ids;
}

export function isInRole(data: DatabaseData, principalId: number, role: string): boolean {
  const found = findRole(data, role);
  return found !== undefined && effectiveIds(data, principalId).has(found.id);
}

export function isOwner(data: DatabaseData, principalId: number): boolean {
  return principalId === principalIds.dbo || isInRole(data, principalId, "db_owner");
}

function hasGrant(
  data: DatabaseData,
  principalId: number,
  permission: string,
  on: { class: SecurableClass; majorId: number } = { class: "database", majorId: 0 },
): boolean {
  const ids = effectiveIds(data, principalId);
  const held = [...ids].flatMap((id) => data.grants.list("grantee", id, on.class, on.majorId));
  return held.some((grant) => grant.permission === permission || grant.permission === "CONTROL");
}

export function holdsInDatabase(data: DatabaseData, principalId: number, permission: string): boolean {
  return isOwner(data, principalId) || hasGrant(data, principalId, permission);
}

export type TablePermission = "SELECT" | "INSERT" | "UPDATE" | "DELETE";

function holdsOnTable(data: DatabaseData, principalId: number, permission: TablePermission, table: Table): boolean {
  const [role, denied] =
    permission === "SELECT" ? ["db_datareader", "db_denydatareader"] : ["db_datawriter", "db_denydatawriter"];
  if (isInRole(data, principalId, denied)) return false;
  if (holdsInDatabase(data, principalId, permission) || isInRole(data, principalId, role)) return true;
  const schema = data.schemas.find(({ id }) => id === table.schemaId);
  return (
    (schema !== undefined && ownsSchema(data, principalId, schema)) ||
    hasGrant(data, principalId, permission, { class: "schema", majorId: table.schemaId }) ||
    hasGrant(data, principalId, permission, { class: "object", majorId: table.id })
  );
}

export function requireOnTable(
  data: DatabaseData,
  principalId: number,
  permission: TablePermission,
  table: Table,
): void {
  if (holdsOnTable(data, principalId, permission, table)) return;
  throw permissionDenied(permission, {
    name: table.name,
    database: data.name,
    schema: schemaName(data, table.schemaId),
  });
}

export function ownsSchema(data: DatabaseData, principalId: number, schema: Schema): boolean {
  return effectiveIds(data, principalId).has(schema.ownerId);
}

/** CREATE USER and DROP USER. */
export function mayAlterUsers(data: DatabaseData, principalId: number): boolean {
  return holdsInDatabase(data, principalId, "ALTER ANY USER") || isInRole(data, principalId, "db_accessadmin");
}

export function mayAlterUser(data: DatabaseData, principalId: number, user: Principal): boolean {
  return (
    mayAlterUsers(data, principalId) || hasGrant(data, principalId, "ALTER", { class: "principal", majorId: user.id })
  );
}

/** "To change the user name of a user having CONTROL permission on the database requires the CONTROL permission" (ALTER USER). */
export function mayRenameUser(data: DatabaseData, principalId: number, user: Principal): boolean {
  return (
    mayAlterUsers(data, principalId) &&
    (!holdsInDatabase(data, user.id, "CONTROL") || holdsInDatabase(data, principalId, "CONTROL"))
  );
}

/** "To change the membership in a fixed database role requires: membership in db_owner" (ALTER ROLE, Permissions). */
export function mayAlterRole(data: DatabaseData, principalId: number, role: Principal): boolean {
  if (isOwner(data, principalId)) return true;
  if (role.isFixedRole) return false;
  return (
    holdsInDatabase(data, principalId, "ALTER ANY ROLE") ||
    isInRole(data, principalId, "db_securityadmin") ||
    (role.ownerId !== undefined && effectiveIds(data, principalId).has(role.ownerId)) ||
    hasGrant(data, principalId, "ALTER", { class: "principal", majorId: role.id })
  );
}

/** "ALTER ANY ROLE permission on the database, or CONTROL permission on the role, or membership in the db_securityadmin". */
export function mayDropRole(data: DatabaseData, principalId: number, role: Principal): boolean {
  return (
    holdsInDatabase(data, principalId, "ALTER ANY ROLE") ||
    isInRole(data, principalId, "db_securityadmin") ||
    (role.ownerId !== undefined && effectiveIds(data, principalId).has(role.ownerId)) ||
    hasGrant(data, principalId, "CONTROL", { class: "principal", majorId: role.id })
  );
}

export function mayGrant(data: DatabaseData, principalId: number): boolean {
  return holdsInDatabase(data, principalId, "CONTROL") || isInRole(data, principalId, "db_securityadmin");
}

export function mayDefineSchema(data: DatabaseData, principalId: number): boolean {
  return holdsInDatabase(data, principalId, "ALTER ANY SCHEMA") || isInRole(data, principalId, "db_ddladmin");
}

/**
 * Metadata visibility: a principal sees itself and what is built in; other users with ALTER ANY USER or a permission on them; other
 * roles with ALTER ANY ROLE, a permission on them, or as a member (sys.database_principals, Permissions).
 */
export function visibility(data: DatabaseData, principalId: number): (id: number) => boolean {
  if (holdsInDatabase(data, principalId, "VIEW DEFINITION")) return () => true;
  const ids = effectiveIds(data, principalId);
  const seesUsers = mayAlterUsers(data, principalId);
  const seesRoles =
    holdsInDatabase(data, principalId, "ALTER ANY ROLE") || isInRole(data, principalId, "db_securityadmin");
  const hasAny = (id: number) => [...ids].some((each) => data.grants.list("grantee", each, "principal", id).length > 0);
  return (id) => {
    const principal = principalById(data, id);
    if (id < 5 || ids.has(id) || principal?.isFixedRole) return true;
    const owner = principal?.ownerId;
    return (principal?.type === "R" ? seesRoles : seesUsers) || (owner !== undefined && ids.has(owner)) || hasAny(id);
  };
}

/** Whose memberships a principal sees: its own, and all of them only with these (sys.database_role_members, Permissions). */
export function membershipVisibility(data: DatabaseData, principalId: number): (memberId: number) => boolean {
  const seesAll =
    holdsInDatabase(data, principalId, "VIEW DEFINITION") || isInRole(data, principalId, "db_securityadmin");
  return (memberId) => seesAll || memberId === principalId;
}

export function seesTable(data: DatabaseData, principalId: number, table: Table): boolean {
  const any = ["SELECT", "INSERT", "UPDATE", "DELETE"] as const;
  return (
    holdsInDatabase(data, principalId, "VIEW DEFINITION") ||
    any.some((permission) => holdsOnTable(data, principalId, permission, table))
  );
}
