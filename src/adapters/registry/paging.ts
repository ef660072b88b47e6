/** A page of a table, and where the next one begins. */
import { type Cursor, printCursor, readCursor } from "../../domain/http/cursor.ts";

interface Keys {
  readonly partitionKey?: string;
  readonly rowKey?: string;
}

/** OData: the rows behind the one at which the page before ended. */
export function rowsAfter(continuation: string | undefined, partition: string | undefined): string {
  if (continuation === undefined) return "";
  const cursor = readCursor(continuation);
  if (!cursor) throw new TypeError("A continuation is what a page before gave");
  const { partition: lastPartition, row } = quoted(cursor);
  // Within one partition the service goes straight to the row. Across several it begins with the partition.
  return cursor.partition === partition
    ? `RowKey gt '${row}'`
    : `PartitionKey ge '${lastPartition}' and (PartitionKey gt '${lastPartition}' or RowKey gt '${row}')`;
}

/** The first rows that there are: the service may answer pages without any while it still looks (Table service, "Query timeout and pagination"). */
export async function firstRows<E extends Keys>(
  pages: AsyncIterable<readonly E[] & { readonly continuationToken?: string }>,
): Promise<{ readonly rows: readonly E[]; readonly continuation?: string }> {
  for await (const page of pages) {
    const last = page.at(-1);
    if (!last) continue;
    const { partitionKey: partition = "", rowKey: row = "" } = last;
    return { rows: page, ...(page.continuationToken ? { continuation: printCursor({ partition, row }) } : {}) };
  }
  return { rows: [] };
}

function quoted({ partition, row }: Cursor): Cursor {
  return { partition: partition.replaceAll("'", "''"), row: row.replaceAll("'", "''") };
}
