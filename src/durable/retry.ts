import { RetryOptions } from "durable-functions";
import { z } from "zod";

/** How the runtime retries a step. An orchestration gets it in its input, so that a replay sees the same policy. */
export const RetryPolicy = z.object({
  firstIntervalMs: z.int().positive(),
  maxIntervalMs: z.int().positive(),
  /** Including the first. */
  attempts: z.int().positive(),
  /** For how long a step is retried while authentication fails. Absent in operations that an older release started. */
  authenticationTimeoutMs: z.int().nonnegative().exactOptional(),
});
export type RetryPolicy = z.infer<typeof RetryPolicy>;

/** The catalog's default, for operations that were started before the catalog had the field. */
const defaultAuthenticationTimeoutMs = 600_000;

const backoffCoefficient = 2;

export function toRetryOptions(policy: RetryPolicy): RetryOptions {
  const options = new RetryOptions(policy.firstIntervalMs, policy.attempts);
  options.backoffCoefficient = backoffCoefficient;
  options.maxRetryIntervalInMilliseconds = policy.maxIntervalMs;
  return options;
}

/** The wait after the n-th failed attempt (the first is 1), or undefined if it was the last. */
export function delayAfterAttempt(policy: RetryPolicy, attempt: number): number | undefined {
  return attempt >= policy.attempts ? undefined : delayOf(policy, attempt);
}

/** The wait after the n-th failed attempt, without a limit on attempts. */
export function delayOf({ firstIntervalMs, maxIntervalMs }: RetryPolicy, attempt: number): number {
  return Math.min(firstIntervalMs * backoffCoefficient ** (attempt - 1), maxIntervalMs);
}

/** How long an orchestration waits for a fault that only time can fix (patience.ts). */
export function patienceOf({ authenticationTimeoutMs = defaultAuthenticationTimeoutMs }: RetryPolicy): number {
  return authenticationTimeoutMs;
}
