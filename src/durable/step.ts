/**
 * Typed work for orchestrators. The SDK's `yield task` gives `any`; here `const identity = yield* ensureIdentity(input)`
 * has the type that the activity declares, because a Step is iterable and its iterator both yields the task and decodes
 * what the runtime recorded. `decode` is the only place where an untyped result becomes typed.
 */
import type { OrchestrationContext, Task } from "durable-functions";
import { type Patience, patience } from "./patience.ts";
import type { RetryPolicy } from "./retry.ts";

/** An orchestrator's generator: it yields durable tasks, asks for its patience (patience.ts) and returns a `T`. */
export type Durable<T> = Generator<Task | typeof patience, T, unknown>;

/** Anything that `yield*` can await: a step, or a generator of several. */
export interface Work<T> {
  [Symbol.iterator](): Durable<T>;
}

/** Work scheduled with the durable runtime that will produce a `T`. Await it with `yield*`. */
export interface Step<T> extends Work<T> {
  readonly task: Task;
  /** The result of the task, without another attempt. */
  readonly once: Work<T>;
  readonly lingering: Lingering<T> | undefined;
}

/** How to run a step again if only time can fix its failure. */
export interface Lingering<T> {
  readonly policy: RetryPolicy;
  readonly isLingering: (failure: unknown) => boolean;
  /** Schedules the step once more; `nextMs` is how long until the attempt after that, undefined if no attempt follows. */
  readonly again: (nextMs: number | undefined) => Step<T>;
}

export interface Decoder<T> {
  /** Turns what the runtime recorded into a `T`, or throws the recorded failure. */
  readonly decode: (recorded: unknown) => T;
  /** Turns the runtime's own error, for a task that it gave up on, into ours. */
  readonly failed?: (error: unknown) => unknown;
  readonly lingering?: Lingering<T> | undefined;
}

export function step<T>(task: Task, { decode, failed = (error) => error, lingering }: Decoder<T>): Step<T> {
  const once: Work<T> = {
    *[Symbol.iterator]() {
      let recorded: unknown;
      try {
        recorded = yield task;
      } catch (error) {
        throw failed(error);
      }
      return decode(recorded);
    },
  };
  return {
    task,
    once,
    lingering,
    *[Symbol.iterator]() {
      const result = yield* settledOf(once);
      const [last = result] = lingering ? yield* outlast([{ lingering, result }]) : [];
      if (last.status === "rejected") throw last.reason;
      return last.value;
    },
  };
}

export type SettledResult<T> =
  | { readonly status: "fulfilled"; readonly value: T }
  | { readonly status: "rejected"; readonly reason: unknown };

type Results<S extends readonly Step<unknown>[]> = { -readonly [K in keyof S]: S[K] extends Step<infer T> ? T : never };

/**
 * Runs steps at the same time and waits for all of them, even if one fails: `Task.all` alone throws at the first failure, and
 * compensation would race with siblings that are still creating things. Throws the first failure in the order of the list.
 */
export function* all<const S extends readonly Step<unknown>[]>(
  context: OrchestrationContext,
  steps: S,
): Durable<Results<S>> {
  const results = yield* allSettled(context, steps);
  const failed = results.find((result) => result.status === "rejected");
  if (failed) throw failed.reason;
  // Each value came out of the decoder of the step at the same index.
  return results.map((result) => (result.status === "fulfilled" ? result.value : undefined)) as Results<S>;
}

/** Runs steps at the same time and returns how each ended. It and `SettledResult` have the names of JavaScript's `Promise.allSettled`. */
export function* allSettled(
  context: OrchestrationContext,
  steps: readonly Step<unknown>[],
): Durable<readonly SettledResult<unknown>[]> {
  if (steps.length === 0) return [];
  const results = yield* allSettledOnce(context, steps);
  return yield* outlast(results.map((result, index) => ({ result, lingering: steps[index]?.lingering })));
}

function* allSettledOnce<T>(
  context: OrchestrationContext,
  steps: readonly Step<T>[],
): Durable<readonly SettledResult<T>[]> {
  try {
    yield context.df.Task.all(steps.map(({ task }) => task));
  } catch {
    // Each task is read below.
  }
  const results: SettledResult<T>[] = [];
  // Yielding a scheduled task on its own adds no action. A second Task.all would, and the Durable extension would start the
  // task again (azure-functions-durable-js issue 574).
  for (const { once } of steps) results.push(yield* settledOf(once));
  return results;
}

export function* settledOf<T>(work: Work<T>): Durable<SettledResult<T>> {
  try {
    return { status: "fulfilled", value: yield* work };
  } catch (reason) {
    return { status: "rejected", reason };
  }
}

interface Attempt<T> {
  readonly result: SettledResult<T>;
  readonly lingering: Lingering<T> | undefined;
}

/** Reruns, at the same time, the steps whose failure may pass, until it has passed or the orchestration's patience ends. */
function* outlast<T>(attempts: readonly Attempt<T>[]): Durable<readonly SettledResult<T>[]> {
  const last = [...attempts];
  for (let tries = 1; ; tries += 1) {
    const open = last.flatMap((attempt, index) => lingeringOf(attempt).map((lingering) => ({ index, lingering })));
    const [first] = open;
    if (!first && tries === 1) break;
    // The driver in orchestration.ts always answers the symbol with a Patience.
    const own = (yield patience) as Patience;
    if (!first) {
      own.renew();
      break;
    }
    const nextMs = yield* own.wait(first.lingering.policy, tries);
    const steps = open.map(({ lingering }) => lingering.again(nextMs));
    const results = yield* allSettledOnce(own.context, steps);
    for (const [at, { index, lingering }] of open.entries()) {
      const result = results[at];
      if (result) last[index] = { result, lingering };
    }
    if (nextMs === undefined) break;
  }
  return last.map(({ result }) => result);
}

function lingeringOf<T>({ result, lingering }: Attempt<T>): readonly Lingering<T>[] {
  return lingering && result.status === "rejected" && lingering.isLingering(result.reason) ? [lingering] : [];
}
