/**
 * One seed of a cancel and its plan: an operation begins in a world and stops somewhere; there somebody plans a cancel, and
 * then cancels. What was undone must match the plan, except for what its notices name.
 */
import { providePorts } from "../../../src/activities/host.ts";
import {
  type Accepted,
  acceptOffboarding,
  acceptOnboarding,
  acceptUpkeep,
} from "../../../src/application/acceptance/acceptance.ts";
import { cancelOperation } from "../../../src/application/decisions/decide.ts";
import { planCancelOf } from "../../../src/application/dryRun/planDecision.ts";
import { prepareMigration } from "../../../src/application/migration/prepareMigration.ts";
import { courseOf, plannedOf } from "../../../src/application/operation/plannedOf.ts";
import { undoStages } from "../../../src/application/process/undoStages.ts";
import { PermanentError, TransientError } from "../../../src/domain/errors.ts";
import type { MigrationRequest } from "../../../src/domain/operation/migration.ts";
import { MigrationPhase } from "../../../src/domain/operation/migration.ts";
import type { Plan, StepPlan } from "../../../src/domain/operation/plan.ts";
import type { OperationRecord, StepRecord } from "../../../src/domain/operation/records.ts";
import { stepInWords } from "../../../src/domain/operation/stepName.ts";
import type { Ports } from "../../../src/ports/index.ts";
import "../../../src/orchestrations/changeNamespace.ts";
import "../../../src/orchestrations/migration.ts";
import "../../../src/orchestrations/offboardNamespace.ts";
import "../../../src/orchestrations/onboardNamespace.ts";
import "../../../src/orchestrations/repairNamespace.ts";
import { createAcceptanceContext, requester, type TestAcceptanceContext } from "../../support/acceptanceContext.ts";
import { inVirtualTime } from "../../support/virtualTime.ts";
import "./sleepless.ts";
import { disturb } from "./drift.ts";
import { calm } from "./faults.ts";
import {
  approvePending,
  clear,
  compareStep,
  everythingIn,
  isWrite,
  type PlannedVerdict,
  refusalOr,
  type Spoil,
} from "./planned.ts";
import { createWorld, type World } from "./world.ts";
import { createRequest, withWishes } from "./worldRequests.ts";

/** Where the operation stops. */
type Rest =
  /** Before the activity of that number, or while it waits for approval. */
  | { readonly before: number }
  /** After the write of that number; then the step continues, its answer is lost, or it fails. */
  | { readonly after: number; readonly answer: "on" | "lost" | "refused" };

const kinds = [
  "onboard",
  "onboard",
  "change",
  "change",
  "migrate",
  "migrate",
  "migrate",
  "offboard",
  "repair",
] as const;

export async function planAndCancel(
  seed: number,
  { spoil = (ports: Ports) => ports, trace = [] }: { spoil?: Spoil; trace?: string[] } = {},
): Promise<PlannedVerdict> {
  const world = createWorld(seed, trace);
  world.faults.plan = calm;
  const { dice } = world;
  const ports = world.portsOf(world.faults.call);
  const acceptance = createAcceptanceContext({ ports });
  // A cluster outside Azure has one mode, and nothing to migrate.
  const isOutside = world.catalog.clusters["aks"]?.kind === "oidc";
  const kind = dice.pick(isOutside ? kinds.filter((each) => each !== "migrate") : kinds);
  // A migration that has already cut over continues from there.
  const isResumed = dice.chance(0.5);
  const goesBack = isResumed && dice.chance(0.6);
  if (kind !== "onboard" || dice.chance(0.6)) clear(world);
  // With pod identity, no profile may have a network policy.
  const { namespaceProfile: _closed, ...open } = world.request;
  const first =
    kind === "migrate"
      ? { ...(world.networkDice ? open : world.request), identityMode: "podIdentity" as const }
      : { ...world.request, ...(isOutside ? { identityMode: "workloadIdentity" as const } : {}) };
  providePorts(ports);
  if (kind !== "onboard") {
    await acceptOnboarding(acceptance, first);
    await approveAndRun(acceptance, ports);
    if (kind === "repair") disturb(world, first);
    if (kind === "migrate" && isResumed) {
      await migrate(acceptance, first, { until: dice.pick(MigrationPhase.options.slice(1)) });
      await approveAndRun(acceptance, ports);
    }
  }
  const { identityMode } = first;
  const begin: Record<(typeof kinds)[number], () => Promise<Accepted>> = {
    onboard: () => acceptOnboarding(acceptance, first),
    change: () =>
      acceptOnboarding(
        acceptance,
        { ...withWishes(world, createRequest(dice)), identityMode },
        { isRemovalConfirmed: true },
      ),
    migrate: () => migrate(acceptance, first, { until: "retire", to: goesBack ? "podIdentity" : "workloadIdentity" }),
    offboard: () => acceptOffboarding(acceptance, first),
    repair: () => acceptUpkeep(acceptance, "Repairing", { namespaceRef: first, prepare: () => ({}) }),
  };
  const accepted = await refusalOr(begin[kind]);
  if (typeof accepted === "string" || !accepted.isNew) return { problems: [], seen: [`${kind} begins nothing`] };
  const rest: Rest = dice.chance(0.5)
    ? { before: dice.roll(14) }
    : { after: 1 + dice.roll(9), answer: dice.pick(["on", "lost", "refused"]) };
  trace.push(`— ${kind} rests ${JSON.stringify(rest)}`);
  return await restAndCancel({ world, ports: spoil(ports), acceptance, rest, kind, trace }, accepted.operation);
}

