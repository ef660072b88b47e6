/** Lists instances, a page at a time and along an index. */
import type { DatabaseSync } from "node:sqlite";
import type { InstanceRow, RuntimeStatus } from "../records.ts";
import type { Row } from "./columns.ts";
import { readInstance } from "./store.ts";

export interface InstanceFilter {
  readonly createdFrom?: number;
  readonly createdTo?: number;
  readonly statuses?: readonly RuntimeStatus[];
  readonly idPrefix?: string;
}

export interface Page {
  readonly items: readonly InstanceRow[];
  /** The continuation token; absent on the last page, because the SDK continues for as long as there is one. */
  readonly next?: string;
}

type Value = string | number;

export function createQueries(database: DatabaseSync) {
  const select = (query: string, values: readonly Value[]): Row[] => database.prepare(query).all(...values);

  return {
    /** In order of creation; with a prefix in the order of ids, which is that of the index that finds them. */
    instances(filter: InstanceFilter, top: number, after: string | undefined): Page {
      const { sql, values } = filter.idPrefix === undefined ? byCreation(filter, after) : byId(filter, after);
      const rows = select(`${sql} LIMIT ?`, [...values, top + 1]).map(readInstance);
      const tokenOf = (row: InstanceRow) =>
        JSON.stringify(filter.idPrefix === undefined ? [row.created, row.key] : [row.id]);
      return pageOf(rows, { top, after, tokenOf });
    },
  };
}

interface Query {
  readonly sql: string;
  readonly values: readonly Value[];
}

/**
 * One query for each status, which SQLite merges along the index: with `status IN (…)` it would read and sort every row with
 * these statuses for one page.
 */
function byCreation(filter: InstanceFilter, after: string | undefined): Query {
  const { conditions, values } = conditionsOf(filter);
  const [created, key] = parseToken(after, ["number", "number"]) ?? [-1, -1];
  const parts = (filter.statuses ?? [undefined]).map((status): Query => {
    const where = [...(status === undefined ? [] : ["status = ?"]), ...conditions, "(created, key) > (?, ?)"];
    return {
      sql: `SELECT * FROM instances WHERE ${where.join(" AND ")}`,
      values: [...(status === undefined ? [] : [status]), ...values, created, key],
    };
  });
  if (parts.length === 0) return { sql: "SELECT * FROM instances WHERE 0", values: [] };
  return {
    sql: `${parts.map(({ sql }) => sql).join(" UNION ALL ")} ORDER BY created, key`,
    values: parts.flatMap((part) => part.values),
  };
}

/** Plus signs keep SQLite from using other indexes, after which it would have to sort. */
function byId(filter: InstanceFilter, after: string | undefined): Query {
  const { conditions, values } = conditionsOf(filter, "+created");
  const { idPrefix = "", statuses } = filter;
  const [id] = parseToken(after, ["string"]) ?? [""];
  const where = ["id >= ?", "id < ?", "id > ?", ...conditions];
  if (statuses !== undefined) where.push(`+status IN (${statuses.map(() => "?").join(", ")})`);
  return {
    sql: `SELECT * FROM instances WHERE ${where.join(" AND ")} ORDER BY id`,
    values: [idPrefix, `${idPrefix}\u{10ffff}`, id, ...values, ...(statuses ?? [])],
  };
}

function conditionsOf(filter: InstanceFilter, created = "created"): { conditions: string[]; values: Value[] } {
  const conditions: string[] = [];
  const values: Value[] = [];
  if (filter.createdFrom !== undefined) {
    conditions.push(`${created} >= ?`);
    values.push(filter.createdFrom);
  }
  if (filter.createdTo !== undefined) {
    conditions.push(`${created} <= ?`);
    values.push(filter.createdTo);
  }
  return { conditions, values };
}

function pageOf(
  rows: readonly InstanceRow[],
  { top, after, tokenOf }: { top: number; after: string | undefined; tokenOf: (row: InstanceRow) => string },
): Page {
  if (rows.length <= top) return { items: rows };
  const last = rows[top - 1];
  // After an empty page, the next one begins at the same place.
  const next = last === undefined ? (after ?? start) : Buffer.from(tokenOf(last)).toString("base64url");
  return { items: rows.slice(0, top), next };
}

/** An empty token, for the beginning of every list. */
const start = Buffer.from("[]").toString("base64url");

/** An invalid token starts from the beginning, as no token does. */
function parseToken(token: string | undefined, types: readonly ["number", "number"]): [number, number] | undefined;
function parseToken(token: string | undefined, types: readonly ["string"]): [string] | undefined;
function parseToken(token: string | undefined, types: readonly string[]): unknown[] | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(token ?? "", "base64url").toString());
    if (!Array.isArray(parsed) || parsed.length !== types.length) return undefined;
    return parsed.every((part, index) => typeof part === types[index]) ? parsed : undefined;
  } catch {
    return undefined;
  }
}
