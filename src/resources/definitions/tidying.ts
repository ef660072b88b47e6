/**
 * Revoking waits for nothing: what gives access is taken away first, and what is tidied up afterwards may fail, or wait for somebody.
 * Then it stays, is named and remembered, and the watch tries again (application/recovery/watchLeftovers.ts).
 */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import type { Leftover } from "../../domain/operation/leftover.ts";
import type { OperationError } from "../../domain/operation/operation.ts";
import { type Conflict, throwConflict, toNotice } from "../../domain/operation/plan.ts";
import type { Ports } from "../../ports/index.ts";
import type { StepContext } from "./step.ts";

type Write = () => Promise<void>;

/** Fails with what stays. It must be safe while an operation of the namespace begins, and do nothing where there is nothing left. */
export type Tidying = Write;

/** None waits for another: all of them are tried before the first failure that may pass counts or, without such a one, the first. */
export function eachByItself(writes: readonly Write[]): readonly Write[] {
  if (writes.length < 2) return writes;
  return [
    async () => {
      const failures: unknown[] = [];
      for (const write of writes) await write().catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures.find((error) => error instanceof TransientError) ?? failures[0];
    },
  ];
}

export async function inOrder(writes: readonly Write[]): Promise<void> {
  for (const write of writes) await write();
}

/** Writes what may be written, and then fails with what may not. */
export async function carryOut(decision: {
  readonly writes: readonly Write[];
  readonly conflict?: Conflict | undefined;
}): Promise<void> {
  await inOrder(decision.writes);
  throwConflict(decision.conflict);
}

/** What stays of it, one sentence each. */
export async function tidy(
  all: readonly Tidying[],
  mayPass: (error: TransientError) => Promise<boolean> = async () => false,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (const each of all) {
    try {
      await each();
    } catch (error) {
      const isKnown = error instanceof PermanentError || error instanceof TransientError;
      if (!isKnown || (error instanceof TransientError && (await mayPass(error)))) throw error;
      left.push(error.message);
    }
  }
  return left;
}

/** After the last write of a step. Remembers what stays, and returns what the step says of it. */
export async function tidyAfterwards(
  { registry }: Pick<Ports, "registry">,
  step: Pick<StepContext, "isLastTry">,
  about: Omit<Leftover, "since" | "what">,
  all: readonly Tidying[],
): Promise<readonly OperationError[]> {
  const what = await tidy(all, async (error) => !(await step.isLastTry(error)));
  if (what.length > 0) await registry.rememberLeftover({ ...about, since: new Date().toISOString(), what });
  return noticesOfStaying(what);
}

/** Also for a plan, which may see it coming. */
export function noticesOfStaying(what: readonly string[] = []): readonly OperationError[] {
  return what.map((each) => toNotice("LEFT_TO_TIDY", each));
}
