/**
 * Until when a write without an answer may still take effect. Azure and an API server finish what they have begun although the
 * sender has died or waits no longer, so one look that finds nothing proves nothing. An undo therefore looks again until the
 * writes that it undoes, and its own earlier ones, have either taken effect or never will (`landingMs` of the catalog).
 */
import type { StepRecord } from "../../domain/operation/records.ts";
import { isSameStep, type StepKey } from "../../domain/operation/stepName.ts";
import { everyStep, isOutward, isStepName } from "../process/index.ts";

/** RFC 3339, with the steps whose writes may take effect until then; undefined if none may. */
export interface Landing {
  readonly until: string;
  readonly steps: readonly Pick<StepRecord, "name" | "target">[];
}

/** `steps` are those of the operation that is undone, and the undo's own row as it was before this attempt. */
export function findLanding(
  undo: StepKey,
  steps: readonly StepRecord[],
  { landingMs, now }: When,
): Landing | undefined {
  return landingOf(
    steps.filter((step) => isSameStep(step, undo) || isUndoneBy(undo, step)),
    { landingMs, now },
  );
}

/** Of all steps of an operation that write outside Mooring. */
export function findOutwardLanding(steps: readonly StepRecord[], when: When): Landing | undefined {
  return landingOf(
    steps.filter(({ name }) => isStepName(name) && isOutward(name)),
    when,
  );
}

export interface When {
  readonly landingMs: number;
  readonly now: number;
}

function landingOf(steps: readonly StepRecord[], { landingMs, now }: When): Landing | undefined {
  const open = steps.flatMap((step) => {
    const sent = sentUntil(step, now);
    const until = sent === undefined ? undefined : sent + landingMs;
    return until !== undefined && until > now ? [{ step, until }] : [];
  });
  if (open.length === 0) return undefined;
  return {
    until: new Date(Math.max(...open.map(({ until }) => until))).toISOString(),
    steps: open.map(({ step: { name, target } }) => ({ name, target })),
  };
}

function isUndoneBy({ name, target }: StepKey, step: StepRecord): boolean {
  const undo = everyStep.find((each) => each.name === step.name)?.undo;
  return step.target === target && (undo?.by === name || undo?.ofChange === name);
}

/** The last time at which it may have sent what nobody answered. */
function sentUntil(step: StepRecord, now: number): number | undefined {
  const { unansweredTime } = step;
  const known = unansweredTime === undefined ? undefined : Date.parse(unansweredTime);
  if (!isAttemptOpen(step)) return known;
  const lastHeardTime = step.changedTime ?? step.startTime;
  // A living process writes for no longer than a function may run. Without that limit, an undo would look again without end.
  const last = lastHeardTime === undefined ? now : Math.min(now, Date.parse(lastHeardTime) + longestAttemptMs);
  return known === undefined ? last : Math.max(known, last);
}

/** Whether an attempt has begun and not said how it ended. Rows of 0.1.0 show it only by what else they say. */
export function isAttemptOpen({ isOpen, status, nextRetryTime, changedTime }: StepRecord): boolean {
  if (isOpen !== undefined) return isOpen;
  if (status !== "Running") return false;
  return nextRetryTime === undefined || changedTime === undefined || changedTime >= nextRetryTime;
}

/** The functionTimeout in host.json. */
export const longestAttemptMs = 600_000;
