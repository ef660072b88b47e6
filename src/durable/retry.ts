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
  /**
   * How long a write may still take effect after its sender got no answer. Since 0.2.0; without it, an undo looks once, as in the
   * operations that an older release started.
   */
  landingMs: z.int().nonnegative().exactOptional(),
  /** How long a step waits for a namespace that is being deleted. Since 0.2.0; without it, it does not. */
  namespaceDeletionMs: z.int().nonnegative().exactOptional(),
  /** For how long undos go on while something cannot be reached or refuses for now. Since 0.2.0; without it, they give up. */
  undoTimeoutMs: z.int().nonnegative().exactOptional(),
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

/** Of an operation that a release before 0.2.0 started, undos neither look again nor go on. */
export function isPersistent({ landingMs, undoTimeoutMs }: RetryPolicy): boolean {
  return landingMs !== undefined || undoTimeoutMs !== undefined;
}

/**
 * The wait after an undo has failed for the n-th time beyond the runtime's attempts. It grows to a part of the whole time, so that
 * a day of it leaves a short history.
 */
export function slowDelayOf({ firstIntervalMs, maxIntervalMs, undoTimeoutMs = 0 }: RetryPolicy, tries: number): number {
  const longestMs = Math.max(maxIntervalMs, undoTimeoutMs / mostSlowTries);
  return Math.min(firstIntervalMs * backoffCoefficient ** (tries - 1), longestMs);
}

const mostSlowTries = 48;
