/**
 * The engine's own faults: an orchestration is due while its workers are being replaced, and ends as Failed with what its
 * activities have done by then. Running activities finish; others that were scheduled no longer run.
 */
import type { Run, RunOptions } from "../../support/durableRunner.ts";
import { calm, type Faults } from "./faults.ts";
import { createDice, type Dice } from "./random.ts";

export interface EngineFaults {
  /** Separate dice, so that a world in which the engine never fails stays the same. */
  readonly dice: Dice;
  /** The probability that an orchestration fails, at each of its activities. */
  readonly breaks: number;
  /** The output of the failed instance. */
  readonly text: string;
}

type Execute = NonNullable<RunOptions["execute"]>;
type Ended = Pick<Run, "status" | "output">;

const noWorkers = "Orchestrator function 'it' failed: Did not find any initialized language workers";
const defect = "Orchestrator function 'it' failed: Cannot read properties of undefined";

export function createEngineFaults(seed: number): EngineFaults {
  const dice = createDice(seed ^ 0xe029);
  const breaks = dice.pick([0, 0, 0, 0, 0, 0.02, 0.1, 0.5]);
  return { dice, breaks, text: dice.chance(0.8) ? noWorkers : defect };
}

/** Runs an orchestration that may fail this way before or after any of its activities. */
export async function breakable(
  { dice, breaks, text }: EngineFaults,
  faults: Faults,
  run: (breaking: (execute: Execute) => Execute) => Promise<Run>,
): Promise<Ended> {
  const broken = Promise.withResolvers<Ended>();
  let isBroken = false;
  let underWay = 0;
  const mayBreak = () => {
    if (isBroken || faults.plan === calm || !dice.chance(breaks)) return;
    faults.trace?.push("  ! the engine fails the orchestration");
    isBroken = true;
  };
  const end = async () => {
    if (underWay === 0) broken.resolve({ status: "Failed", output: text });
    return await new Promise<never>(() => undefined);
  };
  const breaking =
    (execute: Execute): Execute =>
    async (activity, work) => {
      if (dice.chance(0.5)) mayBreak();
      if (isBroken) return await end();
      underWay += 1;
      const answer = execute(activity, work);
      await answer.catch(() => undefined);
      underWay -= 1;
      mayBreak();
      return isBroken ? await end() : await answer;
    };
  return await Promise.race([run(breaking), broken.promise]);
}
