/** Revoking access to a database, entirely or in part, but only what the mark says that Mooring gave. */
import { type PermanentCode, PermanentError } from "../../../domain/errors.ts";
import type { IdentityPair } from "../../../domain/naming/identityPair.ts";
import { identityName } from "../../../domain/naming/names.ts";
import { printMark, type UserMark } from "../../../domain/naming/ownership.ts";
import { sidFromClientId } from "../../../domain/naming/sid.ts";
import { type Conflict, stays as staysAsItIs, throwConflict } from "../../../domain/operation/plan.ts";
import { type DatabaseRole, grantsOf } from "../../../domain/targets/databaseRoles.ts";
import type { DatabaseState, DatabaseUser, UserChange } from "../../../ports/databases.ts";
import type { Ports } from "../../../ports/index.ts";
import { joined } from "../../definitions/joined.ts";
import type { Decision, Revoking } from "../../definitions/targetFamily.ts";
import { describeUser } from "./describeUser.ts";
import { type DatabaseDecision, revocationOf } from "./grant.ts";
import { knownMark } from "./knownMark.ts";
import { findUsers, knownSids } from "./knownSids.ts";
import { lackOfRights } from "./ownRights.ts";
import { type DatabasePlace, reach } from "./place.ts";
import { circumstancesOf } from "./way.ts";

type Looking = Pick<Ports, "catalog" | "databases" | "identities" | "registry" | "sqlServers">;
type Input = Revoking<DatabaseRole>;

/** Of one user, in a transaction of its own. */
interface UserDecision extends DatabaseDecision {
  /** It cannot be dropped yet, and has nothing that Mooring gave. */
  readonly stays?: Conflict;
}

/** `undroppable`: the database has refused to drop the user, for something that no look sees. */
type Decide = (undroppable?: Conflict) => UserDecision;

const nothing: UserDecision = { action: "none", differences: [], changes: [] };

/** Everything, or what Mooring gave beyond the roles that the namespace keeps. */
export async function planRevocation(ports: Looking, place: DatabasePlace, input: Input): Promise<Decision> {
  const isKept = input.keep.length > 0;
  // The operation that gives it again sees to the rest.
  if (isKept && input.triesAgain === true) return { action: "none", differences: [], writes: [] };
  const found = await findOurs(ports, place, input);
  const { state } = found;
  const decided = found.ours.map((user): Decide => {
    if (isKept) return () => withinRights(narrow(user, { state, input }), user, { state, input });
    return (undroppable) => withinRights(revoke(user, { state, input, undroppable }), user, { state, input });
  });
  const ofUsers = decided.map((decide) => planUser(ports, place, decide));
  return {
    ...joined(ofUsers),
    others: found.others.map(
      (user) => `In ${input.target} the identity is also user ${describeUser(user)}, which somebody else made.`,
    ),
    lent: found.adopted.map(
      (user) => `In ${input.target} user ${describeUser(user)} was there before, and lets the identity in.`,
    ),
  };
}

/** A user that the database refuses to drop is shut. */
function planUser(ports: Looking, place: DatabasePlace, decide: Decide): Decision {
  const { changes, stays, ...decision } = decide();
  let left = stays;
  const write = () =>
    reach(ports, place, async (target) => {
      try {
        await ports.databases.change(target, changes);
      } catch (error) {
        const isKept = error instanceof PermanentError && undroppable.has(error.code);
        if (!isKept || !changes.some(({ kind }) => kind === "drop")) throw error;
        const shut = decide({ code: error.code, message: error.message });
        if (shut.changes.length > 0) await ports.databases.change(target, shut.changes);
        throwConflict(shut.conflict);
        left = shut.stays;
      }
    });
  return {
    ...decision,
    writes: changes.length > 0 ? [write] : [],
    tidying: [async () => throwConflict(left)],
    stays: stays ? [stays.message] : [],
  };
}

const undroppable: ReadonlySet<PermanentCode> = new Set(["SQL_USER_OWNS_SCHEMA", "SQL_USER_HAS_DEPENDANTS"]);

function narrow(found: OurUser, { state, input: { keep, granted } }: In): UserDecision {
  const { user, mark } = found;
  const circumstances = circumstancesOf(state, { ...found, moves: false });
  const wanted = grantsOf(keep, circumstances).map((grant) => grant.name);
  // In the plan of a change: a user with another SID is first recreated, with no more than it holds now.
  const isMadeAnew = granted && mark.operation !== null && user.sid !== sidOf(granted.to);
  const revoked = Object.keys(mark.grants).filter(
    (grant) => !wanted.includes(grant) && !(isMadeAnew && !holds(user, grant)),
  );
  return revoked.length === 0 ? nothing : revokeGrants(found, revoked);
}

