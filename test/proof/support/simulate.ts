/**
 * One seed, from the first request until nothing is left: an onboarding, whatever comes after it (changes, repairs, migrations,
 * retries, other people), and, once the faults have stopped, an offboarding that must succeed. Acceptance,
 * orchestrations, activities and the registry are the real ones; the clouds and the tables are models, and the
 * orchestrations replay on the SDK's engine.
 */
import "./sleepless.ts";
import { endsFirst } from "../../../src/domain/operation/expiry.ts";
import { besideOf, MigrationPhase, modeLeft, targetOf } from "../../../src/domain/operation/migration.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { IdentityMode, OnboardingRequest } from "../../../src/domain/request/request.ts";
import "../../../src/orchestrations/changeNamespace.ts";
import "../../../src/orchestrations/compensateOperation.ts";
import "../../../src/orchestrations/migration.ts";
import "../../../src/orchestrations/batch.ts";
import "../../../src/orchestrations/offboardNamespace.ts";
import "../../../src/orchestrations/onboardNamespace.ts";
import "../../../src/orchestrations/repairNamespace.ts";
import { createDice } from "test-support/random";
import { watchLeftovers } from "../../../src/application/recovery/watchLeftovers.ts";
import { keysIn } from "../../../src/domain/targets/wanted.ts";
import { endVirtualTime } from "../../support/virtualTime.ts";
import {
  type Act,
  compensate,
  expire,
  expireAgain,
  look,
  migrate,
  offboard,
  offboardAnyway,
  onboard,
  repair,
  takeOver,
  wayBack,
} from "./acts.ts";
import { simulateBatch } from "./batchWorld.ts";
import { operator } from "./callers.ts";
import { changeCatalog } from "./catalogEdits.ts";
import { deployPod, disturb, removePods } from "./drift.ts";
import { calm, createOutage, type FaultPlan } from "./faults.ts";
import { incompleteRecord } from "./furnish.ts";
import { hasHolds, namespaceDeletionMs } from "./holds.ts";
import { checkForeignThere, type Problem } from "./invariants.ts";
import { type Control, calmly } from "./operate.ts";
import { loseRecord, raceForQuota, visitByStranger } from "./others.ts";
import { untidyOnPostgres } from "./postgresWorld.ts";
import { takeSnapshot } from "./snapshot.ts";
import { createStage, type Stage } from "./stage.ts";
import { checkVisitors } from "./visitors.ts";
import { createWorld, type World } from "./world.ts";
import { createRequest, withWishes } from "./worldRequests.ts";

export interface Verdict {
  readonly seed: number;
  readonly problems: readonly Problem[];
  /** Shows which cases the seeds reach: `onboard Succeeded`, `offboard Failed SQL_FORBIDDEN`. */
  readonly seen: readonly string[];
}

export interface SimulateOptions extends Control {
  /** Filled with a log of events. */
  readonly trace?: string[] | undefined;
  /** Changes the world when everything is over. */
  readonly atEnd?: ((world: World) => void) | undefined;
  /** What is changed in the world, so that something rare happens more often. */
  readonly changes?: WorldChanges | undefined;
}

export type WorldChanges = Partial<Pick<World, "weather" | "cancels" | "twice" | "deed">> & {
  /** How many acts there are besides. */
  readonly moreActs?: number;
};

/** One world in ten has batches: it has several namespaces and takes as long as several other worlds. */
export function hasBatches(seed: number): boolean {
  return seed % 10 === 3;
}

/** Half of those have batches over onboarded namespaces. */
function hasNamespaceBatches(seed: number): boolean {
  return seed % 20 === 13;
}

export async function simulate(seed: number, options: SimulateOptions = {}): Promise<Verdict> {
  try {
    return await simulateNow(seed, options);
  } finally {
    endVirtualTime();
  }
}

