import { RetryOptions } from "durable-functions";
import { z } from "zod";

/** How the runtime tries a step again. It enters an orchestration through its input, so a replay sees the same. */
export const RetryPolicy = z.object({
  firstIntervalMs: z.int().positive(),
  maxIntervalMs: z.int().positive(),
  /** The first try included. */
  attempts: z.int().positive(),
  /** For how long a step is tried again whose authentication fails. Not in what a release before it has started. */
  authenticationTimeoutMs: z.int().nonnegative().exactOptional(),
});
export type RetryPolicy = z.infer<typeof RetryPolicy>;

/** As in the catalog: of operations that were started before it had the field. */
const defaultAuthenticationTimeoutMs = 600_000;

const backoffCoefficient = 2;

export function toRetryOptions(policy: RetryPolicy): RetryOptions {
  const options = new RetryOptions(policy.firstIntervalMs, policy.attempts);
  options.backoffCoefficient = backoffCoefficient;
  options.maxRetryIntervalInMilliseconds = policy.maxIntervalMs;
  return options;
}

/** The wait after the n-th failed attempt (the first is 1), or undefined when it was the last. */
export function delayAfterAttempt(policy: RetryPolicy, attempt: number): number | undefined {
  return attempt >= policy.attempts ? undefined : delayOf(policy, attempt);
}

/** The wait after the n-th failed attempt, however many there may be. */
export function delayOf({ firstIntervalMs, maxIntervalMs }: RetryPolicy, attempt: number): number {
  return Math.min(firstIntervalMs * backoffCoefficient ** (attempt - 1), maxIntervalMs);
}

/** How long an orchestration waits for what only time can fix (patience.ts). */
export function patienceOf({ authenticationTimeoutMs = defaultAuthenticationTimeoutMs }: RetryPolicy): number {
  return authenticationTimeoutMs;
}
