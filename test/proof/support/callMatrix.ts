/**
 * One call of one operation fails in one way, in a world in which nothing else does (world.ts). A cell is a seed, what is done there, which
 * of its calls, and the way; the same seed makes the same calls up to that one.
 */
import "./sleepless.ts";
import { createDice } from "test-support/random";
import { automaticCredential } from "../../../src/domain/naming/names.ts";
import type { OperationRecord } from "../../../src/domain/operation/records.ts";
import type { IdentityMode } from "../../../src/domain/request/request.ts";
import "../../../src/orchestrations/changeNamespace.ts";
import "../../../src/orchestrations/compensateOperation.ts";
import "../../../src/orchestrations/migration.ts";
import "../../../src/orchestrations/offboardNamespace.ts";
import "../../../src/orchestrations/onboardNamespace.ts";
import "../../../src/orchestrations/repairNamespace.ts";
import { endVirtualTime } from "../../support/virtualTime.ts";
import { type Act, migrate, offboard, onboard, repair } from "./acts.ts";
import { operator } from "./callers.ts";
import { disturb } from "./drift.ts";
import { createEngineFaults } from "./engine.ts";
import { calm, type Script, type ScriptedWay, scriptedWays } from "./faults.ts";
import { checkForeignThere, type Problem } from "./invariants.ts";
import type { Control } from "./operate.ts";
import { type SharedTrial, tryShared } from "./sharedWorld.ts";
import { takeSnapshot } from "./snapshot.ts";
import { createStage, type Stage } from "./stage.ts";
import { createWorld, type World } from "./world.ts";
import { createRequest, withWishes } from "./worldRequests.ts";

export const deeds = ["onboard", "change", "repair", "migrate", "offboard"] as const;
export type Deed = (typeof deeds)[number];

export interface CallCell {
  readonly seed: number;
  /** A namespace's with an identity of its own; a guest's, whose home and another guest are there; a home's with both guests. */
  readonly whose: "own" | "guest" | "home";
  readonly deed: Deed;
  readonly at: number;
  readonly way: ScriptedWay;
}

export interface CallVerdict {
  /** How many calls the deed made; none where the world does not allow it. */
  readonly calls: number;
  /** The call that failed. */
  readonly met: string | undefined;
  readonly problems: readonly Problem[];
}

/** Operations survive these. */
const passing: ReadonlySet<ScriptedWay> = new Set([
  ...(["fails before its effect", "answer lost", "answer lost, and late"] as const),
  ...(["nobody foresaw it", "dies before it", "dies after it"] as const),
]);

interface TryOptions extends Control {
  /** Filled with a log of events. */
  readonly trace?: string[] | undefined;
}

/** With `at: 0`, nothing fails. */
export async function tryCall(
  { seed, whose, deed, at, way = "answer lost" }: Omit<CallCell, "way"> & Partial<Pick<CallCell, "way">>,
  { trace, ...control }: TryOptions = {},
): Promise<CallVerdict> {
  try {
    const trial = { deed, script: { at, way, seen: 0 }, control };
    const world = calmWorld(seed, trace);
    return whose === "own" ? await tryOwn(world, trial) : await trySharing(world, { ...trial, whose });
  } finally {
    endVirtualTime();
  }
}

/** Nothing goes wrong in it by itself. */
function calmWorld(seed: number, trace: string[] | undefined): World {
  const world = createWorld(seed, trace);
  const { losing, ...engine } = createEngineFaults(seed);
  world.faults.plan = calm;
  return {
    ...world,
    cancels: 0,
    twice: 0,
    turnsAgain: 0,
    engine: { ...engine, breaks: 0, losing: { ...losing, chance: 0 } },
  };
}

interface Trial {
  readonly deed: Deed;
  readonly script: Script;
  readonly control: Control;
}

const nothing: CallVerdict = { calls: 0, met: undefined, problems: [] };

/** What must be true of the operation itself; undefined where nothing was scripted, and somebody's things are in the way. */
function verdictOf(
  { met, way, seen: calls }: Script,
  operation: OperationRecord | undefined,
  problems: readonly Problem[],
): CallVerdict {
  const hasSucceeded = operation?.status === "Succeeded";
  if (!met) return hasSucceeded ? { calls, met, problems } : nothing;
  const end = `${operation?.status} ${JSON.stringify(operation?.error)}`;
  const isLost = passing.has(way) && !hasSucceeded;
  return { calls, met: met.name, problems: [...(isLost ? [`it did not ride it out: ${end}`] : []), ...problems] };
}