async function simulateNow(
  seed: number,
  { trace, atEnd, changes = {}, ...control }: SimulateOptions,
): Promise<Verdict> {
  const { moreActs = 0, ...changed } = changes;
  const world: World = { ...createWorld(seed, trace), ...changed };
  const { dice, faults, registry, by, engine } = world;
  // Separate dice, so that every seed keeps the rest of its world.
  world.visitors.chance = createDice(seed ^ 0x7157).pick([0, 0, 0.05, 0.2]);
  if (hasBatches(seed)) {
    const { problems, seen } = await simulateBatch(world, control, hasNamespaceBatches(seed));
    return { seed, problems, seen: [...seen, ...engine.seen] };
  }
  if (hasHolds(seed)) {
    world.holds.isOn = true;
    Object.assign(world.catalog, { retry: { ...world.catalog.retry, namespaceDeletionMs } });
  }
  faults.outage = createOutage(seed);
  const weather = { ...world.weather, refused: String(world.weather.refused), down: String(world.weather.down) };
  trace?.push(JSON.stringify({ seed, by: by.id, request: world.request, weather }));
  const stage = createStage(world, {
    control,
    isHarmless: !isBad(world.weather) && !hasForeign(world) && !world.holds.isOn && !faults.outage,
  });

  if (world.hasRemains) await registry.insertNamespace(incompleteRecord(world));
  faults.plan = world.weather;
  const race = !world.hasRemains && dice.chance(0.05) && !world.holds.isOn ? await raceForQuota(stage) : undefined;
  const request = race ?? world.request;
  if (!race) await stage.play(onboard(request, by));
  const more = (world.roamDice?.pick([0, 1, 2]) ?? 0) + moreActs;
  for (let acts = dice.pick([0, 1, 1, 1, 2, 3]) + more; acts > 0; acts -= 1) {
    world.holds.mayEnd();
    await playOne(stage, request);
  }

  faults.plan = calm;
  removePods(world);
  stage.problems.push(...checkVisitors(world.visitors, world.objects).map((each) => `before the end: ${each}`));
  const record = await registry.getNamespace(request);
  if (record) {
    const asking = record.team === "red" ? operator : by;
    let last = await stage.play(offboard(request, asking));
    if (isOfOthers(last?.error?.code)) {
      world.visitors.mayGo = true;
      last = await stage.play(offboardAnyway(request, asking));
    }
    if (last?.error?.code === "NAMESPACE_HELD") {
      world.holds.end();
      last = await stage.play(world.visitors.mayGo ? offboardAnyway(request, asking) : offboard(request, asking));
    }
    const isObstructed = last?.error?.code === "SQL_USER_OWNS_SCHEMA";
    if (last?.status !== "Succeeded" && !isObstructed) {
      stage.problems.push(`the last offboarding is ${last?.status}: ${last?.error?.message}`);
    }
  } else {
    const changed = checkForeignThere(stage.first, takeSnapshot(world, request));
    stage.problems.push(...changed.map((each) => `at the end: ${each}`));
  }
  const quiet = { log: () => undefined, warn: () => undefined };
  const spoiled = (control.spoil ?? ((ports) => ports))(world.portsOf(faults.call));
  await calmly(world, () => watchLeftovers(spoiled).look(quiet));
  stage.problems.push(...untidyOnPostgres(world.postgres).map((each) => `at the end: ${each}`));
  stage.problems.push(...world.strange);
  atEnd?.(world);
  if (!(await world.verifyAudit())) stage.problems.push("the chain of the audit trail is broken");
  return { seed, problems: stage.problems, seen: [...stage.seen, ...engine.seen] };
}

/** What stops an offboarding unless the caller ignores it. */
function isOfOthers(code: string | undefined): boolean {
  return ["SQL_USER_OF_OTHERS", "IDENTITY_HAS_ROLES", "TARGET_ACCESS_OF_OTHERS"].includes(code ?? "");
}

/** The next act depends on the namespace's state. */
async function playOne(stage: Stage, request: OnboardingRequest): Promise<void> {
  const { world } = stage;
  const { dice, by } = world;
  if (dice.chance(0.05)) await visitByStranger(stage, request);
  const record = await calmly(world, () => world.registry.getNamespace(request));
  const wanted = () => (dice.chance(0.5) ? request : withWishes(world, createRequest(dice, request)));
  if (!record) {
    await stage.play(onboard(wanted(), by));
    return;
  }
  if (record.state === "Incomplete") {
    await stage.play(await nextOfIncomplete(stage, record, wanted));
    return;
  }
  // Separate dice, so that the other worlds stay the same.
  const ends = createDice(world.seed ^ 0xe4d5);
  if (ends.chance(0.08)) {
    // A namespace of these worlds has a database.
    const [first, ...keys] = keysIn(record.request);
    await stage.play(expire(record, world.registry, first === undefined ? undefined : ends.pick([undefined, ...keys])));
    return;
  }
  const isWished = world.deed !== undefined && dice.chance(0.6);
  if (world.deed === "loses a row" ? isWished : dice.chance(0.1)) {
    await loseRecord(stage, record);
    return;
  }
  if (dice.chance(0.1)) {
    await changeCatalog(stage, record, by);
    return;
  }
  if (isWished || dice.chance(0.25) || world.postgresDice?.chance(0.4) || world.networkDice?.chance(0.3)) {
    const before = takeSnapshot(world, record.request);
    if (disturb(world, record.request).isForeign) stage.somebodyMade(record.request);
    const after = takeSnapshot(world, record.request);
    const isOther = (key: string) => !after.has(key) || !before.has(key);
    stage.somebodyChanged([...before.keys(), ...after.keys()].filter(isOther));
    await stage.play(dice.chance(0.5) ? repair(request, by) : look(request, world.registry));
    return;
  }
  const failed = await calmly(world, () => world.registry.getOperation(record.operation));
  // Only a failed migration leaves its namespace onboarded with undos still to run.
  if (failed?.leftUndone && dice.chance(0.6)) await stage.play(wayBack(failed.id, record, by));
  else await playUpkeep(stage, nextOfOnboarded(stage, record, wanted));
}

