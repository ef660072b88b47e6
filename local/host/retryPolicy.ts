/** A function's `retry`, as the host applies it: to timers, but not to HTTP or Service Bus, whose callers retry themselves. */
import { setTimeout as sleep } from "node:timers/promises";
import * as v from "valibot";

const duration = v.nullish(v.object({ seconds: v.number() }));
const schema = v.object({
  retryStrategy: v.picklist(["fixedDelay", "exponentialBackoff"]),
  /** -1 means without end. */
  maxRetryCount: v.pipe(v.number(), v.integer(), v.minValue(-1)),
  delayInterval: duration,
  minimumInterval: duration,
  maximumInterval: duration,
});
export type RetryPolicy = v.InferOutput<typeof schema>;

/** The source of the SDK's `context.retryContext`. */
export interface RetryContext {
  readonly retryCount: number;
  readonly maxRetryCount: number;
  readonly exception: { readonly message: string; readonly source: string; readonly stackTrace: string };
}

export function parseRetryPolicy(options: unknown): RetryPolicy {
  return v.parse(schema, options);
}

/** Runs `attempt` until it succeeds or the policy ends; the last failure is thrown. */
export async function withRetries<T>(
  policy: RetryPolicy,
  { signal, attempt }: { signal: AbortSignal; attempt: (retry?: RetryContext) => Promise<T> },
): Promise<T> {
  let retry: RetryContext | undefined;
  for (let retryCount = 1; ; retryCount += 1) {
    try {
      return await attempt(retry);
    } catch (error) {
      const { maxRetryCount } = policy;
      if ((maxRetryCount >= 0 && retryCount > maxRetryCount) || signal.aborted) throw error;
      await sleep(delayBefore(retryCount, policy), undefined, { signal }).catch(() => {
        throw error;
      });
      const { message, stack = "" } = error instanceof Error ? error : new Error(String(error));
      retry = { retryCount, maxRetryCount, exception: { message, source: "", stackTrace: stack } };
    }
  }
}

function delayBefore(retry: number, policy: RetryPolicy): number {
  const { retryStrategy, delayInterval, minimumInterval, maximumInterval } = policy;
  if (retryStrategy === "fixedDelay") return (delayInterval?.seconds ?? 0) * 1_000;
  const [least, most] = [minimumInterval?.seconds ?? 0, maximumInterval?.seconds ?? Number.POSITIVE_INFINITY];
  return Math.min(least * 2 ** (retry - 1), most) * 1_000;
}
