/**
 * An operation does not begin to undo while one of its steps may still write. The runtime delivers an activity late when its host
 * was down or its queue slow, even for the first time. Both sides write their own row before they read the other's: a step
 * its start, and an undo its own start and a row for each step that has none. So a step either finds the undo or is waited for.
 *
 * Where a process has died in the last attempt of a step, the undo waits for nobody, and nothing says so sooner than the longest
 * time that a function may run. The orchestration has awaited all of its steps by then, but that the runtime has given up an
 * activity does not mean that it has ended, and a result that came may be that of another delivery. Nor can an instance ask
 * another for its processes. A lease that a living process renews would be sooner: but then each write would have to check
 * it first, since a process that has stood still goes on, and rows of other releases have none. So this rare undo is late.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { TransientError } from "../../domain/errors.ts";
import type { OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import { isSameStep } from "../../domain/operation/stepName.ts";
import type { Registry } from "../../ports.ts";
import { plannedOf } from "../operation/plannedOf.ts";

/**
 * Called by an undo that has recorded its start, before its first look. Ends well before its function would: the host of Azure
 * ends the whole worker process with a function that runs too long. The runtime then tries the undo again, which goes on waiting.
 */
export async function closeForward(
  registry: Pick<Registry, "closeSteps">,
  operation: OperationRecord,
  { now = Date.now, pause = sleep }: { now?: () => number; pause?: (ms: number) => Promise<unknown> } = {},
): Promise<void> {
  const planned = plannedOf(operation);
  const begun = now();
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const time = now();
    const steps = await registry.closeSteps(operation.id, planned, new Date(time).toISOString());
    const open = steps.find((step) => planned.some((each) => isSameStep(each, step)) && isUnderWay(step, time));
    if (!open) return;
    if (now() + pauseMs > begun + longestWaitMs) throw underWay(open);
    await pause(pauseMs);
  }
}

/** Not between two attempts, and not longer than any function runs: the process of such an attempt has died. */
function isUnderWay({ status, nextRetryTime, startTime, changedTime = startTime }: StepRecord, now: number): boolean {
  if (status !== "Running") return false;
  const changed = Date.parse(changedTime);
  const isBetween = nextRetryTime !== undefined && changed < Date.parse(nextRetryTime);
  return !isBetween && now - changed < functionTimeoutMs;
}

function underWay({ name, target }: StepRecord): TransientError {
  return new TransientError("STEP_UNDER_WAY", `${name} ${target} began and has not ended; it may still write.`);
}

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** The functionTimeout in host.json. */
const functionTimeoutMs = 600_000;
/** Leaves an undo that has waited a minute for its own work, and the longest pause that a service may ask for (runStep.ts). */
const longestWaitMs = functionTimeoutMs - 180_000;
