/** When a step that is done as far as it sees looks again. */
import { toNotice } from "../../domain/operation/plan.ts";
import type { StepRecord } from "../../domain/operation/records.ts";
import { isSameStep, type StepKey, stepInWords, stepText } from "../../domain/operation/stepName.ts";
import { delayOf, type RetryPolicy } from "../../durable/retry.ts";
import { findLanding, type When } from "../operation/landing.ts";
import type { StepTrail } from "./stepTrail.ts";

interface Looked {
  readonly step: StepKey;
  readonly retry: RetryPolicy;
  /** For an undo: the steps of the operation that it undoes. */
  readonly steps?: readonly StepRecord[] | undefined;
  readonly tries: number;
  /** It did not find what the records say was made. */
  readonly isMissed?: boolean | undefined;
}

interface Reason {
  readonly until: string;
  readonly code: "WRITE_UNANSWERED" | "LOOK_UNCONFIRMED";
  readonly message: string;
}

/** RFC 3339: soon at first, and last when nothing that it removes may appear any more. Undefined if it is done. */
export async function lookAgainAt(
  trail: Pick<StepTrail, "begun" | "notice">,
  { step, retry, steps = [], tries, isMissed = false }: Looked,
): Promise<string | undefined> {
  const { landingMs = 0 } = retry;
  const { before } = await trail.begun;
  const now = Date.now();
  const rows = [...steps.filter((each) => !isSameStep(each, step)), ...(before ? [before] : [])];
  const reason =
    whyUnanswered(step, rows, { landingMs, now }) ??
    (isMissed && before?.action !== "delete" ? whyUnconfirmed(step, before, { landingMs, now }) : undefined);
  const noticed = before?.notices?.[0]?.code;
  if (noticed !== reason?.code) await trail.notice(reason ? [toNotice(reason.code, reason.message)] : []);
  return reason && new Date(Math.min(now + delayOf(retry, tries), Date.parse(reason.until))).toISOString();
}

function whyUnanswered(step: StepKey, rows: readonly StepRecord[], when: When): Reason | undefined {
  const landing = findLanding(step, rows, when);
  if (!landing) return undefined;
  const { until, steps } = landing;
  const message = `${steps.map(stepText).join(", ")}: an attempt ended without an answer. What it wrote may still take effect until ${until}, so "${stepInWords(step.name)}" looks again until then.`;
  return { until, code: "WRITE_UNANSWERED", message };
}

function whyUnconfirmed(step: StepKey, before: StepRecord | undefined, { landingMs, now }: When): Reason | undefined {
  const until = Date.parse(before?.startTime ?? new Date(now).toISOString()) + Math.min(landingMs, staleReadMs);
  if (until <= now) return undefined;
  const time = new Date(until).toISOString();
  const message = `${stepText(step)}: Azure does not find what was made before. "${stepInWords(step.name)}" looks again, until ${time}, before it believes that.`;
  return { until: time, code: "LOOK_UNCONFIRMED", message };
}

/** Longer than what Azure Resource Manager makes known to all of its front ends takes, which is seconds. */
const staleReadMs = 30_000;
