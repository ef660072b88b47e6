/** How often each caller may send requests: a bucket of tokens that fills at a steady rate. */
import type { Limits } from "../../domain/access/access.ts";

export interface RateLimiter {
  /** Undefined when the request may pass; otherwise the whole seconds until it may. Never consumes more than a full bucket. */
  consume(caller: string, tokens?: number): number | undefined;
}

/** How many callers are remembered; beyond that, callers whose buckets have filled up again are forgotten. */
const maxBuckets = 10_000;

export function createRateLimiter(
  { requestsPerSecond, burst }: Pick<Limits, "requestsPerSecond" | "burst">,
  { now = () => performance.now() }: { now?: () => number } = {},
): RateLimiter {
  const buckets = new Map<string, { tokens: number; time: number }>();

  function forgetFull(time: number): void {
    for (const [caller, bucket] of buckets) {
      if (bucket.tokens + ((time - bucket.time) / 1_000) * requestsPerSecond >= burst) buckets.delete(caller);
    }
  }

  return {
    consume(caller, cost = 1) {
      const wanted = Math.min(cost, burst);
      const time = now();
      const { tokens, time: last } = buckets.get(caller) ?? { tokens: burst, time };
      const filled = Math.min(burst, tokens + ((time - last) / 1_000) * requestsPerSecond);
      if (filled < wanted) {
        buckets.set(caller, { tokens: filled, time });
        return Math.ceil((wanted - filled) / requestsPerSecond);
      }
      if (buckets.size >= maxBuckets && !buckets.has(caller)) forgetFull(time);
      buckets.set(caller, { tokens: filled - wanted, time });
      return undefined;
    },
  };
}
