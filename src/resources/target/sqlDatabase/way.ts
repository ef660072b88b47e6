/**
 * How a user has its role bundles: by Mooring's own roles, or by fixed ones, as 0.1.0 gave them and others still do. What a user has
 * stays until something moves it; then it gets Mooring's role, and loses the fixed one, in the same transaction.
 */
import { lookUp } from "../../../domain/lookUp.ts";
import type { UserMark } from "../../../domain/naming/ownership.ts";
import { type Circumstances, fixedInsteadOf } from "../../../domain/targets/databaseRoles.ts";
import type { Grant } from "../../../domain/targets/roleBundles.ts";
import type { DatabaseTarget } from "../../../domain/targets/sqlDatabase.ts";
import type { DatabaseState, DatabaseUser } from "../../../ports/databases.ts";

interface Having {
  readonly user: Pick<DatabaseUser, "roles" | "permissions">;
  readonly mark: UserMark | undefined;
  /** Whether what Mooring gave by fixed roles is moved now. */
  readonly moves: boolean;
}

/** A database of which the catalog says that Mooring is not in db_owner: what only db_owner may do is left alone, even if it is. */
export function asCataloged({ server, database }: DatabaseTarget, state: DatabaseState): DatabaseState {
  const isOwner = lookUp(server.databases, database)?.mooringIsOwner;
  return isOwner === false ? { ...state, mayChangeRoles: false, mayGrant: false } : state;
}

export function circumstancesOf(
  { roles, mayChangeRoles, mayGrant }: Pick<DatabaseState, "roles" | "mayChangeRoles" | "mayGrant">,
  having?: Having,
): Circumstances {
  return {
    roles,
    mayGive: ({ kind }) => (kind === "role" ? mayChangeRoles : mayGrant) !== false,
    keeps: (fixed, ownRole) =>
      having !== undefined &&
      !having.user.roles.includes(ownRole) &&
      fixed.every((grant) => holds(having.user, grant) && !isLeft(having, grant)),
  };
}

/** What others gave a user of their own counts; a user that Mooring made has Mooring's roles. */
function isLeft({ mark, moves }: Having, { name }: Grant): boolean {
  if (mark && name in mark.grants) return moves;
  return mark !== undefined && mark.operation !== null;
}

export function holds({ roles, permissions }: Having["user"], { kind, name }: Grant): boolean {
  return (kind === "role" ? roles : permissions).includes(name);
}

/** The operation that gave the same by a fixed role: its undo revokes that, and no other. */
export function movedFrom({ grants }: UserMark, ownRole: string): string | undefined {
  return fixedInsteadOf(ownRole)
    .map(({ name }) => grants[name])
    .find((by) => by !== undefined);
}
