import type { DatabaseUser } from "../../../ports/databases.ts";

/** `other (db_datareader, EXECUTE)`. */
export function describeUser({ name, roles, permissions }: DatabaseUser): string {
  const held = [...roles, ...permissions].toSorted().join(", ");
  return held === "" ? name : `${name} (${held})`;
}
