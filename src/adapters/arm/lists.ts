/** Lists of ARM, which come in pages. */
import { z } from "zod";
import { PermanentError, TransientError } from "../../domain/errors.ts";

/** A longer list cannot be the roles of one principal, or of one scope. */
const mostPages = 100;

/** Every item from the first page on; `doing` describes the call in error messages. */
export async function readPages<T>(
  doing: string,
  { first, item, get }: { first: URL; item: z.ZodType<T>; get: (url: string) => Promise<unknown> },
): Promise<readonly T[]> {
  const found: T[] = [];
  let next: URL | undefined = first;
  for (let page = 1; next; page += 1) {
    if (page > mostPages) {
      throw new PermanentError("ARM_REJECTED", `${doing}: the list has more than ${mostPages} pages.`);
    }
    const { value, nextLink }: PageOf<T> = readPage(doing, item, await get(next.href));
    found.push(...value);
    next = nextLink === undefined ? undefined : new URL(nextLink);
    // The token is sent to the link's host, so that must be the host of the first page.
    if (next && next.origin !== first.origin) {
      throw new PermanentError("ARM_REJECTED", `${doing}: the next page is on another host.`);
    }
  }
  return found;
}

interface PageOf<T> {
  readonly value: readonly T[];
  readonly nextLink: string | undefined;
}

function readPage<T>(doing: string, item: z.ZodType<T>, body: unknown): PageOf<T> {
  const parsed = z.object({ value: z.array(item), nextLink: z.string().nullish() }).safeParse(body);
  if (!parsed.success) throw new TransientError("ARM_UNAVAILABLE", `${doing}: Azure's answer is not such a list.`);
  const { value, nextLink } = parsed.data;
  return { value, nextLink: nextLink ?? undefined };
}
