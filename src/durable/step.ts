/**
 * Typed work for orchestrators. The SDK's `yield task` gives `any`; here `const identity = yield* ensureIdentity(input)`
 * has the type that the activity declares, because a Step is iterable and its iterator both yields the task and decodes
 * what the runtime recorded. The one place where an untyped result becomes typed is `decode`.
 */
import type { OrchestrationContext, Task } from "durable-functions";

/** What an orchestrator's generator is: it yields durable tasks and returns a `T`. */
export type Durable<T> = Generator<Task, T, unknown>;

/** Anything that `yield*` can await: a step, or a generator of several. */
export interface Work<T> {
  [Symbol.iterator](): Durable<T>;
}

/** Work scheduled with the durable runtime that will produce a `T`. Await it with `yield*`. */
export interface Step<T> extends Work<T> {
  readonly task: Task;
}

export interface Decoder<T> {
  /** Turns what the runtime recorded into a `T`, or throws the failure that was recorded. */
  readonly decode: (recorded: unknown) => T;
  /** Turns the runtime's own error, for a task that it gave up, into ours. */
  readonly failed?: (error: unknown) => unknown;
}

export function step<T>(task: Task, { decode, failed = (error) => error }: Decoder<T>): Step<T> {
  return {
    task,
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
}

export type Outcome<T> =
  | { readonly status: "fulfilled"; readonly value: T }
  | { readonly status: "rejected"; readonly reason: unknown };

type Results<S extends readonly Step<unknown>[]> = { -readonly [K in keyof S]: S[K] extends Step<infer T> ? T : never };

/**
 * Runs steps at the same time and waits for every one of them, also when one fails: `Task.all` alone throws at the first
 * failure, and compensation would race with siblings that are still creating things. Throws the first failure in the
 * order of the list.
 */
export function* all<const S extends readonly Step<unknown>[]>(
  context: OrchestrationContext,
  steps: S,
): Durable<Results<S>> {
  const outcomes = yield* settle(context, steps);
  const failed = outcomes.find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  // Each value came out of the decoder of the step at the same index.
  return outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : undefined)) as Results<S>;
}

/** Runs steps at the same time and returns how each of them ended. */
export function* settle(
  context: OrchestrationContext,
  steps: readonly Step<unknown>[],
): Durable<readonly Outcome<unknown>[]> {
  if (steps.length === 0) return [];
  try {
    yield context.df.Task.all(steps.map(({ task }) => task));
  } catch {
    // Looked at below, task by task.
  }
  const outcomes: Outcome<unknown>[] = [];
  for (const each of steps) {
    try {
      // A task that was scheduled already adds no action when it is yielded alone; in a second Task.all it would, and
      // the Durable extension would start it again (azure-functions-durable-js issue 574).
      outcomes.push({ status: "fulfilled", value: yield* each });
    } catch (reason) {
      outcomes.push({ status: "rejected", reason });
    }
  }
  return outcomes;
}
