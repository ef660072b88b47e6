/** A model of database users in Azure SQL: one transaction for each change, and errors as the adapter translates them. */

import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { ClientId, PrincipalId } from "../../../src/domain/naming/identityPair.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import type { DatabaseState, DatabaseUser, UserChange } from "../../../src/ports/databases.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { AzureState } from "./azure.ts";
import type { Call } from "./faults.ts";

/** By `server/database`, then by name. */
export type Users = Map<string, Map<string, DatabaseUser>>;

/**
 * What Mooring is in a database: in db_owner, as 0.1.0 had to be; the same, but the database has Mooring's roles by now; or nothing
 * but what infra/sql/database-user.sql gives.
 */
export type Rights = "owner" | "ownerWithRoles" | "least";
/** By `server/database`. */
export type RightsIn = Map<string, Rights>;

/** `reports` is the database's owner's, and for requests; `app_role` is nobody's to ask for. */
const others = ["db_owner", "db_datareader", "db_datawriter", "app_role", "reports"];
/** On the schema sales, on which there are no fixed roles: whoever owns a database has made it from the start. */
const onSchema: Readonly<Record<string, readonly string[]>> = { mooring_reader_sales: ["SELECT ON SCHEMA sales"] };
const own: Readonly<Record<string, readonly string[]>> = {
  mooring_reader: ["SELECT"],
  mooring_writer: ["DELETE", "INSERT", "SELECT", "UPDATE"],
  mooring_executor: ["EXECUTE"],
  ...onSchema,
};

function stateOf(rights: Rights | undefined): Omit<DatabaseState, "users"> {
  if (rights === undefined || rights === "owner") return { roles: [...others, ...Object.keys(onSchema)] };
  const roles = [...others, ...Object.keys(own)];
  if (rights === "ownerWithRoles") return { roles };
  const cannot = { mayChangeRoles: false, mayGrant: false };
  const changeableRoles = [...Object.keys(own), "reports"];
  return { roles, changeableRoles, rolePermissions: { app_role: [], reports: [], ...own }, ...cannot };
}

export function createDatabases(
  { users, rightsIn }: { readonly users: Users; readonly rightsIn: RightsIn },
  call: Call,
  { identities }: Pick<AzureState, "identities">,
): Ports["databases"] {
  const clientIdOf = (objectId: PrincipalId) => {
    const found = [...identities.values()].find(({ principalId }) => principalId === objectId);
    if (!found) throw new TransientError("SQL_PRINCIPAL_NOT_YET_VISIBLE", `nobody has object id ${objectId} (33130)`);
    return found.clientId;
  };
  return {
    inspect: ({ server, database }, { name, sid }) =>
      call("sql", `inspect ${server.alias}/${database}`, () => ({
        users: [...usersOf(users, `${server.alias}/${database}`).values()].filter(
          (user) => user.name === name || user.sid === sid,
        ),
        ...stateOf(rightsIn.get(`${server.alias}/${database}`)),
      })),
    inspectAll: ({ server, database }) =>
      call("sql", `inspect all of ${server.alias}/${database}`, () => ({
        users: [...usersOf(users, `${server.alias}/${database}`).values()],
        ...stateOf(rightsIn.get(`${server.alias}/${database}`)),
      })),
    ownRoleMembers: ({ server, database }) =>
      call("sql", `members ${server.alias}/${database}`, () =>
        [...usersOf(users, `${server.alias}/${database}`).values()].flatMap(({ name: member, sid, mark, roles }) =>
          roles.filter((role) => Object.hasOwn(own, role)).map((role) => ({ role, member, sid, mark, isSelf: false })),
        ),
      ),
    change: ({ server, database }, changes) =>
      call("sql", `change ${server.alias}/${database}`, () => {
        const key = `${server.alias}/${database}`;
        const draft = new Map(usersOf(users, key));
        for (const change of changes) apply(draft, change, { clientIdOf, rights: rightsIn.get(key) });
        users.set(key, draft);
      }),
  };
}

function usersOf(users: Users, key: string): Map<string, DatabaseUser> {
  const found = users.get(key);
  if (!found) throw new PermanentError("SQL_REJECTED", `no database ${key}`);
  return found;
}

interface Place {
  readonly clientIdOf: (objectId: PrincipalId) => ClientId;
  readonly rights: Rights | undefined;
}

function apply(users: Map<string, DatabaseUser>, change: UserChange, { clientIdOf, rights }: Place): void {
  if (change.kind === "createFromSid" || change.kind === "createFromProvider") {
    const sid = change.kind === "createFromSid" ? change.sid : sidFromClientId(clientIdOf(change.objectId));
    if (users.has(change.user)) throw new PermanentError("SQL_USER_CONFLICT", `user ${change.user} exists (15023)`);
    if ([...users.values()].some((user) => user.sid === sid)) {
      throw new PermanentError("SQL_SID_TAKEN", `another user has SID ${sid} (15063)`);
    }
    const fresh = { type: "E", roles: [], permissions: [], ownedSchemas: [], mark: undefined };
    users.set(change.user, { name: change.user, sid, ...fresh });
    return;
  }
  const user = users.get(change.user);
  if (change.kind === "drop") {
    if (user && user.ownedSchemas.length > 0) throw new PermanentError("SQL_USER_OWNS_SCHEMA", "owns one (15138)");
    users.delete(change.user);
    return;
  }
  if (!user) throw new PermanentError("SQL_REJECTED", `no user ${change.user} (15151)`);
  requireRights(change, stateOf(rights));
  users.set(change.user, changed(user, change));
}

function requireRights(change: UserChange, state: Omit<DatabaseState, "users">): void {
  const { changeableRoles = state.roles, mayChangeRoles = true, mayGrant = true } = state;
  const refuse = (why: string) => new PermanentError("SQL_FORBIDDEN", why);
  if ((change.kind === "grant" || change.kind === "revoke") && !mayGrant) throw refuse("may grant nothing (4613)");
  if (change.kind !== "addRole" && change.kind !== "removeRole") return;
  if (!state.roles.includes(change.role)) throw new PermanentError("SQL_ROLE_MISSING", `no ${change.role} (15151)`);
  const isFixed = change.role.startsWith("db_");
  if (isFixed ? !mayChangeRoles : !changeableRoles.includes(change.role)) throw refuse(`not ${change.role} (15151)`);
}

function changed(user: DatabaseUser, change: UserChange): DatabaseUser {
  switch (change.kind) {
    case "addRole":
      return { ...user, roles: [...new Set([...user.roles, change.role])].sort() };
    case "removeRole":
      return { ...user, roles: user.roles.filter((role) => role !== change.role) };
    case "grant":
      return { ...user, permissions: [...new Set([...user.permissions, change.permission])].sort() };
    case "revoke":
      return { ...user, permissions: user.permissions.filter((permission) => permission !== change.permission) };
    case "mark":
      return { ...user, mark: change.mark };
    default:
      throw new Error(`unknown change ${change.kind}`);
  }
}
