/** Translates fields in the service's errors to the files in which the requests are written. */
import { Refused } from "../failures.ts";
import type { Written } from "./readFiles.ts";

/** `written` holds the requests that `work` sends, one or a batch; undefined when they do not come from files. */
export async function withFileLocations<T>(
  written: readonly Pick<Written, "where">[] | undefined,
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

function locateIn(written: readonly Pick<Written, "where">[]): (text: string) => string {
  return (text) =>
    text.replaceAll(/\/requests\/(\d+)(\/[\w/~.-]*)?/g, (said, index: string, pointer = "") => {
      const found = written[Number(index)];
      return found ? placeOf(found, pointer) : said;
    });
}

function placeOf({ where }: Pick<Written, "where">, pointer: string): string {
  return pointer === "" ? where : `${where}: ${pointer}`;
}
