/** For a look at what no operation needs: one that gets no answer says so, and stops nobody. */
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { unlessLate } from "../../domain/unlessLate.ts";

const longestLookMs = 10_000;

/** The code of the error when there is no answer. */
export async function inTime<T extends object>(look: () => Promise<T>): Promise<T | string> {
  try {
    return await unlessLate(look(), longestLookMs, () => "no answer in time");
  } catch (error) {
    if (error instanceof PermanentError || error instanceof TransientError) return error.code;
    throw error;
  }
}
