/** Pages of a table, and where the next one begins. */
import { type Cursor, printCursor, readCursor } from "../../domain/http/cursor.ts";

/** OData: the rows after the last one of the previous page. */
export function rowsAfter(continuation: string | undefined, partition: string | undefined): string {
  if (continuation === undefined) return "";
  const cursor = readCursor(continuation);
  if (!cursor) throw new TypeError("A continuation has to come from a previous page");
  const { partition: lastPartition, row } = quoted(cursor);
  // Within one partition the service seeks straight to the row. Across several it starts at the partition.
  return cursor.partition === partition
    ? `RowKey gt '${row}'`
    : `PartitionKey ge '${lastPartition}' and (PartitionKey gt '${lastPartition}' or RowKey gt '${row}')`;
}

/** The first page with rows: the service may return empty pages while it still searches (Table service, "Query timeout and pagination"). */
export async function firstRows<E extends { readonly partitionKey?: string; readonly rowKey?: string }>(
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