function migrate(
  acceptance: TestAcceptanceContext,
  namespaceRef: { cluster: string; namespace: string },
  { to = "workloadIdentity", until }: Pick<MigrationRequest, "until"> & Partial<Pick<MigrationRequest, "to">>,
) {
  return acceptUpkeep(acceptance, "Migrating", {
    namespaceRef,
    prepare: (record) => ({ migration: prepareMigration(acceptance.ports, record, { to, until }) }),
  });
}

async function approveAndRun(acceptance: TestAcceptanceContext, { registry }: Ports): Promise<void> {
  await acceptance.run({
    ...inVirtualTime,
    async atRest() {
      const [held] = await registry.heldNamespaces();
      if (await approvePending(registry, held?.operation ?? "")) acceptance.raise("decision");
    },
  });
}

interface Scene {
  readonly world: World;
  readonly ports: Ports;
  readonly acceptance: TestAcceptanceContext;
  readonly rest: Rest;
  readonly kind: string;
  readonly trace: string[];
}

async function restAndCancel(scene: Scene, id: string): Promise<PlannedVerdict> {
  const { world, ports, acceptance, rest, kind, trace } = scene;
  const { registry } = ports;
  const problems: string[] = [];
  let plan: Plan | string | undefined;
  const look = async () => {
    if (plan !== undefined) return;
    await settled(trace);
    const was = [everythingIn(world), JSON.stringify([...world.rows].map(([name, rows]) => [name, [...rows]]))].join();
    const start = trace.length;
    plan = await refusalOr(() => planCancelOf({ ports: acceptance.ports }, id, { by: requester }));
    trace.push(`— planned: ${JSON.stringify(plan)}`);
    const is = [everythingIn(world), JSON.stringify([...world.rows].map(([name, rows]) => [name, [...rows]]))].join();
    const writes = trace.slice(start).filter(isWrite);
    if (was !== is || writes.length > 0) problems.push(`planning has written: ${writes.join()}`);
    const canceled = await refusalOr(() => cancelOperation(registry, id, { by: requester }));
    const told = typeof canceled === "string" ? canceled : "";
    if (told !== (typeof plan === "string" ? plan : "")) problems.push(`planned ${String(plan)}, canceled ${told}`);
  };
  providePorts("after" in rest ? holding(ports, rest, look) : ports);
  let activities = 0;
  await acceptance.run({
    ...inVirtualTime,
    async atRest() {
      const isAsked = "before" in rest && rest.before <= activities && plan === undefined;
      if (isAsked) await look();
      if (isAsked || (await approvePending(registry, id))) acceptance.raise("decision");
    },
    async execute(_name, run) {
      if ("before" in rest && rest.before === activities) await look();
      activities += 1;
      return await run();
    },
  });
  const operation = await registry.getOperation(id);
  if (!operation) return { problems: ["it left no record"], seen: [] };
  trace.push(`— ended ${operation.status} ${operation.error?.message ?? ""}`);
  if (typeof plan !== "object") return { problems, seen: [`${kind} ${plan ?? "not reached"}`] };
  problems.push(...compare(plan, operation, { steps: await registry.listSteps(id), rest }));
  const undone = plan.steps.filter(({ action }) => action !== "none").length;
  return {
    problems,
    seen: [`${kind} ${"before" in rest ? "before" : rest.answer} ${undone === 0 ? "nothing" : "something"}`],
  };
}

