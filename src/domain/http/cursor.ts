/**
 * Where a page of a list ended: the keys of its last row, which the caller has seen. The table service's own continuation names
 * the next row, which may be another team's.
 */
import { z } from "zod";

/**
 * The values that a table's key can have (Table service data model). Other values are not a position in a list, and some, such as
 * half of a surrogate pair, cannot even be sent.
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

/** Undefined for text that does not come from `printCursor`. */
export function readCursor(text: string): Cursor | undefined {
  try {
    return Cursor.safeParse(JSON.parse(Buffer.from(text, "base64url").toString("utf8"))).data;
  } catch {
    return undefined;
  }
}
