/**
 * One seed of plan and run: an operation is planned in a world and then runs in it. Every step's record must match its plan, a
 * blocker in the plan must stop the operation before the first write, and a plan must write nothing. Worlds come from world.ts,
 * and later changes to an onboarded namespace from mess.ts.
 */
import { providePorts } from "../../../src/activities/host.ts";
import {
  type Accepted,
  acceptCompensation,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import { decideApproval } from "../../../src/application/decisions/decide.ts";
import { planCompensationOf } from "../../../src/application/dryRun/planDecision.ts";
import { planRequest } from "../../../src/application/dryRun/planRequest.ts";
import { prepareMigration } from "../../../src/application/migration/prepareMigration.ts";
import { namesOf } from "../../../src/domain/lookUp.ts";
import { postgresRoleName } from "../../../src/domain/naming/names.ts";
import { readRoleMark } from "../../../src/domain/naming/ownership.ts";
import { MigrationPhase } from "../../../src/domain/operation/migration.ts";
import type { OperationError } from "../../../src/domain/operation/operation.ts";
import type { Difference, Plan, StepPlan } from "../../../src/domain/operation/plan.ts";
import { stays } from "../../../src/domain/operation/plan.ts";
import type { OperationRecord, StepRecord } from "../../../src/domain/operation/records.ts";
import { Refusal } from "../../../src/domain/policy/refusal.ts";
import type { OnboardingRequest } from "../../../src/domain/request/request.ts";
import { isOwnAssignment } from "../../../src/domain/targets/cosmos.ts";
import { postgresWords, rightsOf } from "../../../src/domain/targets/postgres.ts";
import { shorten } from "../../../src/domain/watching/audit.ts";
import type { Ports } from "../../../src/ports/index.ts";
import "../../../src/orchestrations/migration.ts";
import "../../../src/orchestrations/offboardNamespace.ts";
import "../../../src/orchestrations/onboardNamespace.ts";
import "../../../src/orchestrations/repairNamespace.ts";
import { approver, createAcceptanceContext, type TestAcceptanceContext } from "../../support/acceptanceContext.ts";
import { inVirtualTime } from "../../support/virtualTime.ts";
import "./sleepless.ts";
import { planDeletion } from "../../../src/application/dryRun/planDeletion.ts";
import { planMigration } from "../../../src/application/dryRun/planMigration.ts";
import { planRepairOf } from "../../../src/application/dryRun/planRepairOf.ts";
import { print } from "../../support/models/kubernetes.ts";
import { calm } from "./faults.ts";
import { incompleteRecord } from "./furnish.ts";
import { addTwin, makeMess } from "./mess.ts";
import { createPolicies, noPolicies, type Policies, withPolicies } from "./policies.ts";
import { removeRights } from "./postgres.ts";
import { postgresPlaces } from "./postgresWorld.ts";
import { createWorld, type World } from "./world.ts";
import { issuer } from "./worldCatalog.ts";
import { createRequest, withWishes } from "./worldRequests.ts";

export interface PlannedVerdict {
  readonly problems: readonly string[];
  /** `onboard Succeeded`, `repair blocked SQL_USER_CONFLICT`: shows which cases the seeds reach. */
  readonly seen: readonly string[];
}

export type Spoil = (ports: Ports) => Ports;
const asItIs: Spoil = (ports) => ports;

interface PlanAndRunOptions {
  /** Changes the ports for runs but not for plans. */
  readonly spoil?: Spoil;
  /** Changes the ports for plans but not for runs. */
  readonly spoilPlan?: Spoil;
  /** Filled with a log of events. */
  readonly trace?: string[];
}

interface Attempt {
  readonly name: string;
  readonly plan: () => Promise<Plan>;
  readonly accept: () => Promise<Accepted>;
}

interface Stage {
  readonly world: World;
  readonly ports: Ports;
  readonly running: Ports;
  readonly acceptance: TestAcceptanceContext;
  readonly trace: string[];
  readonly problems: string[];
  readonly seen: string[];
}

export async function planAndRun(
  seed: number,
  { spoil = asItIs, spoilPlan = asItIs, trace = [] }: PlanAndRunOptions = {},
): Promise<PlannedVerdict> {
  const world = createWorld(seed, trace);
  world.faults.plan = calm;
  const { dice, request } = world;
  let policies: Policies = noPolicies;
  const ports = withPolicies(world.portsOf(world.faults.call), () => policies);
  const stage: Stage = {
    ...{ world, ports, running: spoil(ports), acceptance: createAcceptanceContext({ ports: spoilPlan(ports) }), trace },
    ...{ problems: [], seen: [] },
  };
  let guids = 1_000_000;
  const newGuid = () => {
    guids += 1;
    return `${guids.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
  };

  if (world.hasRemains) await ports.registry.insertNamespace(incompleteRecord(world));
  policies = createPolicies(dice);
  // Later operations need a first one that succeeds, so most worlds have no obstacles to it.
  if (dice.chance(0.7)) {
    policies = noPolicies;
    clear(world);
  }
  await attempt(stage, onboarding(stage, request));
  for (let round = 0; round < 3; round += 1) {
    const record = await ports.registry.getNamespace(request);
    if (!record) break;
    letGo(world);
    if (dice.chance(0.8)) makeMess(world, record.request, newGuid);
    if (dice.chance(0.05)) addTwin(world, record.request, issuer);
    policies = createPolicies(dice);
    await attempt(stage, dice.pick(nextAttempts(stage, record.operation, record.request)));
  }
  return { problems: stage.problems, seen: stage.seen };
}

/** Removes objects that are being deleted, since they would look different at every read. */
function letGo({ objects }: World): void {
  for (const [key, { goodbyes }] of objects) if (goodbyes !== undefined) objects.delete(key);
}

/** Removes everything that could block an onboarding. */
export function clear({ azure, users, objects, postgres, request }: World): void {
  for (const name of [postgresRoleName(request), "by-hand"]) {
    removeRights(postgres, ({ role }) => role === name);
    postgres.roles.delete(name);
  }
  azure.identities.clear();
  azure.credentials.clear();
  azure.bindings.clear();
  azure.managed.clear();
  for (const [id, role] of azure.roleAssignments) if (readRoleMark(role.description)) azure.roleAssignments.delete(id);
  for (const [key, each] of azure.cosmosAccounts) if (isOwnAssignment(each, request)) azure.cosmosAccounts.delete(key);
  for (const inDatabase of users.values()) inDatabase.clear();
  for (const [key, { ref }] of objects) {
    if (ref.namespace === request.namespace || ref.kind === "Namespace" || ref.kind.startsWith("ClusterRole"))
      objects.delete(key);
  }
}

function onboarding({ acceptance }: Stage, request: OnboardingRequest): Attempt {
  return {
    name: "onboard",
    plan: () => planRequest(acceptance, request),
    accept: () => acceptOnboarding(acceptance, request, { isRemovalConfirmed: true }),
  };
}

function nextAttempts(stage: Stage, operation: string, request: OnboardingRequest): readonly Attempt[] {
  const { acceptance, ports, world } = stage;
  const { dice } = world;
  const { cluster, namespace } = request;
  const namespaceRef = { cluster, namespace };
  const changed = {
    ...withWishes(world, createRequest(dice)),
    identityMode: dice.chance(0.9) ? request.identityMode : "workloadIdentity",
  } as const;
  const until = dice.pick(MigrationPhase.options);
  const to = dice.pick(["workloadIdentity", "workloadIdentity", "podIdentity"] as const);
  const wanted = { to, until, ...(dice.chance(0.3) ? { serviceAccount: "migrated" } : {}) };
  const change = onboarding(stage, changed);
  const repair: Attempt = {
    name: "repair",
    plan: () => planRepairOf(acceptance, namespaceRef),
    accept: () => acceptUpkeep(acceptance, "Repairing", { namespaceRef, prepare: () => ({}) }),
  };
  const migrate: Attempt = {
    name: "migrate",
    plan: () => planMigration(acceptance, namespaceRef, { wanted }),
    accept: () =>
      acceptUpkeep(acceptance, "Migrating", {
        namespaceRef,
        prepare: (record) => ({ migration: prepareMigration(ports, record, wanted) }),
      }),
  };
  return [
    change,
    change,
    onboarding(stage, request),
    {
      name: "offboard",
      plan: () => planDeletion(acceptance, namespaceRef),
      accept: () => acceptOffboarding(acceptance, namespaceRef),
    },
    repair,
    repair,
    ...(request.identityMode === "podIdentity" ? [migrate, migrate, migrate] : [migrate]),
    {
      name: "compensate",
      plan: () => planCompensationOf(acceptance, operation),
      accept: () => acceptCompensation(acceptance, operation),
    },
  ];
}

async function attempt(stage: Stage, { name, plan, accept }: Attempt): Promise<void> {
  const { world, ports, running, acceptance, trace, problems, seen } = stage;
  const { registry } = ports;
  const tell = (problem: string) => problems.push(`${name}: ${problem}`);
  const before = everythingIn(world);
  const start = trace.length;
  const planned = await refusalOr(plan);
  trace.push(`— planned ${name}: ${JSON.stringify(planned)}`);
  const writes = trace.slice(start).filter(isWrite);
  if (writes.length > 0 || everythingIn(world) !== before) tell(`planning has written: ${writes.join()}`);

  const accepted = await refusalOr(accept);
  if (typeof planned === "string" || typeof accepted === "string") {
    seen.push(`${name} refused ${planned}`);
    if (planned !== accepted) tell(`the plan was answered ${text(planned)}, the request ${text(accepted)}`);
    return;
  }
  if (planned.operation !== undefined) {
    seen.push(`${name} same`);
    if (accepted.isNew || accepted.operation !== planned.operation)
      tell(`operation ${accepted.operation} is another one`);
    return;
  }
  if (!accepted.isNew) {
    tell("the plan has steps, and nothing runs");
    return;
  }

  providePorts(running);
  const { operation: id } = accepted;
  const ran = trace.length;
  await acceptance.run({
    ...inVirtualTime,
    async atRest() {
      if (await approvePending(registry, id)) acceptance.raise("decision");
    },
  });
  const operation = await registry.getOperation(id);
  const steps = await registry.listSteps(id);
  if (!operation) return void tell("it left no record");
  trace.push(`— ${name} ended ${operation.status} ${operation.error?.code ?? ""} ${operation.error?.message ?? ""}`);
  const isBlocked = planned.blocked;
  seen.push(`${operation.kind} ${isBlocked ? "blocked" : operation.status} ${operation.error?.code ?? ""}`.trim());
  if ((operation.approval !== undefined) !== (planned.needsApproval.length > 0 && !isBlocked)) {
    tell(
      `the plan says of approval ${JSON.stringify(planned.needsApproval)}, and it was ${operation.approval?.decision?.kind}`,
    );
  }
  if (isBlocked && operation.kind === "compensate") {
    for (const problem of checkBlockedUndos(planned, operation, steps)) tell(problem);
    return;
  }
  if (isBlocked) {
    for (const problem of checkBlocked(planned, operation, steps)) tell(problem);
    const laterOnly = planned.steps.every(({ name: step, blockers }) => step === "checkPods" || blockers.length === 0);
    const written = trace.slice(ran).filter(isWorldWrite);
    if (!laterOnly && (written.length > 0 || everythingIn(world) !== before)) tell(`it has written: ${written.join()}`);
    return;
  }
  for (const problem of checkRun(planned, operation, steps)) tell(problem);
}

/**
 * Whether the operation waited for approval, and has it now. It also rests while it waits for pods, or to look again: then only
 * time passes.
 */
export async function approvePending(registry: Ports["registry"], id: string): Promise<boolean> {
  const { approval, cancel } = (await registry.getOperation(id)) ?? {};
  if (!approval || approval.decision || cancel) return false;
  await decideApproval(registry, id, { kind: "approved", by: approver, requestHash: approval.requestHash });
  return true;
}

export async function refusalOr<T>(ask: () => Promise<T>): Promise<T | string> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof Refusal) return error.code;
    throw error;
  }
}

function text(answer: unknown): string {
  return typeof answer === "string" ? answer : "with something to do";
}

const isWorldWrite = (line: string) =>
  /^ {2}(put|remove|change|apply|create|amend|grant|revoke|release|drop) (?!Mooring)/.test(line);
export const isWrite = (line: string) =>
  isWorldWrite(line) || /^ {2}(insert|replace|merge|amend|remove|append|start|publish)\b/.test(line);

/** Everything outside the registry, as text. */
export function everythingIn({ azure, users, objects, postgres }: World): string {
  const inDatabases = [...users].map(([database, inDatabase]) => [database, [...inDatabase.values()]]);
  return JSON.stringify([
    [...azure.identities.values()],
    [...azure.credentials].filter(([name]) => azure.identities.has(name)),
    inDatabases,
    [...azure.roleAssignments.values()],
    [...azure.cosmosAccounts.values()],
    [...postgres.roles],
    [...postgres.items],
    [...postgres.rights.values()],
    [...postgres.memberships],
    [...objects.values()].filter(({ goodbyes }) => goodbyes === undefined).map(print),
  ]);
}

/** The operation ends with the code of one of the blockers, and its message names them all. */
function checkBlocked(plan: Plan, { status, error }: OperationRecord, steps: readonly StepRecord[]): string[] {
  const blockers = plan.steps.flatMap((step) => step.blockers);
  const problems: string[] = [];
  if (status !== "Failed" || !blockers.some(({ code }) => code === error?.code)) {
    const expected = blockers.map(({ code, message }) => `${code} ${message}`).join("; ");
    problems.push(`the plan has the blockers ${expected}; it ended ${status} ${error?.code} ${error?.message}`);
  }
  // Pods that use the previous mode block only a migration's last phase.
  const laterOnly = plan.steps.every(({ name, blockers: own }) => name === "checkPods" || own.length === 0);
  const told = plan.steps.filter(({ name }) => laterOnly || name !== "checkPods").flatMap((step) => step.blockers);
  const missing = told.filter((blocker) => !error?.message.includes(saidToAnyone(blocker)));
  if (missing.length > 0) problems.push(`its error does not say: ${missing.map(({ message }) => message).join(" ")}`);
  const changed = steps.filter(({ action, name }) => action !== undefined && action !== "none" && name !== "checkPods");
  if (!laterOnly && changed.length > 0) problems.push(`a step has done something: ${JSON.stringify(changed)}`);
  return problems;
}

/** What an identity can reach is for operators, as whom the worlds plan; an operation's error is read by others, too. */
function saidToAnyone({ code, message }: OperationError): string {
  if (code !== "IDENTITY_UNRECORDED" && code !== "IDENTITY_HAS_ACCESS") return message;
  return message.split(/ It has users:|: /)[0] ?? message;
}

/** Undos are tried whatever blocks one of them: the others may succeed. */
function checkBlockedUndos(plan: Plan, { status, error }: OperationRecord, steps: readonly StepRecord[]): string[] {
  const problems: string[] = [];
  if (status !== "Failed" || error?.code !== "COMPENSATION_FAILED") problems.push(`it ended ${status} ${error?.code}`);
  for (const { name, target, blockers } of plan.steps) {
    if (blockers.length === 0) continue;
    const step = steps.find((each) => each.name === name && each.target === target);
    if (step?.status !== "Failed") problems.push(`${name} ${target} is blocked; it ended ${step?.status}`);
    for (const { message } of blockers) {
      if (!error?.message.includes(message)) problems.push(`its error does not say: ${message}`);
    }
  }
  return problems;
}

/** What is in the way of these removals alone: the operation fails by one of their names, and does the others. */
function checkLeft(
  plan: Plan,
  left: readonly StepPlan[],
  { status, error }: OperationRecord,
  steps: readonly StepRecord[],
) {
  const recordOf = ({ name, target }: StepPlan) => steps.find((each) => each.name === name && each.target === target);
  const isDone = (step: StepPlan) => recordOf(step)?.status === "Succeeded";
  return [
    ...(status === "Failed" ? [] : [`it ended ${status} although these were in the way: ${JSON.stringify(left)}`]),
    ...(steps.some((step) => step.status === "Failed") ? [] : [`it ended without a step: ${error?.message}`]),
    ...left.filter(isDone).map(({ name, target }) => `${name} ${target} was said to be impossible`),
    ...plan.steps.filter(isDone).flatMap((step) => {
      const record = recordOf(step);
      return record ? compareStep(step, record, plan.steps) : [];
    }),
  ];
}

function checkRun(plan: Plan, operation: OperationRecord, steps: readonly StepRecord[]): string[] {
  const { status, error } = operation;
  const left = plan.steps.filter(({ action }) => action === "conflict");
  if (left.length > 0) return checkLeft(plan, left, operation, steps);
  if (status !== "Succeeded") {
    // What the plan could not check may be refused in the run; the plan has a notice about it.
    const said = new Set(plan.steps.flatMap(({ notices = [] }) => notices.map(({ code }) => code)));
    const { code, message = "" } = error ?? {};
    const isPolicy = said.size > 0 && /a webhook denied|The cluster sets/.test(message);
    const isUnseen = said.has("SQL_NOT_SEEN_YET") && /sql-a/.test(message);
    const isWait = said.has("WAITS_FOR_PODS") && code === "PODS_STILL_USE_POD_IDENTITY";
    // Where no request names it, only the verification looks.
    const isElsewhere = code === "VERIFICATION_FAILED" && /access is role by-hand \(/.test(message);
    return isPolicy || isUnseen || isWait || isElsewhere
      ? []
      : [`nothing was said to be in the way; it ended ${status} ${error?.code}: ${error?.message}`];
  }
  return plan.steps.flatMap((planned) => {
    const record = steps.find(({ name, target }) => name === planned.name && target === planned.target);
    if (!record) return [`step ${planned.name} ${planned.target} did not run`];
    return compareStep(planned, record, plan.steps);
  });
}

export function compareStep(planned: StepPlan, record: StepRecord, all: readonly StepPlan[] = []): string[] {
  if (sharesRole(planned, all)) return compareShared(planned, record);
  const what = `${planned.name} ${planned.target}`;
  // The plan could not look into a database whose server had no administrator.
  if (planned.notices?.some(({ code }) => code === "SQL_NOT_SEEN_YET")) return [];
  if (planned.action !== record.action) return [`${what} was planned as ${planned.action}, and was ${record.action}`];
  // An inventory lists work for people, not differences.
  if (planned.name === "takeInventory") return [];
  const expected = shorten(planned.differences.filter(({ desired }) => desired !== stays));
  const { differences = [] } = record;
  const isSame =
    expected.length === differences.length && expected.every((each, at) => isSameDifference(each, differences[at]));
  return isSame ? [] : [`${what}: planned ${JSON.stringify(expected)}, done ${JSON.stringify(differences)}`];
}

/** One role on a server for several targets: what concerns the role itself, whichever step comes first does. */
function sharesRole({ name, target }: StepPlan, all: readonly StepPlan[]): boolean {
  const isOnServer = (step: StepPlan) => postgresPlaces.some(([alias]) => alias === step.target);
  return isOnServer({ name, target } as StepPlan) && all.some((each) => isOnServer(each) && each.target !== target);
}

/** The rights are those of the plan; CONNECT counts for a database, and may come with another schema. */
function compareShared(planned: StepPlan, record: StepRecord): string[] {
  const ofRole = ["principal ID", "comment", "CONNECT", "role"];
  const rights = (differences: readonly Difference[]) =>
    [
      ...new Set(
        differences
          .filter(({ desired }) => desired !== stays)
          .flatMap(({ field, desired }) => rightsBehind(field).map((right) => `${right} ${desired}`)),
      ),
    ]
      .filter((each) => !ofRole.some((field) => each.startsWith(`${field} `)))
      .toSorted()
      .join();
  const [expected, done] = [rights(planned.differences), rights(record.differences ?? [])];
  const what = `${planned.name} ${planned.target}`;
  const ways = ["create", "update", "adopt", ...(expected === "" ? ["none"] : [])];
  const isAlike = (action: string | undefined) => action !== undefined && ways.includes(action);
  if (planned.action !== record.action && !(isAlike(planned.action) && isAlike(record.action)))
    return [`${what} was planned as ${planned.action}, and was ${record.action}`];
  return expected === done ? [] : [`${what}: planned ${expected}, done ${done}`];
}

function rightsBehind(field: string): readonly string[] {
  const word = namesOf(postgresWords).find((each) => each === field);
  return word ? rightsOf([word]) : [field];
}

/** A plan cannot know the IDs of an identity that only the run creates. */
function isSameDifference(planned: Difference, done: Difference | undefined): boolean {
  const { field, current, desired } = planned;
  if (!done || field !== done.field || current !== done.current) return false;
  if (desired === done.desired) return true;
  const [before = "", after] = desired?.split(/the (?:client id|principal ID) of the identity, once it exists/) ?? [];
  return after !== undefined && done.desired?.startsWith(before) === true && done.desired.endsWith(after);
}
