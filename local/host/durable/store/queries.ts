/** Looks through many instances or entities at once, a page at a time and along an index. */
import type { DatabaseSync } from "node:sqlite";
import type { InstanceRow, RuntimeStatus } from "../records.ts";
import { integer, type Row, text, textOrNull } from "./columns.ts";
import { readInstance } from "./store.ts";

export interface InstanceFilter {
  readonly createdFrom?: number;
  readonly createdTo?: number;
  readonly statuses?: readonly RuntimeStatus[];
  readonly idPrefix?: string;
}

export interface EntityFilter {
  /** Lower case. */
  readonly name?: string;
  readonly updatedFrom?: number;
  readonly updatedTo?: number;
}

export interface FoundEntity {
  readonly id: string;
  readonly state: string | null;
  readonly updated: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Where to go on; absent with the last page, because the SDK asks again for as long as there is one. */
  readonly next?: string;
}

type Value = string | number;

export function createQueries(database: DatabaseSync) {
  const select = (query: string, values: readonly Value[]): Row[] => database.prepare(query).all(...values);

  return {
    /** In order of creation. */
    instances(filter: InstanceFilter, top: number, after: string | undefined): Page<InstanceRow> {
      const { conditions, values } = conditionsOf(filter);
      const [created, key] = parseToken(after);
      const rows = select(
        `SELECT * FROM instances WHERE ${[...conditions, "(created, key) > (?, ?)"].join(" AND ")}
         ORDER BY created, key LIMIT ?`,
        [...values, created, key, top + 1],
      ).map(readInstance);
      return pageOf(rows, { top, after, tokenOf: (row) => JSON.stringify([row.created, row.key]) });
    },

    entities(filter: EntityFilter, top: number, after: string | undefined): Page<FoundEntity> {
      const conditions = ["present = 1", "id > ?"];
      const values: Value[] = [after === start ? "" : Buffer.from(after ?? "", "base64url").toString()];
      if (filter.name !== undefined) {
        conditions.push("id >= ? AND id < ?");
        values.push(`@${filter.name}@`, `@${filter.name}A`);
      }
      if (filter.updatedFrom !== undefined) {
        conditions.push("updated >= ?");
        values.push(filter.updatedFrom);
      }
      if (filter.updatedTo !== undefined) {
        conditions.push("updated <= ?");
        values.push(filter.updatedTo);
      }
      const rows = select(
        `SELECT id, state, updated FROM entities WHERE ${conditions.join(" AND ")} ORDER BY id LIMIT ?`,
        [...values, top + 1],
      ).map((row) => ({ id: text(row, "id"), state: textOrNull(row, "state"), updated: integer(row, "updated") }));
      return pageOf(rows, { top, after, tokenOf: (row) => row.id });
    },
  };
}

function conditionsOf(filter: InstanceFilter): { conditions: string[]; values: Value[] } {
  const conditions: string[] = [];
  const values: Value[] = [];
  if (filter.createdFrom !== undefined) {
    conditions.push("created >= ?");
    values.push(filter.createdFrom);
  }
  if (filter.createdTo !== undefined) {
    conditions.push("created <= ?");
    values.push(filter.createdTo);
  }
  if (filter.statuses !== undefined) {
    conditions.push(`status IN (${filter.statuses.map(() => "?").join(", ")})`);
    values.push(...filter.statuses);
  }
  if (filter.idPrefix !== undefined) {
    conditions.push("id >= ? AND id < ?");
    values.push(filter.idPrefix, `${filter.idPrefix}\u{10ffff}`);
  }
  return { conditions, values };
}

function pageOf<T>(
  rows: readonly T[],
  { top, after, tokenOf }: { top: number; after: string | undefined; tokenOf: (row: T) => string },
): Page<T> {
  if (rows.length <= top) return { items: rows };
  const last = rows[top - 1];
  // An empty page leads on to where it began.
  const next = last === undefined ? (after ?? start) : Buffer.from(tokenOf(last)).toString("base64url");
  return { items: rows.slice(0, top), next };
}

/** A token of nothing, which stands for the beginning of every list. */
const start = Buffer.from("[]").toString("base64url");

/** A token that is none of ours starts from the beginning, as no token does. */
function parseToken(token: string | undefined): [number, number] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token ?? "", "base64url").toString());
    if (Array.isArray(parsed) && parsed.length === 2 && parsed.every((part) => typeof part === "number")) {
      return [Number(parsed[0]), Number(parsed[1])];
    }
  } catch {
    // Falls through.
  }
  return [-1, -1];
}
