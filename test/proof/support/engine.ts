/**
 * The engine's own faults: an orchestration is due while its workers are being replaced, and ends as Failed with what its
 * activities have done by then. Running activities finish; others that were scheduled are lost, or are delivered for the first
 * time while a later run of any operation is under way. So are activities that no worker takes for a while, or as long as the
 * runtime tries: any of an operation or a batch, undos and ends included.
 */

import { createDice, type Dice } from "test-support/random";
import type { Run, RunOptions } from "../../support/durableRunner.ts";
import { calm, type FaultPlan, type Faults } from "./faults.ts";

export interface EngineFaults {
  /** Separate dice, so that a world in which the engine never fails stays the same. */
  readonly dice: Dice;
  /** The probability that an orchestration fails, at each of its activities. */
  readonly breaks: number;
  /** The output of the failed instance. */
  readonly text: string;
  /** What was scheduled and has not been delivered yet: its orchestration has failed, or the runtime has given it up. */
  readonly late: (() => Promise<unknown>)[];
  /** How workers overlook activities. Separate dice, too. */
  readonly losing: { readonly dice: Dice; readonly chance: number };
  /** Filled with what the engine has done, for `Verdict.seen`. */
  readonly seen: string[];
}

type Execute = NonNullable<RunOptions["execute"]>;
type Ended = Pick<Run, "status" | "output">;

const noWorkers = "Orchestrator function 'it' failed: Did not find any initialized language workers";
const defect = "Orchestrator function 'it' failed: Cannot read properties of undefined";

export function createEngineFaults(seed: number): EngineFaults {
  const dice = createDice(seed ^ 0xe029);
  const breaks = dice.pick([0, 0, 0, 0, 0, 0.02, 0.1, 0.5]);
  const losing = createDice(seed ^ 0x24a8);
  const chance = losing.pick([0, 0, 0.1, 0.3]);
  return {
    dice,
    breaks,
    text: dice.chance(0.8) ? noWorkers : defect,
    late: [],
    losing: { dice: losing, chance },
    seen: [],
  };
}

/** One run's activities that no worker takes, and those that come late. */
interface Losing {
  /** Whether no worker takes this try, which may then come late. */
  isLost(activity: string, work: () => Promise<unknown>): boolean;
  /** Delivers what is late before an activity of this run, or beside it and those that follow it. */
  deliverLate(): Promise<void>;
}

function createLosing(
  { dice, breaks, late, losing, seen }: EngineFaults,
  faults: Faults,
  beside: (coming: Promise<unknown>) => void,
): Losing {
  /** By activity: how many further tries find no worker. */
  const lost = new Map<string, number>();
  let isConnectionLost = false;
  /** A step of the stage that connects is lost as long as the runtime tries: its operation is undone before it comes. */
  const losesConnection = (activity: string) => {
    const isOfStage = /^(connectWorkload|applyPodIdentity|grantDatabase)$/.test(activity);
    if (breaks === 0 || isConnectionLost || !isOfStage) return false;
    isConnectionLost = dice.chance(0.1);
    return isConnectionLost;
  };
  const loses = () => losing.chance > 0 && losing.dice.chance(losing.chance);
  return {
    isLost(activity, work) {
      if (faults.plan === calm || !isBad(faults.plan)) return false;
      const left = lost.get(activity);
      if (left === 0) return false;
      if (left === undefined) {
        const isForGood = losesConnection(activity);
        if (!isForGood && !loses()) return false;
        lost.set(activity, isForGood ? Number.POSITIVE_INFINITY : losing.dice.pick([0, 1, mostTries]));
        late.push(work);
        seen.push(`no worker for ${activity}`);
      } else {
        lost.set(activity, left - 1);
        if (losing.chance > 0 && losing.dice.chance(0.2)) late.push(work);
      }
      faults.trace?.push(`  ! no worker takes ${activity}`);
      return true;
    },
    async deliverLate() {
      while (late.length > 0 && dice.chance(0.5)) {
        faults.trace?.push("  ! an activity comes late");
        const coming = late
          .shift()?.()
          .catch(() => undefined);
        if (coming) beside(coming);
        if (dice.chance(0.5)) await coming;
      }
    },
  };
}

/** More than the runtime makes of any activity. */
const mostTries = 6;

/** For an orchestration that does not break off: no worker takes some of its activities, and others come late `beside` them. */
export function lossy(
  engine: EngineFaults,
  faults: Faults,
  beside: (coming: Promise<unknown>) => void,
): (execute: Execute) => Execute {
  const { isLost, deliverLate } = createLosing(engine, faults, beside);
  return (execute) => async (activity, work) => {
    if (isLost(activity, () => execute(activity, work))) throw new Error(noWorkers);
    await deliverLate();
    return await execute(activity, work);
  };
}

/** Runs an orchestration that may fail this way before or after any of its activities. */
export async function breakable(
  engine: EngineFaults,
  faults: Faults,
  run: (breaking: (execute: Execute) => Execute) => Promise<Run>,
): Promise<Ended> {
  const { dice, breaks, text, late } = engine;
  const broken = Promise.withResolvers<Ended>();
  let isBroken = false;
  let underWay = 0;
  const mayBreak = (chance = breaks) => {
    if (isBroken || faults.plan === calm || breaks === 0 || !dice.chance(chance)) return;
    faults.trace?.push("  ! the engine fails the orchestration");
    isBroken = true;
  };
  const end = async () => {
    if (underWay === 0) broken.resolve({ status: "Failed", output: text });
    return await new Promise<never>(() => undefined);
  };
  const delivered: Promise<unknown>[] = [];
  const { isLost, deliverLate } = createLosing(engine, faults, (coming) => delivered.push(coming));
  const breaking =
    (execute: Execute): Execute =>
    async (activity, work) => {
      if (dice.chance(0.5)) mayBreak();
      // The queue is slow: it comes after those that were scheduled with it, or too late.
      if (breaks > 0 && dice.chance(0.3)) {
        while (!isBroken && underWay > 0) await new Promise((resolve) => setImmediate(resolve));
      }
      if (isBroken) {
        if (dice.chance(0.7)) late.push(() => execute(activity, work));
        return await end();
      }
      if (isLost(activity, () => execute(activity, work))) throw new Error(noWorkers);
      underWay += 1;
      await deliverLate();
      const answer = execute(activity, work);
      const recorded = await answer.catch(() => undefined);
      underWay -= 1;
      // After a step that failed for good, the next run undoes at once, and what was scheduled beside it comes late.
      mayBreak(isFailure(recorded) ? 0.5 : breaks);
      return isBroken ? await end() : await answer;
    };
  const ended = await Promise.race([run(breaking), broken.promise]);
  await Promise.all(delivered);
  return ended;
}

function isFailure(recorded: unknown): boolean {
  return typeof recorded === "object" && recorded !== null && "failure" in recorded;
}

/** In any other weather, an operation has to succeed. */
function isBad({ passing, refused, down }: FaultPlan): boolean {
  return passing > 0 || refused !== undefined || down !== undefined;
}
