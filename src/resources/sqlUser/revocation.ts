/** Taking back access to a database, entirely or in part, but only what the mark says that Mooring gave. */
import { type Berth, identityName } from "../../domain/naming/names.ts";
import { printMark, type UserMark } from "../../domain/naming/ownership.ts";
import { type Conflict, type StepPlan, stays, throwConflict, toStepPlan } from "../../domain/operation/plan.ts";
import type { StepKey } from "../../domain/operation/stepName.ts";
import { grantsOf } from "../../domain/targets/roleBundles.ts";
import { DatabaseRequest, findDatabase, keyOf } from "../../domain/targets/sqlDatabase.ts";
import type { DatabaseUser, Ports, UserChange } from "../../ports.ts";
import { recordedMarks } from "../definitions/recordedMark.ts";
import { defineStep, RemovalInput, type StepDefinition, StepInput, StepResult } from "../definitions/step.ts";
import { type DatabaseDecision, takeBack } from "./grant.ts";
import { knownMark } from "./knownMark.ts";

type TakingName = Extract<StepKey["name"], "revokeDatabase" | "retireDatabase" | "narrowDatabase">;

interface RevocationInput extends Berth {
  readonly database: DatabaseRequest;
  readonly createdBy?: string | undefined;
}

type Looking = Pick<Ports, "catalog" | "databases" | "registry">;

export async function planRevocation(
  ports: Looking,
  name: TakingName,
  input: RevocationInput,
): Promise<DatabaseDecision> {
  return toDecision(name, input, await decideRevocation(ports, input));
}

interface NarrowingInput extends Omit<RevocationInput, "createdBy"> {
  /** For a plan: the SID that the user will have. A user with another SID is first recreated, with no more than it holds now. */
  readonly next?: { readonly sid: string | undefined };
}

/** Takes back what Mooring gave the user beyond the request's roles. */
export async function planNarrowing(
  ports: Looking,
  name: TakingName,
  input: NarrowingInput,
): Promise<DatabaseDecision> {
  const found = await findOurs(ports, input);
  if (!found) return toDecision(name, input, nothing);
  const wanted = grantsOf(input.database.roles).map((grant) => grant.name);
  const isMadeAnew = input.next !== undefined && input.next.sid !== found.user.sid && found.mark.operation !== null;
  const taken = Object.keys(found.mark.grants).filter(
    (grant) => !wanted.includes(grant) && !(isMadeAnew && !holds(found.user, grant)),
  );
  return toDecision(name, input, taken.length === 0 ? nothing : takeGrants(found, taken));
}

interface Decision {
  readonly action: StepPlan["action"];
  readonly differences: StepPlan["differences"];
  readonly conflict?: Conflict;
  readonly changes: readonly UserChange[];
}

const nothing: Decision = { action: "none", differences: [], changes: [] };

async function decideRevocation(ports: Looking, input: RevocationInput): Promise<Decision> {
  const found = await findOurs(ports, input);
  if (!found) return nothing;
  const { user, mark } = found;
  const { createdBy } = input;
  if (mark.operation !== null && (createdBy === undefined || mark.operation === createdBy)) {
    const held = [...user.roles, ...user.permissions];
    const differences = [
      { field: "user", current: user.name, desired: null },
      ...held.map((field) => ({ field, current: "granted", desired: null })),
    ];
    const changes: readonly UserChange[] = [{ kind: "drop", user: user.name }];
    const conflict = obstacleOf(user, place(input));
    if (conflict) return { action: "conflict", differences, conflict, changes: [] };
    return { action: "delete", differences, changes };
  }
  const taken = Object.entries(mark.grants).filter(([, by]) => createdBy === undefined || by === createdBy);
  if (taken.length === 0 && createdBy !== undefined) return nothing;
  const decision = takeGrants(
    found,
    taken.map(([grant]) => grant),
  );
  if (mark.operation !== null) return decision;
  const kept = { field: "user", current: `${user.name}, not created by Mooring`, desired: stays };
  return { ...decision, differences: [...decision.differences, kept] };
}

