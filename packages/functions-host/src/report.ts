import type { Log } from "./log.ts";

interface Reported {
  /** Whether the durable extension starts it. */
  readonly isDurable: boolean;
  readonly invocationId: string;
  readonly instanceId: string | undefined;
  readonly log: Log;
}

/**
 * Logs one line when an invocation has ended; at debug level for what the durable extension starts. An orchestrator is
 * replayed many times, and the extension reports failures itself, because an orchestrator's error carries its whole state,
 * inputs included.
 */
export async function report<T>({ isDurable, log, ...ids }: Reported, invocation: Promise<T>): Promise<T> {
  const started = performance.now();
  const level = isDurable ? "debug" : "information";
  const facts = () => ({ ...ids, durationMs: Math.round(performance.now() - started) });
  try {
    const result = await invocation;
    if (log.writes(level)) log.write(level, "executed", facts());
    return result;
  } catch (error) {
    if (isDurable) log.debug("failed", facts());
    else log.error("failed", { ...facts(), ...describeError(error) });
    throw error;
  }
}

/** The message, and where it was thrown: one line instead of a stack. */
export function describeError(error: unknown): { error: string; at?: string } {
  if (!(error instanceof Error)) return { error: String(error) };
  const at = error.stack?.split("\n").find((line) => /^\s+at /.test(line));
  return { error: `${error.name}: ${error.message}`, ...(at === undefined ? {} : { at: at.trim().slice(3) }) };
}
