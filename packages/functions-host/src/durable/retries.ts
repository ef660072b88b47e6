/** When a retried task is tried again. */
import type { Action } from "./actions.ts";
import { isRecord } from "./json.ts";
import type { Retry } from "./ledger.ts";

export interface RetryDecision {
  readonly fireAt: number;
  readonly last: boolean;
  readonly expired: boolean;
}

const sixDays = 6 * 24 * 60 * 60 * 1000;

export function decideRetry(action: Action | undefined, retry: Retry, now: number): RetryDecision {
  const given = action?.["retryOptions"];
  const options = isRecord(given) ? given : {};
  const attempts = numberOr(options["maxNumberOfAttempts"], 1);
  const last = retry.attempts >= attempts;
  // DurableTask stops without a timer when the time is over or the failure is final. The SDK counts only attempts, so the
  // remaining ones have to fail one after the other without being made; otherwise the orchestrator waits forever.
  const timeout = numberOr(options["retryTimeoutInMilliseconds"], Number.POSITIVE_INFINITY);
  const isFinal = retry.failure?.FailureDetails?.IsNonRetriable === true;
  const expired = isFinal || now >= retry.firstAttemptAt + timeout;
  return { fireAt: last || expired ? now : now + delayAfter(retry.attempts, options), last, expired: expired && !last };
}

/** First interval times coefficient to the power of the retries so far, up to the longest interval. */
function delayAfter(failures: number, options: Readonly<Record<string, unknown>>): number {
  const first = numberOr(options["firstRetryIntervalInMilliseconds"], 0);
  const coefficient = numberOr(options["backoffCoefficient"], 1);
  const longest = numberOr(options["maxRetryIntervalInMilliseconds"], sixDays);
  return Math.min(first * coefficient ** (failures - 1), longest);
}

/** Absent options are undefined or null. */
function numberOr(value: unknown, fallback: number): number {
  return typeof value === "number" ? value : fallback;
}
