/**
 * Some faults outlast the runtime's own attempts of a step, yet pass in the end. An activity records such a failure as data,
 * marked `isLingering`, and the orchestration runs the step again until a time limit. The limit uses the orchestration's clock,
 * so it holds across replays and restarts. All steps share it, and so do all undos: those that meet the same fault one after
 * another do not each start a new wait.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import { delayOf, patienceOf, type RetryPolicy } from "./retry.ts";

export interface Patience {
  readonly context: OrchestrationContext;
  /**
   * Waits until the next attempt is due, after `tries` have failed. Returns how long it would be from that attempt to another
   * one; undefined if it is the last.
   */
  wait(policy: RetryPolicy, tries: number): Generator<Task, number | undefined, unknown>;
  /** The fault has passed, or something else begins: the limit starts over at the next failure. */
  renew(): void;
}

/** Yield this to get the patience of the current orchestration. */
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

/** Runs the body and answers its requests for the patience; everything else that it yields goes to the runtime. */
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
