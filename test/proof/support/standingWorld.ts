/** What documents say of a namespace, held at random moments against what its identity can open in a world. */
import "./sleepless.ts";
import { progressOf } from "../../../src/application/documents/standings.ts";
import type { NamespaceRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import type { OperationRecord, StepRecord } from "../../../src/domain/operation/records.ts";
import { requestInForce, type Standing, standingOf } from "../../../src/domain/operation/standing.ts";
import { keysIn } from "../../../src/domain/targets/wanted.ts";
import "../../../src/orchestrations/changeNamespace.ts";
import "../../../src/orchestrations/compensateOperation.ts";
import "../../../src/orchestrations/offboardNamespace.ts";
import "../../../src/orchestrations/onboardNamespace.ts";
import "../../../src/orchestrations/repairNamespace.ts";
import { createDice } from "test-support/random";
import { endVirtualTime } from "../../support/virtualTime.ts";
import { compensate, expire, offboard, offboardAnyway, onboard, repair } from "./acts.ts";
import { calm } from "./faults.ts";
import { checkAccess, checkReach, type Problem } from "./invariants.ts";
import { createStage } from "./stage.ts";
import { createWorld, type World } from "./world.ts";
import { createRequest, withWishes } from "./worldRequests.ts";

export interface Compared {
  readonly problems: readonly Problem[];
  /** The state of each row at each moment that was looked at. */
  readonly seen: readonly string[];
}

/** Of all moments, the part that is looked at. */
const looked = 0.3;

export type Say = typeof standingOf;

/** Somebody else's edits are drift, which documents show as findings: here nobody makes any. */
export async function compare(
  seed: number,
  { say = standingOf, trace }: { readonly say?: Say; readonly trace?: string[] } = {},
): Promise<Compared> {
  const problems = new Set<Problem>();
  const seen: string[] = [];
  const original = createWorld(seed, trace);
  const moments = createDice(seed ^ 0x57a7);
  // What somebody else's identity had before Mooring adopted it is theirs to know.
  const before = new Set(checkReach(original, { ...original.request, databases: [], targets: [] }));
  const look = (after: string) => {
    if (!moments.chance(looked)) return;
    const found = judge(original, say, before);
    seen.push(...found.standing.map(({ state }) => state));
    for (const each of found.problems) problems.add(`after ${after}, ${found.where}: ${each}`);
  };
  const world: World = {
    ...original,
    portsOf: (call) =>
      original.portsOf((wire, name, effect) =>
        call(wire, name, () => {
          const result = effect();
          look(name);
          return result;
        }),
      ),
  };
  try {
    if (!world.hasRemains) await play(world);
  } finally {
    endVirtualTime();
  }
  return { problems: [...problems], seen };
}

async function play(world: World): Promise<void> {
  const { faults, registry, by, dice } = world;
  const stage = createStage(world, { control: {}, isHarmless: false });
  faults.plan = world.weather;
  await stage.play(onboard(world.request, by));
  for (let acts = 4; acts > 0; acts -= 1) {
    const record = await registryCalmly(world, () => registry.getNamespace(world.request));
    const wanted = withWishes(world, createRequest(dice, world.request));
    const failed = record && (await registryCalmly(world, () => registry.getOperation(record.operation)));
    if (!record) await stage.play(onboard(wanted, by));
    else if (record.state === "Incomplete" && failed?.leftUndone && dice.chance(0.5))
      await stage.play(compensate(failed.id, record, by));
    else if (record.state === "Incomplete") await stage.play(dice.pick([offboard(record, by), onboard(wanted, by)]));
    else {
      const [, ...keys] = keysIn(record.request);
      const acts = [
        offboard(record, by),
        repair(record, by),
        expire(record, registry, dice.pick([undefined, ...keys])),
      ];
      await stage.play(dice.chance(0.6) ? onboard(wanted, by) : dice.pick(acts));
    }
  }
  faults.plan = calm;
  await stage.play(offboard(world.request, by));
  await stage.play(offboardAnyway(world.request, by));
}

async function registryCalmly<T>({ faults }: World, read: () => Promise<T>): Promise<T> {
  const { plan } = faults;
  faults.plan = calm;
  try {
    return await read();
  } finally {
    faults.plan = plan;
  }
}

/** All in one moment, from the rows as they are. */
function judge(
  world: World,
  say: Say,
  before: ReadonlySet<Problem>,
): { standing: readonly Standing[]; problems: readonly Problem[]; where: string } {
  const { cluster, namespace } = world.request;
  const rowsOf = (table: string) => [...(world.rows.get(table)?.values() ?? [])];
  const record = rowsOf("MooringNamespaces")
    .map((row) => row.record as NamespaceRecord)
    .find((each) => each.cluster === cluster && each.namespace === namespace);
  if (!record) return { standing: [], problems: [], where: "" };
  const operation = rowsOf("MooringOperations")
    .map((row) => row.record as OperationRecord)
    .find(({ id }) => id === record.operation);
  const steps = rowsOf("MooringSteps")
    .filter(({ partition }) => partition === record.operation)
    .map((row) => row.record as StepRecord)
    .filter(({ status }) => status !== "NotStarted");
  const progress = progressOf(record, operation, steps);
  const standing = say(record, progress);

  const inForce = standing.filter(({ state }) => state === "inForce");
  const claimed = requestInForce(record, inForce);
  const lacking = inForce.length > 0 ? checkAccess(world, claimed) : [];
  // What is asked for may be there as soon as its step runs; while the request waits, nothing of it may.
  const perhaps = standing
    .filter(({ state }) => state !== "awaitingApproval")
    .map((each) => (each.state === "requested" ? { ...each, state: "inForce" as const } : each));
  const reachedBeside = (words: (word: string) => boolean) =>
    checkReach(
      world,
      requestInForce(
        record,
        perhaps.map((each) => ({ ...each, access: each.access.filter(words) })),
      ),
    );
  // A request for both words has one role in Cosmos DB; between two requests there may be one for each.
  const [beside, besideReading] = [reachedBeside(() => true), reachedBeside((word) => word !== "write")];
  const surplus = beside.filter((each) => besideReading.includes(each) && !before.has(each));
  return {
    standing,
    problems: [
      ...lacking.map((each) => `said to be in force, and ${each}`),
      ...surplus.map((each) => `there, and not said: ${each}`),
    ],
    where: `${record.state} of ${operation?.kind} ${JSON.stringify(standing.map(({ target, access, state }) => `${target} ${access.join("+")} ${state}`))} ${JSON.stringify(steps.map(({ name, target, status, action }) => `${name} ${target} ${status} ${action}`))}`,
  };
}
