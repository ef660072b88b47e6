/** Rows of MooringNamespaces as records. A row that fits no state of a namespace is an error that names the row. */

import { defined } from "../../domain/defined.ts";
import { soughtFrom } from "../../domain/operation/expiry.ts";
import { isFree } from "../../domain/operation/lifecycle.ts";
import { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { UnreadableRow } from "./unreadableRows.ts";

/** A row as the table returns it, not yet validated. */
interface Row {
  readonly cluster?: unknown;
  readonly namespace?: unknown;
}

export function readNamespaceRow(row: Row): NamespaceRecord {
  const { success, data, error } = NamespaceRecord.safeParse(row);
  if (success) return data;
  const problems = error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  const keys = { partition: String(row.cluster), row: String(row.namespace) };
  throw new UnreadableRow("MooringNamespaces", keys, `it is not a record of a namespace: ${problems}`, {
    cause: error,
  });
}

/** With the column by which `namespacesEnding` finds it; readers leave that out. */
export function namespaceRowOf<R extends NamespaceRecord>(record: R): R & { readonly expiresTime?: string } {
  const expiresTime = isFree(record) ? soughtFrom(record) : undefined;
  return { ...record, ...defined({ expiresTime }) };
}

export function readStoredNamespace(row: Stored<Row>): Stored<NamespaceRecord> {
  return { ...readNamespaceRow(row), etag: row.etag };
}
