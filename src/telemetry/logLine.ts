/**
 * Log lines. Each names its trace and its operation, taken from the surrounding context unless its own facts name others, as
 * for a record that a timer works on.
 */
import { AsyncLocalStorage } from "node:async_hooks";

export interface LogContext {
  readonly traceId?: string | undefined;
  readonly operation?: string | undefined;
}

const around = new AsyncLocalStorage<LogContext>();

/** Every line within `work` has this context; undefined fields are inherited. */
export function logWithin<T>({ traceId, operation }: LogContext, work: () => T): T {
  const outer = around.getStore();
  return around.run({ traceId: traceId ?? outer?.traceId, operation: operation ?? outer?.operation }, work);
}

/** Binds the current log context to a function that is called outside of it, such as by the reader of a stream. */
export function keepLogContext<A extends unknown[], R>(work: (...args: A) => R): (...args: A) => R {
  return AsyncLocalStorage.bind(work);
}

/** A constant event and its facts on one line: the platform spreads an object over several. Ids and sizes, never a body. */
export function logLine(event: string, facts: Readonly<Record<string, unknown>> & LogContext = {}): string {
  const { traceId, operation } = around.getStore() ?? {};
  const all: Record<string, unknown> = { ...facts };
  if (operation !== undefined) all["operation"] ??= operation;
  if (traceId !== undefined) all["traceId"] ??= traceId;
  const parts = Object.entries(all).map(([key, value]) => `${key}=${JSON.stringify(value) ?? "none"}`);
  return [event, ...parts].join(" ");
}
