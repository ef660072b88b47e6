/** Rows of MooringOperations as records. What a merge left of a lost row has none of the fields that every record has. */
import type { AnyOperation, Stored } from "../../domain/operation/records.ts";
import { UnreadableRow } from "./unreadableRows.ts";

export const operationsPartition = "operations";
const required = ["id", "kind", "status", "createdTime"] as const satisfies readonly (keyof AnyOperation)[];

export function readOperationRow(row: Stored<AnyOperation>, id = row.id): Stored<AnyOperation> {
  const missing = required.filter((field) => typeof row[field] !== "string");
  if (missing.length === 0) return row;
  const keys = { partition: operationsPartition, row: id ?? "without an id" };
  throw new UnreadableRow(
    "MooringOperations",
    keys,
    `it is not a record of an operation: it lacks ${missing.join(", ")}`,
  );
}
