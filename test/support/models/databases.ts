/** A model of database users in Azure SQL: one transaction for each change, and errors as the adapter translates them. */

import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { ClientId, PrincipalId } from "../../../src/domain/naming/identityPair.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import type { DatabaseState, DatabaseUser, UserChange } from "../../../src/ports/databases.ts";
import type { Ports } from "../../../src/ports/index.ts";
import type { AzureState } from "./azure.ts";
import type { Calls } from "./calls.ts";

/** By `server/database`, then by name. */
export type Users = Map<string, Map<string, DatabaseUser>>;

/** Of a database: its roles, and what Mooring may do there. */
export type Rights = Omit<DatabaseState, "users">;

interface Server {
  readonly users: Users;
  /** By `server/database`. */
  readonly rightsIn: (key: string) => Rights;
  readonly identities: AzureState["identities"];
  /** Undefined leaves out when a user was made. */
  readonly newTime?: () => string;
}

export function createDatabases(
  { users, rightsIn, identities, newTime }: Server,
  { read, write }: Calls,
): Ports["databases"] {
  const clientIdOf = (objectId: PrincipalId) => {
    const found = [...identities.values()].find(({ principalId }) => principalId === objectId);
    if (!found) throw new TransientError("SQL_PRINCIPAL_NOT_YET_VISIBLE", `nobody has object id ${objectId} (33130)`);
    return found.clientId;
  };
  return {
    inspect: ({ server, database }, { name, sid }) =>
      read(`inspect ${server.alias}/${database}`, () => ({
        users: [...usersOf(users, `${server.alias}/${database}`).values()].filter(
          (user) => user.name === name || user.sid === sid,
        ),
        ...rightsIn(`${server.alias}/${database}`),
      })),
    inspectAll: ({ server, database }) =>
      read(`inspect all of ${server.alias}/${database}`, () => ({
        users: [...usersOf(users, `${server.alias}/${database}`).values()],
        ...rightsIn(`${server.alias}/${database}`),
      })),
    ownRoleMembers: ({ server, database }) =>
      read(`members ${server.alias}/${database}`, () =>
        [...usersOf(users, `${server.alias}/${database}`).values()].flatMap(({ name: member, sid, mark, roles }) =>
          roles
            .filter((role) => role.startsWith("mooring_"))
            .map((role) => ({ role, member, sid, mark, isSelf: false })),
        ),
      ),
    change: ({ server, database }, changes) =>
      write(`change ${server.alias}/${database}`, () => {
        const key = `${server.alias}/${database}`;
        const draft = new Map(usersOf(users, key));
        for (const change of changes) apply(draft, change, { clientIdOf, rights: rightsIn(key), newTime });
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
  readonly rights: Rights;
  readonly newTime: Server["newTime"];
}

function apply(users: Map<string, DatabaseUser>, change: UserChange, { clientIdOf, rights, newTime }: Place): void {
  if (change.kind === "createFromSid" || change.kind === "createFromProvider") {
    const sid = change.kind === "createFromSid" ? change.sid : sidFromClientId(clientIdOf(change.objectId));
    if (users.has(change.user)) throw new PermanentError("SQL_USER_CONFLICT", `user ${change.user} exists (15023)`);
    if ([...users.values()].some((user) => user.sid === sid)) {
      throw new PermanentError("SQL_SID_TAKEN", `another user has SID ${sid} (15063)`);
    }
    const fresh = { type: "E", roles: [], permissions: [], ownedSchemas: [], mark: undefined };
    users.set(change.user, { name: change.user, sid, ...fresh, ...(newTime ? { createdTime: newTime() } : {}) });
    return;
  }
  const user = users.get(change.user);
  if (change.kind === "drop") {
    if (user && user.ownedSchemas.length > 0) throw new PermanentError("SQL_USER_OWNS_SCHEMA", "owns one (15138)");
    users.delete(change.user);
    return;
  }
  if (!user) throw new PermanentError("SQL_REJECTED", `no user ${change.user} (15151)`);
  requireRights(change, rights);
  users.set(change.user, changed(user, change));
}

function requireRights(change: UserChange, state: Rights): void {
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
      if (change.permission === "CONNECT") return { ...user, isDisabled: false };
      return { ...user, permissions: [...new Set([...user.permissions, change.permission])].sort() };
    case "revoke":
      if (change.permission === "CONNECT") return { ...user, isDisabled: true };
      return { ...user, permissions: user.permissions.filter((permission) => permission !== change.permission) };
    case "mark":
      return { ...user, mark: change.mark };
    default:
      throw new Error(`unknown change ${change.kind}`);
  }
}
