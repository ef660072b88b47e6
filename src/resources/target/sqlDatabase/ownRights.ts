/**
 * What Mooring's own user needs in a database, and the T-SQL by which a member of db_owner gives it. infra/sql/database-user.sql is
 * all of it for the role bundles.
 */
import { quoteName } from "../../../domain/naming/quoteName.ts";
import type { Conflict } from "../../../domain/operation/plan.ts";
import {
  isFixedRole,
  type OwnRole,
  ownRoleNamed,
  ownRoles,
  printPermissions,
} from "../../../domain/targets/databaseRoles.ts";
import type { Grant } from "../../../domain/targets/roleBundles.ts";
import type { DatabaseState, UserChange } from "../../../ports/databases.ts";

/** What a decision would do with a user. */
interface Doing {
  readonly user: string;
  readonly gives: readonly Grant[];
  readonly changes: readonly UserChange[];
}

interface Lack {
  /** Continues "Mooring's user". */
  readonly what: string;
  readonly script: readonly string[];
  readonly isRole?: true;
}

/** Reports missing rights before the first write, rather than after the identity has been made. */
export function lackOfRights(place: string, state: DatabaseState, doing: Doing): Conflict | undefined {
  const { self = "mooring" } = state;
  const lacks = [
    ...lacksOfUsers(state, self, doing),
    ...lacksOfRoles(state, self, doing),
    ...lacksOfFixed(state, doing),
  ];
  if (lacks.length === 0) return undefined;
  const what = lacks.map((each) => each.what).join("; it ");
  const script = lacks.flatMap((each) => each.script).join(" ");
  return {
    code: lacks.some(({ isRole }) => isRole) ? "SQL_ROLE_MISSING" : "SQL_FORBIDDEN",
    message: `In ${place} Mooring's user ${what}. A member of db_owner has to run there: ${script}`,
  };
}

function lacksOfUsers(state: DatabaseState, self: string, { gives, changes }: Doing): readonly Lack[] {
  const { mayMakeUsers, seesDefinitions } = state;
  const kinds = new Set<UserChange["kind"]>(["createFromSid", "createFromProvider", "drop", "mark"]);
  const isNeeded = gives.length > 0 || changes.some(({ kind }) => kinds.has(kind));
  return [
    ...(mayMakeUsers === false && isNeeded
      ? [{ what: "does not have ALTER ANY USER, and cannot make users", script: [grant("ALTER ANY USER", self)] }]
      : []),
    ...(seesDefinitions === false
      ? [
          {
            what: "does not have VIEW DEFINITION, and cannot see who is in a role",
            script: [grant("VIEW DEFINITION", self)],
          },
        ]
      : []),
  ];
}

function lacksOfRoles(state: DatabaseState, self: string, { gives, changes }: Doing): readonly Lack[] {
  const given = new Set(gives.flatMap(({ kind, name }) => (kind === "role" ? [name] : [])));
  const revoked = changes.flatMap((change) => (change.kind === "removeRole" ? [change.role] : []));
  return [...new Set([...given, ...revoked])]
    .filter((name) => !isFixedRole(name))
    .flatMap((name) => {
      const own = ownRoleNamed(name) ?? { name, permissions: [], schema: undefined };
      return lackOfRole(state, self, own, given.has(name));
    });
}

function lackOfRole(
  { roles, changeableRoles, rolePermissions }: DatabaseState,
  self: string,
  own: OwnRole,
  isGiven: boolean,
): readonly Lack[] {
  const { name } = own;
  if (!roles.includes(name)) {
    return [{ what: `finds no role "${name}"`, script: [...makingOf(own), changingOf(own, self)], isRole: true }];
  }
  const isChangeable = changeableRoles?.includes(name) ?? true;
  const permissions = own.permissions.filter((permission) => {
    const printed = printPermissions({ ...own, permissions: [permission] });
    return isGiven && rolePermissions && !printed.every((each) => rolePermissions[name]?.includes(each));
  });
  return [
    ...(isChangeable ? [] : [{ what: `may not change who is in ${name}`, script: [changingOf(own, self)] }]),
    ...(permissions.length === 0
      ? []
      : [{ what: `finds ${name} without ${permissions.join(", ")}`, script: [grantsTo({ ...own, permissions })] }]),
  ];
}

/** What has no role of Mooring's own, or was given before there was one. */
function lacksOfFixed(state: DatabaseState, doing: Doing): readonly Lack[] {
  return [
    ...(state.mayChangeRoles === false ? lacksOfFixedRoles(state, doing) : []),
    ...(state.mayGrant === false ? lacksOfPermissions(doing) : []),
  ];
}

function lacksOfFixedRoles({ self = "mooring" }: DatabaseState, { user, gives, changes }: Doing): readonly Lack[] {
  const revoked = changes.flatMap((change) =>
    change.kind === "removeRole" && isFixedRole(change.role)
      ? [`ALTER ROLE ${quoteName(change.role)} DROP MEMBER ${quoteName(user)};`]
      : [],
  );
  const what = "is not in db_owner, and cannot";
  return [
    ...(gives.some(({ kind, name }) => kind === "role" && isFixedRole(name))
      ? [{ what: `${what} give roles`, script: [`ALTER ROLE [db_owner] ADD MEMBER ${quoteName(self)};`] }]
      : []),
    ...(revoked.length > 0 ? [{ what: `${what} take roles away`, script: revoked }] : []),
  ];
}

function lacksOfPermissions({ user, gives, changes }: Doing): readonly Lack[] {
  const what = "is neither in db_owner nor in db_securityadmin, and cannot";
  const given = gives.filter(({ kind }) => kind === "permission").map(({ name }) => grant(name, user));
  const revoked = changes.flatMap((change) =>
    change.kind === "revoke" ? [`REVOKE ${change.permission} FROM ${quoteName(user)};`] : [],
  );
  return [
    ...(given.length > 0 ? [{ what: `${what} give permissions`, script: given }] : []),
    ...(revoked.length > 0 ? [{ what: `${what} take permissions away`, script: revoked }] : []),
  ];
}

/** Everything for the role bundles; may run again. */
export function ownRights(self: string): readonly string[] {
  return [
    grant("ALTER ANY USER", self),
    grant("VIEW DEFINITION", self),
    ...ownRoles.flatMap(makingOf),
    ...ownRoles.map((role) => changingOf(role, self)),
  ];
}

function makingOf({ name, ...gives }: OwnRole): readonly string[] {
  const literal = `N'${name.replaceAll("'", "''")}'`;
  return [
    // Owned by dbo, so that the one who runs this can be dropped again.
    `IF DATABASE_PRINCIPAL_ID(${literal}) IS NULL CREATE ROLE ${quoteName(name)} AUTHORIZATION [dbo];`,
    // What a role of the owner's gives, only the owner knows.
    ...(gives.permissions.length > 0 ? [grantsTo({ name, ...gives })] : []),
  ];
}

function grantsTo({ name, permissions, schema }: OwnRole): string {
  return grant(permissions.join(", ") + (schema === undefined ? "" : ` ON SCHEMA::${quoteName(schema)}`), name);
}

function changingOf({ name }: OwnRole, self: string): string {
  return `GRANT ALTER ON ROLE::${quoteName(name)} TO ${quoteName(self)};`;
}

function grant(permissions: string, to: string): string {
  return `GRANT ${permissions} TO ${quoteName(to)};`;
}
