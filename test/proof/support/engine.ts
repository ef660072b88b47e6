/**
 * The engine's own faults: an orchestration is due while its workers are being replaced, and ends as Failed with what its
 * activities have done by then. Running activities finish; others that were scheduled are lost, or are delivered for the first
 * time while a later run of any operation is under way. An activity that no worker takes comes late in the same run.
 */
import type { Run, RunOptions } from "../../support/durableRunner.ts";
import { calm, type FaultPlan, type Faults } from "./faults.ts";
import { createDice, type Dice } from "./random.ts";

export interface EngineFaults {
  /** Separate dice, so that a world in which the engine never fails stays the same. */
  readonly dice: Dice;
  /** The probability that an orchestration fails, at each of its activities. */
  readonly breaks: number;
  /** The output of the failed instance. */
  readonly text: string;
  /** What was scheduled when an orchestration failed and has not been delivered yet. */
  readonly late: (() => Promise<unknown>)[];
}

type Execute = NonNullable<RunOptions["execute"]>;
type Ended = Pick<Run, "status" | "output">;

const noWorkers = "Orchestrator function 'it' failed: Did not find any initialized language workers";
const defect = "Orchestrator function 'it' failed: Cannot read properties of undefined";

export function createEngineFaults(seed: number): EngineFaults {
  const dice = createDice(seed ^ 0xe029);
  const breaks = dice.pick([0, 0, 0, 0, 0, 0.02, 0.1, 0.5]);
  return { dice, breaks, text: dice.chance(0.8) ? noWorkers : defect, late: [] };
}

/** Runs an orchestration that may fail this way before or after any of its activities. */
export async function breakable(
  { dice, breaks, text, late }: EngineFaults,
  faults: Faults,
  run: (breaking: (execute: Execute) => Execute) => Promise<Run>,
): Promise<Ended> {
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
  /** An activity that no worker takes in this run, however often the runtime tries: its operation is undone before it comes. */
  let lost: string | undefined;
  const isLost = (activity: string, work: () => Promise<unknown>) => {
    if (faults.plan === calm || breaks === 0 || !isBad(faults.plan)) return false;
    if (lost === undefined && /^(connectWorkload|applyPodIdentity|grantDatabase)$/.test(activity) && dice.chance(0.1)) {
      lost = activity;
      late.push(work);
    }
    return lost === activity;
  };
  const delivered: Promise<unknown>[] = [];
  /** Before an activity of this run, or beside it and those that follow it. */
  const deliverLate = async () => {
    while (late.length > 0 && dice.chance(0.5)) {
      faults.trace?.push("  ! an activity comes late");
      const coming = late
        .shift()?.()
        .catch(() => undefined);
      if (coming) delivered.push(coming);
      if (dice.chance(0.5)) await coming;
    }
  };
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
      if (isLost(activity, () => execute(activity, work))) {
        faults.trace?.push(`  ! no worker takes ${activity}`);
        throw new Error(noWorkers);
      }
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