/** SQL does not drop a user that others depend on; this detects it before anything is removed. */
function obstacleOf({ name, ownedSchemas, dependants = [] }: DatabaseUser, where: string): Conflict | undefined {
  if (ownedSchemas.length > 0) {
    const message = `In ${where} user "${name}" owns schema ${ownedSchemas.join(", ")} and cannot be dropped.`;
    return { code: "SQL_USER_OWNS_SCHEMA", message };
  }
  if (dependants.length === 0) return undefined;
  const message = `In ${where} user "${name}" has ${dependants.join(", ")} and cannot be dropped.`;
  return { code: "SQL_USER_HAS_DEPENDANTS", message };
}

interface OurUser {
  readonly user: DatabaseUser;
  readonly mark: UserMark;
}

export async function findOurs(
  ports: Looking,
  input: Omit<RevocationInput, "createdBy">,
): Promise<OurUser | undefined> {
  const target = findDatabase(ports.catalog, { ...input.database, roles: [] });
  const { users } = await ports.databases.inspect(target, { name: identityName(input), sid: undefined });
  const [user] = users;
  if (!user) return undefined;
  const about = { berth: input, database: keyOf(input.database), recordedMark: recordedMarks(ports, input) };
  const { mark } = await knownMark(user, about);
  return mark && { user, mark };
}

function takeGrants({ user, mark }: OurUser, taken: readonly string[]): Decision {
  const left = Object.fromEntries(Object.entries(mark.grants).filter(([grant]) => !taken.includes(grant)));
  const isReleased = mark.operation === null && Object.keys(left).length === 0;
  // A grant that somebody else has already revoked is only removed from the mark.
  const held = taken.filter((grant) => holds(user, grant)).toSorted();
  return {
    action: "update",
    differences: held.map((field) => ({ field, current: "granted", desired: null })),
    // The mark comes last: it must never list less than the user has.
    changes: [
      ...held.map((grant) => takeBack(user.name, grant)),
      { kind: "mark", user: user.name, mark: isReleased ? undefined : printMark({ ...mark, grants: left }) },
    ],
  };
}

function holds({ roles, permissions }: DatabaseUser, grant: string): boolean {
  return roles.includes(grant) || permissions.includes(grant);
}

function toDecision(name: TakingName, input: RevocationInput, decision: Decision): DatabaseDecision {
  const { conflict, changes } = decision;
  return { plan: toStepPlan({ name, target: place(input) }, decision), conflict, changes };
}

function place({ database }: Pick<RevocationInput, "database">): string {
  return keyOf(database);
}

function takingStep<I extends StepInput & RevocationInput>(
  name: TakingName,
  input: StepDefinition<I, StepResult>["input"],
  plan: (ports: Looking, name: TakingName, input: I) => Promise<DatabaseDecision>,
) {
  return defineStep({
    name,
    input,
    output: StepResult,
    target: place,
    async run(value, ports, step) {
      const { plan: planned, conflict, changes } = await plan(ports, name, value);
      throwConflict(conflict);
      if (changes.length > 0) {
        await step.willDo(
          planned.action,
          planned.differences.filter(({ desired }) => desired !== stays),
        );
        await ports.databases.change(findDatabase(ports.catalog, { ...value.database, roles: [] }), changes);
      }
      return { action: planned.action };
    },
  });
}

/** Drops the SQL user if Mooring created it, otherwise takes back what Mooring gave it. */
export const revokeDatabase = takingStep(
  "revokeDatabase",
  RemovalInput.extend({ database: DatabaseRequest }),
  planRevocation,
);

/** The same for a database that a change leaves out. */
export const retireDatabase = takingStep(
  "retireDatabase",
  RemovalInput.extend({ database: DatabaseRequest }),
  planRevocation,
);

/** Takes back what Mooring gave beyond the roles of the request. */
export const narrowDatabase = takingStep(
  "narrowDatabase",
  StepInput.extend({ database: DatabaseRequest }),
  planNarrowing,
);