function sidOf(identity: IdentityPair | undefined): string | undefined {
  return identity && sidFromClientId(identity.clientId);
}

/** What Mooring may not revoke keeps nothing else from being revoked. */
function withinRights(decision: UserDecision, found: OurUser, { state, input }: In): UserDecision {
  const { changes, differences } = decision;
  const lackOf = (needed: readonly UserChange[]) =>
    lackOfRights(input.target, state, { user: found.user.name, gives: [], changes: needed });
  const conflict = changes.length === 0 ? undefined : lackOf(changes);
  if (!conflict) return decision;
  const whole = changes.some(({ kind }) => kind === "drop")
    ? revokeGrants(found, Object.keys(found.mark.grants))
    : decision;
  const allowed = whole.changes.filter((change) => lackOf([change]) === undefined);
  const grants = allowed.flatMap((change) => revokedBy(change) ?? []);
  const [mark] = revokeGrants(found, grants).changes.slice(-1);
  const noted = allowed.some(({ kind }) => kind === "mark") && mark ? [mark] : [];
  const revoked = allowed.filter(({ kind }) => kind !== "mark");
  return { action: "conflict", differences, conflict, changes: revoked.length > 0 ? [...revoked, ...noted] : [] };
}

function revokedBy(change: UserChange): string | undefined {
  if (change.kind === "removeRole") return change.role;
  return change.kind === "revoke" ? change.permission : undefined;
}

interface In {
  readonly state: DatabaseState;
  readonly input: Input;
  readonly undroppable?: Conflict | undefined;
}

function revoke({ user, mark }: OurUser, { state, input, undroppable }: In): UserDecision {
  const { createdBy } = input;
  if (mark.operation !== null && (createdBy === undefined || mark.operation === createdBy)) {
    const held = [...user.roles, ...user.permissions];
    const differences = [
      { field: "user", current: user.name, desired: null },
      ...held.map((field) => ({ field, current: "granted", desired: null })),
    ];
    const obstacle = obstacleOf(user, input.target) ?? undroppable;
    if (obstacle) return shut({ user, mark }, state, obstacle);
    return { action: "delete", differences, changes: [{ kind: "drop", user: user.name }] };
  }
  const revoked = Object.entries(mark.grants).filter(([, by]) => createdBy === undefined || by === createdBy);
  if (revoked.length === 0 && createdBy !== undefined) return nothing;
  const decision = revokeGrants(
    { user, mark },
    revoked.map(([grant]) => grant),
  );
  if (mark.operation !== null) {
    // Without any grant it was shut before, if Mooring may do that.
    const isLast = revoked.length === Object.keys(mark.grants).length;
    return isLast && user.isDisabled !== true && state.mayGrant !== false ? closed(user, decision) : decision;
  }
  const kept = { field: "user", current: `${user.name}, not created by Mooring`, desired: staysAsItIs };
  return { ...decision, differences: [...decision.differences, kept] };
}

/**
 * A user that cannot be dropped loses what Mooring gave it, and its CONNECT: then it opens nothing, whatever it owns. Where Mooring may not
 * revoke CONNECT, a schema or a role that it owns stays open.
 */
function shut({ user, mark }: OurUser, state: DatabaseState, obstacle: Conflict): UserDecision {
  const { action, ...revoked } = revokeGrants({ user, mark }, Object.keys(mark.grants));
  const changes = Object.keys(mark.grants).length > 0 ? revoked.changes : [];
  const stays = (why: string) => ({
    ...obstacle,
    message: `${obstacle.message} It has no right that Mooring gave, and ${why}.`,
  });
  const isClosed = user.isDisabled === true;
  if (isClosed || state.mayGrant === false) {
    if (!isClosed && ownsAccess(user)) return { action: "conflict", ...revoked, changes, conflict: obstacle };
    const why = isClosed ? "nobody can log in as it" : "can still log in: Mooring may not revoke CONNECT";
    return { action: changes.length > 0 ? action : "none", ...revoked, changes, stays: stays(why) };
  }
  return { ...closed(user, { action, ...revoked, changes }), stays: stays("nobody can log in as it") };
}

function closed({ name: user }: DatabaseUser, { action, differences, changes }: UserDecision): UserDecision {
  return {
    action,
    differences: [...differences, { field: connect, current: "granted", desired: null }],
    changes: [{ kind: "revoke", user, permission: connect }, ...changes],
  };
}

