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
    const tell = only && more.length === 0 ? (pointer: string) => placeOf(only, pointer) : tellFrom(written);
    const errors = problem.errors.map(({ pointer, detail }) => ({
      // A query parameter is in no file.
      pointer: pointer.startsWith("?") ? pointer : tell(pointer),
      detail: more.length === 0 ? detail : tell(detail),
    }));
    throw new Refused({ ...problem, errors }, { operation, retryAfterSeconds });
  }
}

function tellFrom(written: readonly Pick<Written, "where">[]): (text: string) => string {
  return (text) =>
    text.replaceAll(/\/requests\/(\d+)(\/[\w/~.-]*)?/g, (said, index: string, pointer = "") => {
      const found = written[Number(index)];
      return found ? placeOf(found, pointer) : said;
    });
}

function placeOf({ where }: Pick<Written, "where">, pointer: string): string {
  return pointer === "" ? where : `${where}: ${pointer}`;
}