/** Calls that some of a migration's undos need, and that can be refused. */
const undosOfMigration = [/^remove ServiceAccount$/, /^remove credential$/, /^apply AzureIdentityBinding$/];
const undosOfAnyMigration = [
  ...undosOfMigration,
  ...[/^put credential$/, /^apply ServiceAccount$/, /^remove AzureIdentityBinding$/],
  ...[/^(put|remove) binding$/, /^(apply|remove) ClusterRoleBinding$/],
];

/**
 * A migration and then its undos rarely fail by chance, so some are made to fail in bad weather, and most of those are
 * compensated. Uses separate dice, so that the other worlds stay the same.
 */
async function playUpkeep({ world, ...stage }: Stage, act: Act): Promise<void> {
  const { faults, seed, weather } = world;
  const dice = createDice(seed ^ 0x5eed);
  if (act.name !== "migrate" || !isBad(weather) || !dice.chance(0.3)) return void (await stage.play(act));
  const { plan } = faults;
  faults.plan = { ...plan, refused: dice.pick(world.roamDice ? undosOfAnyMigration : undosOfMigration) };
  const operation = await stage.play({ ...act, cancels: 0.15 });
  faults.plan = plan;
  if (operation?.leftUndone && dice.chance(0.8)) {
    await stage.play(wayBack(operation.id, act.namespaceRef, act.by));
  }
}

async function nextOfIncomplete(
  { world: { dice, registry, by, ...world } }: Stage,
  record: NamespaceRecord,
  wanted: () => OnboardingRequest,
): Promise<Act> {
  const failed = await calmly(world, () => registry.getOperation(record.operation));
  if (failed?.leftUndone && dice.chance(0.6)) return compensate(failed.id, record, by);
  // Separate dice, so that the other worlds stay the same.
  if (failed && endsFirst(failed) && createDice(world.seed ^ 0xa9a1).chance(0.7))
    return expireAgain(record, failed.kind);
  if (record.takenBy !== undefined && createDice(world.seed ^ 0x7a4e).chance(0.5)) return takeOver(record.request);
  return dice.chance(0.5) ? offboard(record, by) : onboard(wanted(), by);
}

function nextOfOnboarded(stage: Stage, record: NamespaceRecord, wanted: () => OnboardingRequest): Act {
  const { world } = stage;
  const { dice, by } = world;
  const choice = dice.next();
  const isOld = record.migration !== undefined || record.request.identityMode === "podIdentity";
  if (world.roamDice ? choice > 0.95 : choice < 0.25) return offboard(record, by);
  if (choice < (isOld || world.roamDice ? 0.75 : 0.3)) {
    if (dice.chance(0.3)) deployPod(world, podsRequest(world, record));
    else if (dice.chance(0.5)) removePods(world);
    const serviceAccount = dice.pick([undefined, undefined, "app", "worker"]);
    return migrate(record, by, {
      to: nextMode(world, record),
      until: dice.pick(MigrationPhase.options),
      serviceAccount,
    });
  }
  if (choice < 0.8) return repair(record, by);
  if (choice < 0.87) return takeOver(wanted());
  return onboard(wanted(), by);
}

/** A stopped migration mostly goes on or back. */
function nextMode({ catalog, roamDice }: World, { request, migration }: NamespaceRecord): IdentityMode {
  if (!roamDice) return "workloadIdentity";
  const modes = catalog.clusters[request.cluster]?.identityModes ?? [];
  const others = modes.filter((mode) => mode !== request.identityMode);
  return roamDice.pick(migration && roamDice.chance(0.8) ? [targetOf(migration), modeLeft(migration)] : others);
}

/** What the namespace's pods have: the mode of its request or, while it migrates, perhaps the other one. */
function podsRequest({ roamDice }: World, { request, migration }: NamespaceRecord): OnboardingRequest {
  const { serviceAccount, selector } = { ...request, ...migration };
  const isOther = migration && roamDice?.chance(0.3);
  const identityMode = (isOther && besideOf(request, migration)) || request.identityMode;
  const ofMode = roamDice ? { identityMode, serviceAccount } : { identityMode: "podIdentity" as const };
  return { ...request, ...ofMode, ...(selector === undefined ? {} : { selector }) };
}

/** Dying processes and repeated deliveries are no excuse for a failure. */
function isBad({ passing, refused, down }: FaultPlan): boolean {
  return passing > 0 || refused !== undefined || down !== undefined;
}

function hasForeign(world: World): boolean {
  return [...takeSnapshot(world, world.request).keys()].some((key) => /mooring|team|theirs/.test(key));
}
