/**
 * Some faults last longer than the runtime's own tries of a step, and pass all the same. An activity records such a failure
 * as data, marked `isLingering`, and the orchestration runs the step again until a limit is over. The limit is taken by the
 * orchestration's clock, so it holds across replays and restarts; and it is one for all that the orchestration does
 * meanwhile: steps and undos that meet the same fault after each other do not each begin to wait anew.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import { delayOf, patienceOf, type RetryPolicy } from "./retry.ts";

export interface Patience {
  readonly context: OrchestrationContext;
  /**
   * Waits for the next try, the first after `tries` have failed, and says how long it would be from that one to another:
   * undefined when it is the last.
   */
  wait(policy: RetryPolicy, tries: number): Generator<Task, number | undefined, unknown>;
  /** The fault has passed, or something else begins: the limit counts from the next failure. */
  renew(): void;
}

/** Yielded by what needs the patience of the orchestration that it is a part of. */
export const patience = Symbol("patience");

export function createPatience(context: OrchestrationContext): Patience {
  let since: number | undefined;
  const now = () => context.df.currentUtcDateTime.getTime();
  return {
    context,
    *wait(policy, tries) {
      since ??= now();
      const leftMs = Math.max(0, since + patienceOf(policy) - now());
      const delayMs = Math.min(delayOf(policy, tries), leftMs);
      if (delayMs > 0) yield context.df.createTimer(new Date(now() + delayMs));
      return delayMs < leftMs ? Math.min(delayOf(policy, tries + 1), leftMs - delayMs) : undefined;
    },
    renew() {
      since = undefined;
    },
  };
}

/** Runs the body, and gives it the patience wherever it asks for it; all else goes to the runtime. */
export function* withPatience<T>(
  own: Patience,
  body: Generator<Task | typeof patience, T, unknown>,
): Generator<Task, T, unknown> {
  let next = body.next();
  while (!next.done) {
    if (next.value === patience) {
      next = body.next(own);
      continue;
    }
    let answer: unknown;
    try {
      answer = yield next.value;
    } catch (error) {
      next = body.throw(error);
      continue;
    }
    next = body.next(answer);
  }
  return next.value;
}
