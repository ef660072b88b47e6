/**
 * Where a page of a list ended: the keys of its last row, which whoever asked has seen. The table service's own continuation
 * names the row that comes next, and that may be another team's.
 */
import { z } from "zod";

/**
 * What a table's key can be (Table service data model): what can be none is no place in a list, and some of it, such as half of
 * a surrogate pair, cannot even be asked for.
 */
const Key = z
  .string()
  .max(1_024)
  .regex(/^[^/\\#?\p{Cc}]*$/u)
  .refine((key) => key.isWellFormed());
const Cursor = z.strictObject({ partition: Key, row: Key });
export type Cursor = z.infer<typeof Cursor>;

export function printCursor({ partition, row }: Cursor): string {
  return Buffer.from(JSON.stringify({ partition, row })).toString("base64url");
}

/** Undefined for what `printCursor` has not made. */
export function readCursor(text: string): Cursor | undefined {
  try {
    return Cursor.safeParse(JSON.parse(Buffer.from(text, "base64url").toString("utf8"))).data;
  } catch {
    return undefined;
  }
}