/** Whether what it owns may open more than itself. */
function ownsAccess({ ownedSchemas, ownedRoles = [] }: DatabaseUser): boolean {
  return ownedSchemas.length + ownedRoles.length > 0;
}

/** Nothing that Mooring gave is left: the user only waits to be dropped. */
export function waitsToBeDropped(user: DatabaseUser, { operation, grants }: UserMark): boolean {
  const isEmpty = operation !== null && Object.keys(grants).length === 0;
  return isEmpty && (user.isDisabled === true || !ownsAccess(user));
}

const connect = "CONNECT";

/** SQL does not drop a user that others depend on. */
function obstacleOf(
  { name, ownedSchemas, ownedRoles = [], dependants = [] }: DatabaseUser,
  where: string,
): Conflict | undefined {
  if (ownedSchemas.length > 0) {
    const message = `In ${where} user "${name}" owns schema ${ownedSchemas.join(", ")} and cannot be dropped.`;
    return { code: "SQL_USER_OWNS_SCHEMA", message };
  }
  const all = [...ownedRoles.map((role) => `role ${role}`), ...dependants];
  if (all.length === 0) return undefined;
  const message = `In ${where} user "${name}" has ${all.join(", ")} and cannot be dropped.`;
  return { code: "SQL_USER_HAS_DEPENDANTS", message };
}

interface OurUser {
  readonly user: DatabaseUser;
  readonly mark: UserMark;
}

interface FoundUsers {
  /** Whatever somebody renamed them to. */
  readonly ours: readonly OurUser[];
  /** With the identity's SID, under another name: they let the same identity in. */
  readonly others: readonly DatabaseUser[];
  /** With the identity's name and SID, from before; with what others gave. */
  readonly adopted: readonly DatabaseUser[];
  readonly state: DatabaseState;
}

async function findOurs(ports: Looking, place: DatabasePlace, input: Input): Promise<FoundUsers> {
  const { namespaceRef, target: key } = input;
  const name = identityName(namespaceRef);
  const sids = await knownSids(ports, namespaceRef, key);
  const state = await reach(ports, place, (target) => findUsers(ports, target, { name, sids }));
  const known = await Promise.all(
    state.users.map(async (user) => ({ user, mark: (await knownMark(user, input)).mark })),
  );
  return {
    state,
    ours: known.flatMap(({ user, mark }) => (mark ? [{ user, mark }] : [])),
    others: known.flatMap(({ user, mark }) => (mark || user.name === name ? [] : [user])),
    adopted: known
      .filter(({ user, mark }) => user.name === name && sids.includes(user.sid) && !isMade(mark))
      .map(({ user, mark }) => withoutGrants(user, mark)),
  };
}

/** An adopted user stays; if it still has a mark, something was not revoked. One that has nothing of Mooring is only to be tidied up. */
export async function describeRemains(ports: Looking, place: DatabasePlace, input: Input): Promise<readonly string[]> {
  const { ours } = await findOurs(ports, place, input);
  return ours
    .filter(({ mark, user }) => (mark.operation !== null || user.mark !== undefined) && !waitsToBeDropped(user, mark))
    .map(({ user }) => `User ${user.name} is still in ${input.target}.`);
}

function isMade(mark: UserMark | undefined): boolean {
  return mark !== undefined && mark.operation !== null;
}

function withoutGrants(user: DatabaseUser, { grants }: Pick<UserMark, "grants"> = { grants: {} }): DatabaseUser {
  const isOthers = (grant: string) => !(grant in grants);
  return { ...user, roles: user.roles.filter(isOthers), permissions: user.permissions.filter(isOthers) };
}

function revokeGrants({ user, mark }: OurUser, revoked: readonly string[]): UserDecision {
  const left = Object.fromEntries(Object.entries(mark.grants).filter(([grant]) => !revoked.includes(grant)));
  const isReleased = mark.operation === null && Object.keys(left).length === 0;
  // A grant that somebody else has already revoked is only removed from the mark.
  const held = revoked.filter((grant) => holds(user, grant)).toSorted();
  return {
    action: "update",
    differences: held.map((field) => ({ field, current: "granted", desired: null })),
    // The mark comes last: it must never list less than the user has.
    changes: [
      ...held.map((grant) => revocationOf(user.name, grant)),
      { kind: "mark", user: user.name, mark: isReleased ? undefined : printMark({ ...mark, grants: left }) },
    ],
  };
}

function holds({ roles, permissions }: DatabaseUser, grant: string): boolean {
  return roles.includes(grant) || permissions.includes(grant);
}
