import { isServiceBusError } from "@azure/service-bus";
import { messageOf } from "../messageOf.ts";

/** After its retries the SDK may throw a bare AggregateError, which contains the actual reasons. */
export function describeError(error: unknown): { code?: string; error: string } {
  if (error instanceof AggregateError && error.errors.length > 0) return describeError(error.errors.at(-1));
  if (isServiceBusError(error)) return { code: error.code, error: error.message };
  return { error: messageOf(error) };
}

/** Reports a failure when it begins or changes, not at every attempt. */
export function createReporter(tell: (error: unknown, source: string) => void) {
  let last: string | undefined;
  return {
    reset() {
      last = undefined;
    },
    report(error: unknown, source: string) {
      const { code, error: text } = describeError(error);
      const key = code ?? text;
      if (key !== last) tell(error, source);
      last = key;
    },
  };
}
