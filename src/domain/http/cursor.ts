/**
 * Where a page of a list ended: the keys of its last row, which whoever asked has seen. The table service's own continuation
 * names the row that comes next, and that may be another team's.
 */
import { z } from "zod";

const Cursor = z.strictObject({ partition: z.string(), row: z.string() });
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
