/** Rows of MooringNamespaces as records. A row that fits no state of a namespace is an error that names the row. */
import { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";

class UnreadableRow extends Error {
  override readonly name = "UnreadableRow";
}

/** A row as the table returns it, not yet validated. */
interface Row {
  readonly cluster?: unknown;
  readonly namespace?: unknown;
}

export function readNamespaceRow(row: Row): NamespaceRecord {
  const { success, data, error } = NamespaceRecord.safeParse(row);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  const text = `the row ${row.cluster}/${row.namespace} of MooringNamespaces is not a record of a namespace: ${problems}`;
  throw new UnreadableRow(text, { cause: error });
}

export function readStoredNamespace(row: Stored<Row>): Stored<NamespaceRecord> {
  return { ...readNamespaceRow(row), etag: row.etag };
}

/** One unreadable row must not hide the others: it goes to `tell` if the caller passes that, and is thrown otherwise. */
export function readStoredNamespaces(
  rows: readonly Stored<Row>[],
  tell: (error: Error) => void = (error) => {
    throw error;
  },
): readonly Stored<NamespaceRecord>[] {
  return rows.flatMap((row) => {
    try {
      return [readStoredNamespace(row)];
    } catch (error) {
      if (!(error instanceof UnreadableRow)) throw error;
      tell(error);
      return [];
    }
  });
}
