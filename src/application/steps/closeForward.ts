/**
 * An operation does not begin to undo while one of its steps may still write. The runtime delivers an activity late when its host
 * was down or its queue slow, even for the first time. Both sides write their own row before they read the other's: a step
 * its start, and an undo its own start and a row for each step that has none. So a step either finds the undo or is waited for.
 *
 * Where a process has died in the last attempt of a step, the undo waits for nobody, and nothing says so sooner than the longest
 * time that a function may run. The orchestration has awaited all of its steps by then, but that the runtime has given up an
 * activity does not mean that it has ended, and a result that came may be that of another delivery. Nor can an instance ask
 * another for its processes. A lease that a living process renews would be sooner: but then each write would have to check
 * it first, since a process that has stood still goes on, and rows of other releases have none. So where undos look only once, this
 * rare undo is late; where they look again (landing.ts), it does not wait, and what such an attempt still writes counts as a write
 * without an answer.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import { isSameStep } from "../../domain/operation/stepName.ts";
import type { Registry } from "../../ports/registry.ts";
import { isAttemptOpen, longestAttemptMs } from "../operation/landing.ts";
import { plannedOf } from "../operation/plannedOf.ts";

/** Called by an undo that has recorded its start, before its first look. Returns the steps that have begun. */
export async function closeForward(
  registry: Pick<Registry, "closeSteps">,
  operation: OperationRecord,
  { looksAgain }: { readonly looksAgain: boolean },
): Promise<readonly StepRecord[]> {
  const mostMs = looksAgain ? politeMs : longestAttemptMs;
  const planned = plannedOf(operation);
  for (let waitedMs = 0, pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    const now = new Date();
    const steps = await registry.closeSteps(operation.id, planned, now.toISOString());
    const open = steps.filter((step) => planned.some((each) => isSameStep(each, step)));
    if (waitedMs >= mostMs || !open.some((step) => isUnderWay(step, now))) return steps;
    await sleep(pauseMs);
    waitedMs += pauseMs;
  }
}

/** Not between two attempts, and not longer than any function runs: the process of such an attempt has died. */
function isUnderWay(step: StepRecord, now: Date): boolean {
  const { status, changedTime } = step;
  if (status !== "Running" || !isAttemptOpen(step)) return false;
  return changedTime === undefined || now.getTime() - Date.parse(changedTime) < longestAttemptMs;
}

const firstPauseMs = 50;
const longestPauseMs = 5_000;
/** What a step beside the one that failed usually needs to end. */
const politeMs = 5_000;
