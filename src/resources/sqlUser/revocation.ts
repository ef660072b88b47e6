/** Revoking access to a database, entirely or in part, but only what the mark says that Mooring gave. */
import { z } from "zod";
import { defined } from "../../domain/defined.ts";
import { type PermanentCode, PermanentError } from "../../domain/errors.ts";
import { identityName, type NamespaceRef } from "../../domain/naming/names.ts";
import { printMark, type UserMark } from "../../domain/naming/ownership.ts";
import { sidFromClientId } from "../../domain/naming/sid.ts";
import { strongest } from "../../domain/operation/actions.ts";
import type { Leftover } from "../../domain/operation/leftover.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import {
  type Conflict,
  type Notice,
  type StepPlan,
  stays as staysAsItIs,
  throwConflict,
  toNotice,
  toOperationError,
  toStepPlan,
} from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { grantsOf } from "../../domain/targets/databaseRoles.ts";
import { DatabaseRequest, findDatabaseOf, keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { DatabaseState, DatabaseUser, UserChange } from "../../ports/databases.ts";
import type { Ports } from "../../ports/index.ts";
import { withDependants } from "../definitions/dependants.ts";
import { leave } from "../definitions/leftCatalog.ts";
import { earlierOf } from "../definitions/operationFacts.ts";
import { recallOf } from "../definitions/recordedMark.ts";
import { defineStep, type Given, type StepContext, type StepInput } from "../definitions/step.ts";
import { eachByItself, noticesOfStaying, type Tidying, tidy, tidyAfterwards } from "../definitions/tidying.ts";
import { describeUser } from "./describeUser.ts";
import { atGiven } from "./givenDatabase.ts";
import { type DatabaseDecision, place, revocationOf } from "./grant.ts";
import { knownMark } from "./knownMark.ts";
import { findUsers, knownSids } from "./knownSids.ts";
import { lackOfRights } from "./ownRights.ts";
import { circumstancesOf } from "./way.ts";

type RevokingName = Extract<StepKey["name"], "revokeDatabase" | "retireDatabase" | "narrowDatabase">;

interface RevocationInput extends NamespaceRef {
  readonly database: DatabaseRequest;
  readonly createdBy?: string | undefined;
}

type Looking = Pick<Ports, "catalog" | "databases" | "identities" | "registry" | "sqlServers">;

export interface RevokingDecision extends DatabaseDecision {
  /** What keeps access because somebody else gave it. */
  readonly notices: readonly Notice[];
  /** The same of a user that was there before: an offboarding leaves it as it was. */
  readonly adopted: readonly Notice[];
  /** What cannot be dropped yet, and opens nothing that Mooring gave. */
  readonly stays: readonly Conflict[];
}

export async function planRevocation(
  ports: Looking,
  name: RevokingName,
  input: RevocationInput,
  undroppable?: Conflict,
): Promise<RevokingDecision> {
  return toDecision(name, input, await decideRevocation(ports, input, undroppable));
}

interface NarrowingInput extends Omit<RevocationInput, "createdBy"> {
  /** For a plan: the SID that the user will have. A user with another SID is first recreated, with no more than it holds now. */
  readonly next?: { readonly sid: string | undefined };
}

/** Revokes what Mooring gave the user beyond the request's roles. */
export async function planNarrowing(
  ports: Looking,
  name: RevokingName,
  input: NarrowingInput,
): Promise<RevokingDecision> {
  const { ours, state } = await findOurs(ports, input);
  const decisions = ours.map((found) => {
    const circumstances = circumstancesOf(state, { ...found, moves: false });
    const wanted = grantsOf(input.database.roles, circumstances).map((grant) => grant.name);
    const isMadeAnew = input.next !== undefined && input.next.sid !== found.user.sid && found.mark.operation !== null;
    const revoked = Object.keys(found.mark.grants).filter(
      (grant) => !wanted.includes(grant) && !(isMadeAnew && !holds(found.user, grant)),
    );
    return revoked.length === 0 ? nothing : withinRights(revokeGrants(found, revoked), found, { state, input });
  });
  return toDecision(name, input, joined(decisions));
}

interface Decision {
  readonly action: StepPlan["action"];
  readonly differences: StepPlan["differences"];
  /** What keeps the rest from being done: access stays. */
  readonly conflict?: Conflict;
  readonly changes: readonly UserChange[];
  /** A user that cannot be dropped yet, and has nothing that Mooring gave. */
  readonly stays?: readonly Conflict[];
}

const nothing: Decision = { action: "none", differences: [], changes: [] };

/** Of all users of the namespace: usually there is one. */
function joined(decisions: readonly Decision[]): Decision & Required<Pick<Decision, "stays">> {
  const conflict = decisions.find((each) => each.conflict)?.conflict;
  return {
    action: strongest(decisions.map(({ action }) => action)),
    differences: decisions.flatMap(({ differences }) => differences),
    ...defined({ conflict }),
    changes: decisions.flatMap(({ changes }) => changes),
    stays: decisions.flatMap(({ stays = [] }) => stays),
  };
}

type Revocation = Decision & Pick<RevokingDecision, "notices" | "adopted" | "stays">;

async function decideRevocation(ports: Looking, input: RevocationInput, undroppable?: Conflict): Promise<Revocation> {
  const { ours, others, adopted, state } = await findOurs(ports, input);
  const notice = (message: string): Notice => ({
    code: "SQL_USER_OF_OTHERS",
    message: `In ${place(input)} ${message}`,
  });
  return {
    ...joined(ours.map((found) => withinRights(revoke(found, { state, input, undroppable }), found, { state, input }))),
    notices: others.map((user) => notice(`the identity is also user ${describeUser(user)}, which somebody else made.`)),
    adopted: adopted.map((user) => notice(`user ${describeUser(user)} was there before, and lets the identity in.`)),
  };
}

/** What Mooring may not revoke keeps nothing else from being revoked. */
function withinRights(decision: Decision, found: OurUser, { state, input }: In): Decision {
  const { changes, differences } = decision;
  const lackOf = (needed: readonly UserChange[]) =>
    lackOfRights(place(input), state, { user: found.user.name, gives: [], changes: needed });
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
  readonly input: RevocationInput;
  /** The database has refused to drop it, for something that no look sees. */
  readonly undroppable?: Conflict | undefined;
}

function revoke({ user, mark }: OurUser, { state, input, undroppable }: In): Decision {
  const { createdBy } = input;
  if (mark.operation !== null && (createdBy === undefined || mark.operation === createdBy)) {
    const held = [...user.roles, ...user.permissions];
    const differences = [
      { field: "user", current: user.name, desired: null },
      ...held.map((field) => ({ field, current: "granted", desired: null })),
    ];
    const obstacle = obstacleOf(user, place(input)) ?? undroppable;
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
function shut({ user, mark }: OurUser, state: DatabaseState, obstacle: Conflict): Decision {
  const { action, ...revoked } = revokeGrants({ user, mark }, Object.keys(mark.grants));
  const changes = Object.keys(mark.grants).length > 0 ? revoked.changes : [];
  const stays = (why: string) => [
    { ...obstacle, message: `${obstacle.message} It has no right that Mooring gave, and ${why}.` },
  ];
  const isClosed = user.isDisabled === true;
  if (isClosed || state.mayGrant === false) {
    if (!isClosed && ownsAccess(user)) return { action: "conflict", ...revoked, changes, conflict: obstacle };
    const why = isClosed ? "nobody can log in as it" : "can still log in: Mooring may not revoke CONNECT";
    return { action: changes.length > 0 ? action : "none", ...revoked, changes, stays: stays(why) };
  }
  return { ...closed(user, { action, ...revoked, changes }), stays: stays("nobody can log in as it") };
}

function closed({ name: user }: DatabaseUser, { action, differences, changes }: Decision): Decision {
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

export async function findOurs(ports: Looking, input: Omit<RevocationInput, "createdBy">): Promise<FoundUsers> {
  const { cluster, namespace } = input;
  const namespaceRef = { cluster, namespace };
  const name = identityName(namespaceRef);
  const sids = await knownSids(ports, namespaceRef, place(input));
  const { database } = input;
  const state = await atGiven(ports, { namespaceRef, database }, (target) => findUsers(ports, target, { name, sids }));
  const { users } = state;
  const about = { database: place(input), ...recallOf(ports, namespaceRef, { withoutRecord: "ours" }) };
  const known = await Promise.all(users.map(async (user) => ({ user, mark: (await knownMark(user, about)).mark })));
  return {
    state,
    ours: known.flatMap(({ user, mark }) => (mark ? [{ user, mark }] : [])),
    others: known.flatMap(({ user, mark }) => (mark || user.name === name ? [] : [user])),
    adopted: known
      .filter(({ user, mark }) => user.name === name && sids.includes(user.sid) && !isMade(mark))
      .map(({ user, mark }) => withoutGrants(user, mark)),
  };
}

function isMade(mark: UserMark | undefined): boolean {
  return mark !== undefined && mark.operation !== null;
}

function withoutGrants(user: DatabaseUser, { grants }: Pick<UserMark, "grants"> = { grants: {} }): DatabaseUser {
  const isOthers = (grant: string) => !(grant in grants);
  return { ...user, roles: user.roles.filter(isOthers), permissions: user.permissions.filter(isOthers) };
}

function revokeGrants({ user, mark }: OurUser, revoked: readonly string[]): Decision {
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

function toDecision(
  name: RevokingName,
  input: RevocationInput,
  { notices = [], adopted = [], ...decision }: Decision & Partial<Revocation>,
): RevokingDecision {
  const { conflict, changes, stays = [] } = decision;
  const plan = toStepPlan({ name, target: place(input) }, decision);
  const left = noticesOfStaying(stays.map(({ message }) => message));
  const planned = withDependants(plan, [{ blockers: [], notices: left }], false);
  return { plan: planned, conflict, changes, notices, adopted, stays };
}

const database = { database: DatabaseRequest };
type OnDatabase = Given<typeof database>;

type Revoking = Omit<RevokingDecision, "adopted">;

/**
 * Each user in a transaction of its own. `decide` is asked again where the database refuses to drop one for what no look sees, such
 * as a certificate: then that one is shut.
 */
export async function carryOut(
  ports: Ports,
  { cluster, namespace, database: on }: NamespaceRef & OnDatabase,
  decide: (undroppable?: Conflict) => Promise<Revoking>,
  willDo: (decision: Revoking) => Promise<void> = async () => undefined,
): Promise<Revoking> {
  const carry = async (decision: Revoking) => {
    if (decision.changes.length === 0) return decision;
    await willDo(decision);
    const ofUser = [...Map.groupBy(decision.changes, ({ user }) => user).values()];
    const namespaceRef = { cluster, namespace };
    const write = (changes: readonly UserChange[]) =>
      atGiven(ports, { namespaceRef, database: on }, (target) => ports.databases.change(target, changes));
    for (const each of eachByItself(ofUser.map((changes) => () => write(changes)))) await each();
    return decision;
  };
  const decision = await decide();
  try {
    return await carry(decision);
  } catch (error) {
    const isKept = error instanceof PermanentError && undroppable.has(error.code);
    if (!isKept || !decision.changes.some(({ kind }) => kind === "drop")) throw error;
    return await carry(await decide({ code: error.code, message: error.message }));
  }
}

const undroppable: ReadonlySet<PermanentCode> = new Set(["SQL_USER_OWNS_SCHEMA", "SQL_USER_HAS_DEPENDANTS"]);

/** Revokes what it can, before it fails with what it cannot. */
async function act(
  decide: (undroppable?: Conflict) => Promise<Revoking>,
  { operation, cluster, namespace, database: on }: StepInput & OnDatabase,
  { ports, step }: { readonly ports: Ports; readonly step: StepContext },
) {
  let said: readonly OperationError[] = [];
  const first = async (refused?: Conflict) => {
    const decision = await decide(refused);
    said = decision.notices.map(({ code, message }) => toNotice(code, message));
    if (said.length > 0) await step.notice(said);
    return decision;
  };
  const willDo = ({ plan: { action, differences } }: Revoking) =>
    step.willDo(
      action === "conflict" ? "update" : action,
      differences.filter(({ desired }) => desired !== staysAsItIs),
    );
  const { plan, conflict, stays } = await carryOut(ports, { cluster, namespace, database: on }, first, willDo);
  throwConflict(conflict);
  const namespaceRef = { cluster, namespace };
  const about = { operation, ...namespaceRef, resource: "sqlUser", target: keyOf(on), place: placeOfLeft(on) } as const;
  const left = await tidyAfterwards(ports, step, about, toTidying(stays));
  if (left.length > 0) await step.notice([...said, ...left]);
  return { action: plan.action };
}

/** The look has seen that it cannot be dropped. */
function toTidying(stays: readonly Conflict[]): readonly Tidying[] {
  return stays.map(({ code, message }) => async () => {
    throw new PermanentError(code, message);
  });
}

const LeftAt = z.object({ kind: z.literal("sqlDatabase"), server: z.string(), database: z.string() });

function placeOfLeft({ server, database }: DatabaseRequest): z.infer<typeof LeftAt> {
  return { kind: "sqlDatabase", server, database };
}

/** What stays of it; nothing where a request asks for the database again. */
export async function tidyUp(
  ports: Ports,
  { cluster, namespace, place: at, what }: Leftover,
  kept: readonly OnboardingRequest[],
): Promise<readonly string[]> {
  const { data } = LeftAt.safeParse(at);
  if (!data) return what;
  const on = { server: data.server, database: data.database, roles: [] };
  const isKept = kept.some(({ databases }) => databases.some((each) => keyOf(each) === keyOf(on)));
  if (isKept) return [];
  const namespaceRef = { cluster, namespace };
  const input = { ...namespaceRef, database: on };
  const decide = (refused?: Conflict) => planRevocation(ports, "revokeDatabase", input, refused);
  const { conflict, stays } = await carryOut(ports, input, decide);
  throwConflict(conflict);
  return await tidy(toTidying(stays));
}

const revoking = {
  given: database,
  target: place,
  whenDropped: leave,
} as const;

/** Drops the SQL user if Mooring created it, otherwise revokes what Mooring gave it. */
export const revokeDatabase = defineStep({
  name: "revokeDatabase",
  stage: "disconnect",
  ...revoking,
  from: ({ request }, target) => ({ database: findDatabaseOf(request, target) }),
  async look(ports, input, { kind, ignoreDependants = false }) {
    const decision = await planRevocation(ports, "revokeDatabase", input);
    return kind === "offboard" ? withUsersOfOthers(decision, ignoreDependants) : decision.plan;
  },
  run: async (input, ports, step) =>
    await act((refused) => planRevocation(ports, "revokeDatabase", input, refused), input, { ports, step }),
});

/** The same for a database that a change leaves out. */
export const retireDatabase = defineStep({
  name: "retireDatabase",
  stage: "replace",
  ...revoking,
  from: (operation, target) => ({ database: findDatabaseOf(earlierOf(operation), target) }),
  async look(ports, input, { kind, ignoreDependants = false }) {
    const { plan, notices, adopted } = await planRevocation(ports, "retireDatabase", input);
    const kept = kind === "offboard" ? notices : [...notices, ...adopted];
    return withUsersOfOthers({ plan, notices: kept }, ignoreDependants);
  },
  async run(input, ports, step) {
    const decide = async (refused?: Conflict) => {
      const { adopted, ...decision } = await planRevocation(ports, "retireDatabase", input, refused);
      return { ...decision, notices: [...decision.notices, ...adopted] };
    };
    return await act(decide, input, { ports, step });
  },
});

/** Revokes what Mooring gave beyond the roles of the request. */
export const narrowDatabase = defineStep({
  name: "narrowDatabase",
  stage: "replace",
  ...revoking,
  from: ({ request }, target) => ({ database: findDatabaseOf(request, target) }),
  async look(ports, input, { identity }) {
    const next = { sid: identity && sidFromClientId(identity.clientId) };
    return (await planNarrowing(ports, "narrowDatabase", { ...input, next })).plan;
  },
  run: async (input, ports, step) =>
    await act(() => planNarrowing(ports, "narrowDatabase", input), input, { ports, step }),
});

/** What would keep access is said before anything is revoked; the steps themselves only report it. */
function withUsersOfOthers(
  { plan, notices }: Pick<RevokingDecision, "plan" | "notices">,
  isIgnored: boolean,
): StepPlan {
  const blockers = notices.map(({ message }) => toOperationError("SQL_USER_OF_OTHERS", message));
  return withDependants(plan, [{ blockers, notices: [] }], isIgnored);
}
