/**
 * Lines of the log. Each says in which trace, and for which operation, it was written: by what is around the call, unless its
 * own facts know better, such as those of a record that a timer works on.
 */
import { AsyncLocalStorage } from "node:async_hooks";

export interface LogContext {
  readonly traceId?: string | undefined;
  readonly operation?: string | undefined;
}

const around = new AsyncLocalStorage<LogContext>();

/** Every line within `work` says so. What is undefined stays as it is around it. */
export function logWithin<T>({ traceId, operation }: LogContext, work: () => T): T {
  const outer = around.getStore();
  return around.run({ traceId: traceId ?? outer?.traceId, operation: operation ?? outer?.operation }, work);
}

/** Its lines say what is around here, whoever calls it: the reader of a stream calls from nowhere. */
export function keepLogContext<A extends unknown[], R>(work: (...args: A) => R): (...args: A) => R {
  return AsyncLocalStorage.bind(work);
}

/** A constant event and its facts as one line: the platform prints an object over several. Ids and sizes, never a body. */
export function logLine(event: string, facts: Readonly<Record<string, unknown>> & LogContext = {}): string {
  const { traceId, operation } = around.getStore() ?? {};
  const all: Record<string, unknown> = { ...facts };
  if (operation !== undefined) all["operation"] ??= operation;
  if (traceId !== undefined) all["traceId"] ??= traceId;
  const parts = Object.entries(all).map(([key, value]) => `${key}=${JSON.stringify(value) ?? "none"}`);
  return [event, ...parts].join(" ");
}