async function trySharing(world: World, trial: SharedTrial): Promise<CallVerdict> {
  const tried = await tryShared(world, trial);
  if (!tried) return nothing;
  // Where Mooring may not see who binds the identity, Azure's credential for its bindings stays.
  const { met, way } = trial.script;
  const isUnseen = met?.name === "list bindings" && way.startsWith("refused");
  const problems = tried.problems.filter((each) => !isUnseen || !each.endsWith(`credential ${automaticCredential}`));
  return verdictOf(trial.script, tried.operation, problems);
}

async function tryOwn(world: World, { deed, script, control }: Trial): Promise<CallVerdict> {
  const { faults, registry, request, by } = world;
  const stage = createStage(world, { control, isHarmless: false });
  // What an operation without a record left on a target is found by who asks for it again.
  if (world.hasRemains) return nothing;
  if (deed !== "onboard" && (await stage.play(onboard(request, by)))?.status !== "Succeeded") return nothing;
  const act = chooseAct(stage, deed);
  if (!act) return nothing;
  faults.script = script;
  const operation = await stage.play(act);
  faults.script = undefined;
  const record = await registry.getNamespace(request);
  if (record) {
    const last = await stage.play(offboard(request, by));
    if (last?.status !== "Succeeded") {
      stage.problems.push(`the last offboarding is ${last?.status}: ${last?.error?.message}`);
    }
  } else {
    const changed = checkForeignThere(stage.first, takeSnapshot(world, request));
    stage.problems.push(...changed.map((each) => `at the end: ${each}`));
  }
  stage.problems.push(...world.strange);
  if (!(await world.verifyAudit())) stage.problems.push("the chain of the audit trail is broken");
  return verdictOf(script, operation, stage.problems);
}

/** Undefined where the world does not allow it. */
function chooseAct(stage: Stage, deed: Deed): Act | undefined {
  const { world } = stage;
  const { request, by } = world;
  switch (deed) {
    case "onboard":
      return onboard(request, by);
    case "change":
      return onboard(withWishes(world, createRequest(world.dice, request)), by);
    case "repair":
      return chooseRepair(stage);
    case "migrate":
      return chooseMigration(world);
    case "offboard":
      return offboard(request, by);
  }
}

/** After somebody has changed something. */
function chooseRepair(stage: Stage): Act | undefined {
  const { world } = stage;
  const { request } = world;
  const before = takeSnapshot(world, request);
  if (disturb(world, request).isForeign) return undefined;
  const after = takeSnapshot(world, request);
  const isOther = (key: string) => !after.has(key) || !before.has(key);
  stage.somebodyChanged([...before.keys(), ...after.keys()].filter(isOther));
  return repair(request, world.by);
}

function chooseMigration(world: World): Act | undefined {
  const { request, catalog, dice } = world;
  const modes: readonly IdentityMode[] = catalog.clusters[request.cluster]?.identityModes ?? [];
  const others = modes.filter((mode) => mode !== request.identityMode);
  if (others.length === 0) return undefined;
  return migrate(request, operator, { to: dice.pick(others), until: "retire" });
}

export function titleOf({ seed: world, whose, deed, at, way }: CallCell, met: string | undefined): string {
  return `world ${world}, ${whose} ${deed}, call ${at} (${met}): ${way}`;
}

export const everybody = ["own", "guest", "home"] as const;

/** How many calls it makes where nothing fails; none where the world does not allow it. */
export async function countCalls(run: Omit<CallCell, "at" | "way">): Promise<number> {
  const { calls, problems } = await tryCall({ ...run, at: 0 });
  if (problems.length > 0)
    throw new Error([titleOf({ ...run, at: 0, way: "answer lost" }, undefined), ...problems].join("\n  "));
  return calls;
}

export async function* sampled(
  seed: number,
  size: number,
  who: readonly CallCell["whose"][] = everybody,
): AsyncGenerator<CallCell> {
  const dice = createDice(seed);
  for (let count = 0; count < size; ) {
    const run = { seed: dice.roll(1_000_000), whose: dice.pick(who), deed: dice.pick(deeds) };
    const calls = await countCalls(run);
    // A few each, since counting costs as much as a cell.
    for (let some = 0; some < 10 && count < size && calls > 0; some += 1, count += 1) {
      yield { ...run, at: 1 + dice.roll(calls), way: dice.pick(scriptedWays) };
    }
  }
}
