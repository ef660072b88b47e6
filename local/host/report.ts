import type { RegisteredFunction } from "./app.ts";
import type { Log } from "./log.ts";

interface Reported {
  readonly definition: RegisteredFunction;
  readonly invocationId: string;
  readonly instanceId: string | undefined;
  readonly log: Log;
}

/**
 * One line when an invocation has ended. What the durable extension starts is told at debug level: an orchestrator is
 * replayed many times, and the extension reports failures itself, because an orchestrator's error carries its whole
 * state, inputs and all.
 */
export async function report<T>({ definition, log, ...ids }: Reported, invocation: Promise<T>): Promise<T> {
  const isDurable = /^(orchestration|entity|activity)trigger$/i.test(definition.trigger.type);
  const own = log.category(`Function.${definition.name}`);
  const started = performance.now();
  const facts = () => ({ ...ids, durationMs: Math.round(performance.now() - started) });
  try {
    const result = await invocation;
    own.write(isDurable ? "debug" : "information", "executed", facts());
    return result;
  } catch (error) {
    if (isDurable) own.debug("failed", facts());
    else own.error("failed", { ...facts(), ...describeError(error) });
    throw error;
  }
}

/** The message, and where it was thrown: one line, not a stack. */
export function describeError(error: unknown): { error: string; at?: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  const at = error.stack?.split("\n").find((line) => /^\s+at /.test(line));
  return { error: `${error.name}: ${error.message}`, ...(at === undefined ? {} : { at: at.trim().slice(3) }) };
}
