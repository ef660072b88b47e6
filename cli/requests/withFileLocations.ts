/** Translates fields in the service's errors to the files or flags in which the requests are written. */
import { Refused } from "../failures.ts";
import type { Written } from "./readFiles.ts";

/** `written` holds the requests that `work` sends, one or a batch; undefined when they come from neither files nor flags. */
export async function withFileLocations<T>(
  written: readonly Pick<Written, "where" | "placeOf">[] | undefined,
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!written || !(error instanceof Refused)) throw error;
    const { problem, operation, retryAfterSeconds } = error;
    if (!problem.errors) throw error;
    const [only, ...more] = written;
    const isBatch = more.length > 0 || problem.errors.some(({ pointer }) => pointer.startsWith("/requests/"));
    const locate = only && !isBatch ? (pointer: string) => placeOf(only, pointer) : locateIn(written);
    const errors = problem.errors.map(({ pointer, detail }) => ({
      // A query parameter is in no file.
      pointer: pointer.startsWith("?") ? pointer : locate(pointer),
      detail: isBatch ? locate(detail) : detail,
    }));
    throw new Refused({ ...problem, errors }, { operation, retryAfterSeconds });
  }
}

function locateIn(written: readonly Pick<Written, "where" | "placeOf">[]): (text: string) => string {
  return (text) =>
    text.replaceAll(/\/requests\/(\d+)(\/[\w/~.-]*)?/g, (said, index: string, pointer = "") => {
      const found = written[Number(index)];
      return found ? placeOf(found, pointer) : said;
    });
}

function placeOf({ where, ...written }: Pick<Written, "where" | "placeOf">, pointer: string): string {
  if (written.placeOf) return written.placeOf(pointer);
  return pointer === "" ? where : `${where}: ${pointer}`;
}
