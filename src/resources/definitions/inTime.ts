/** For a look at what no operation needs: one that gets no answer says so, and stops nobody. */
import { setTimeout as sleep } from "node:timers/promises";
import { PermanentError, TransientError } from "../../domain/errors.ts";

const longestLookMs = 10_000;

/** The code of the error when there is no answer. */
export async function inTime<T extends object>(look: () => Promise<T>): Promise<T | string> {
  const giveUp = new AbortController();
  const tooLong = sleep(longestLookMs, "no answer in time" as const, { signal: giveUp.signal });
  tooLong.catch(() => undefined); // Aborted when the answer came first.
  try {
    return await Promise.race([look(), tooLong]);
  } catch (error) {
    if (error instanceof PermanentError || error instanceof TransientError) return error.code;
    throw error;
  } finally {
    giveUp.abort();
  }
}