/** Waits until the steps that run next to the held one have ended. */
async function settled(trace: readonly string[]): Promise<void> {
  for (let last = -1; last !== trace.length; ) {
    last = trace.length;
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The same ports, which call `look` after the write of that number. */
function holding(ports: Ports, rest: Extract<Rest, { after: number }>, look: () => Promise<void>): Ports {
  let writes = 0;
  const held =
    <A extends readonly unknown[], R>(write: (...input: A) => Promise<R>) =>
    async (...input: A): Promise<R> => {
      const result = await write(...input);
      writes += 1;
      if (writes !== rest.after) return result;
      await look();
      if (rest.answer === "lost") throw new TransientError("ARM_UNAVAILABLE", "no answer came");
      if (rest.answer === "refused") throw new PermanentError("ARM_FORBIDDEN", "it fails only now");
      return result;
    };
  const { identities, cosmosRoles, databases, kubernetes, postgres, registry, roleAssignments } = ports;
  const apply = held(kubernetes.apply);
  return {
    ...ports,
    identities: {
      ...identities,
      put: held(identities.put),
      putFederatedCredential: held(identities.putFederatedCredential),
      removeFederatedCredential: held(identities.removeFederatedCredential),
      remove: held(identities.remove),
    },
    databases: { ...databases, change: held(databases.change) },
    roleAssignments: {
      ...roleAssignments,
      put: held(roleAssignments.put),
      remove: held(roleAssignments.remove),
    },
    cosmosRoles: {
      ...cosmosRoles,
      assign: held(cosmosRoles.assign),
      remove: held(cosmosRoles.remove),
    },
    postgres: {
      ...postgres,
      create: held(postgres.create),
      amendNotes: held(postgres.amendNotes),
      grant: held(postgres.grant),
      revoke: held(postgres.revoke),
      drop: held(postgres.drop),
      replace: held(postgres.replace),
    },
    kubernetes: {
      ...kubernetes,
      apply: (cluster, object, options) => (options?.dryRun ? kubernetes.apply : apply)(cluster, object, options),
      remove: held(kubernetes.remove),
    },
    registry: {
      ...registry,
      // The cut-over is a write to the record.
      replaceNamespace: (next) =>
        (next.state === "Migrating" ? held(registry.replaceNamespace) : registry.replaceNamespace)(next),
    },
  };
}

function compare(
  plan: Plan,
  operation: OperationRecord,
  { steps, rest }: { steps: readonly StepRecord[]; rest: Rest },
): string[] {
  const { kind, error, status } = operation;
  const own = plannedOf(operation, steps);
  const isOwn = (step: { name: string; target: string }) =>
    own.some(({ name, target }) => name === step.name && target === step.target);
  const undone = steps.filter((step) => !isOwn(step) && step.action !== "none");
  const planned = plan.steps.filter(({ action }) => action !== "none");
  const problems = plan.steps.flatMap(({ name, blockers }) => (blockers.length > 0 ? [`${name} is blocked`] : []));
  if (kind === "offboard" || kind === "repair") {
    if (plan.steps.length > 0 || undone.length > 0) problems.push(`${kind} undid something`);
    if (!plan.notices?.[0]?.includes("undoes nothing")) problems.push("the plan does not say that it undoes nothing");
    return problems;
  }
  if (error?.code === "COMPENSATION_FAILED") problems.push(`it ended ${status}: ${error.message}`);
  // Running steps may do more before they see the cancel.
  const stages = undoStages(courseOf(operation));
  const excused: readonly string[] = stages
    .filter((stage) => stage.steps.some((name) => plan.notices?.some((text) => isAtWork(text, name))))
    .flatMap(({ undos }) => undos);
  const isExcused = ({ name, target }: StepPlan | StepRecord) =>
    excused.includes(name) || excused.includes(`${name} ${target}`);
  for (const step of undone) {
    const same = planned.find(({ name, target }) => name === step.name && target === step.target);
    if (step.status !== "Succeeded") problems.push(`${step.name} is ${step.status}`);
    if (isExcused(step) && "after" in rest && rest.answer === "on") continue;
    if (!same) problems.push(`undone, and not planned: ${step.name} ${step.target} ${step.action}`);
    else problems.push(...compareStep(same, step, plan.steps));
  }
  // A migration that fails on its own before it sees the cancel keeps its earlier phases, as its plan says.
  const hasFailed = kind === "migrate" && error?.code !== "OPERATION_CANCELED";
  const mayStay = hasFailed && plan.notices?.some((text) => text.includes("fail by itself"));
  for (const step of planned) {
    if (undone.some(({ name, target }) => name === step.name && target === step.target) || mayStay) continue;
    problems.push(`planned, and not undone: ${step.name} ${step.target} ${step.action}`);
  }
  return problems;
}

function isAtWork(notice: string, step: string): boolean {
  return notice.startsWith(`${stepInWords(step)} `) && notice.includes(" is at work");
}
