import { RetryOptions } from "durable-functions";
import { z } from "zod";

/** How the runtime tries a step again. It enters an orchestration through its input, so a replay sees the same. */
export const RetryPolicy = z.object({
  firstIntervalMs: z.int().positive(),
  maxIntervalMs: z.int().positive(),
  /** The first try included. */
  attempts: z.int().positive(),
});
export type RetryPolicy = z.infer<typeof RetryPolicy>;

const backoffCoefficient = 2;

export function toRetryOptions(policy: RetryPolicy): RetryOptions {
  const options = new RetryOptions(policy.firstIntervalMs, policy.attempts);
  options.backoffCoefficient = backoffCoefficient;
  options.maxRetryIntervalInMilliseconds = policy.maxIntervalMs;
  return options;
}

/** The wait after the n-th failed attempt (the first is 1), or undefined when it was the last. */
export function delayAfterAttempt(policy: RetryPolicy, attempt: number): number | undefined {
  if (attempt >= policy.attempts) return undefined;
  return Math.min(policy.firstIntervalMs * backoffCoefficient ** (attempt - 1), policy.maxIntervalMs);
}
