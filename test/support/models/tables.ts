/** Table Storage in memory, below the registry's own code: ETags, merges that create a row, and the SDK's own retries. */
import { createIdempotencyKeysOn } from "../../../src/adapters/registry/idempotency.ts";
import { createRegistryOn } from "../../../src/adapters/registry/index.ts";
import type { Filters, Table } from "../../../src/adapters/registry/tables.ts";
import type { Stored } from "../../../src/domain/operation/records.ts";
import type { IdempotencyKeys } from "../../../src/ports/idempotencyKeys.ts";
import type { Registry } from "../../../src/ports/registry.ts";
import type { Calls } from "./calls.ts";

interface Row {
  readonly partition: string;
  readonly etag: string;
  /** Since when it is so, if anybody asks for it. */
  readonly changedTime?: string | undefined;
  readonly record: object;
}

export type Rows = Map<string, Row>;

export interface TableSettings {
  readonly newEtag: () => string;
  /** Whether the SDK had to repeat a write. */
  readonly isRepeated: () => boolean;
  /** Of changed rows. */
  readonly now?: () => string;
}

/** ETags count, and nothing is repeated. */
function orderly(): TableSettings {
  let version = 0;
  return {
    now: () => new Date().toISOString(),
    newEtag() {
      version += 1;
      return `${version}`;
    },
    isRepeated: () => false,
  };
}

export interface Tables {
  readonly registry: Registry;
  readonly idempotencyKeys: IdempotencyKeys;
}

export function createTables(
  rows: Map<string, Rows>,
  { read: look, write: change }: Calls,
  { newEtag, isRepeated, now }: TableSettings = orderly(),
): Tables {
  function open<T extends object>(name: string): Table<T> {
    const table: Rows = rows.get(name) ?? new Map();
    rows.set(name, table);
    const ask = <R>(what: string, answer: () => R) => look(`${what} ${name}`, answer);
    const put = <R>(what: string, effect: () => R) => change(`${what} ${name}`, effect);
    /** The SDK repeats a write whose answer got lost, and then meets its own effect. */
    const write = (what: string, effect: () => boolean) => put(what, () => effect() && !isRepeated());
    const set = (partition: string, row: string, record: object) =>
      table.set(keyOf(partition, row), { partition, etag: newEtag(), changedTime: now?.(), record });
    const mergeInto = (partition: string, row: string, changes: object) =>
      set(partition, row, { ...table.get(keyOf(partition, row))?.record, ...withoutUndefined(changes) });
    // The table's rows contain only its own records.
    const read = (row: Row) => readRow(row) as Stored<T>;
    return {
      get: (partition, row) =>
        ask("get", () => {
          const found = table.get(keyOf(partition, row));
          return found && read(found);
        }),
      insert: (partition, row, record) =>
        write("insert", () => {
          if (table.has(keyOf(partition, row))) return false;
          set(partition, row, withoutEtag(record));
          return true;
        }),
      replace: (partition, row, record) =>
        write("replace", () => {
          if (table.get(keyOf(partition, row))?.etag !== record.etag) return false;
          set(partition, row, withoutEtag(record));
          return true;
        }),
      merge: (partition, row, changes) => put("merge", () => void mergeInto(partition, row, changes)),
      insertAll: (partition, made) =>
        put("mergeAll", () => {
          for (const { row, record } of made) mergeInto(partition, row, record);
        }),
      mergeAll: (partition, changed) =>
        put("mergeAll", () => {
          for (const { row, changes } of changed) mergeInto(partition, row, changes);
        }),
      amend: (partition, row, { etag, changes }) =>
        write("amend", () => {
          const current = table.get(keyOf(partition, row));
          if (!current || (etag !== "*" && current.etag !== etag)) return false;
          mergeInto(partition, row, changes);
          return true;
        }),
      async amendAll(partition, rows) {
        const amended: boolean[] = [];
        // A transaction takes a hundred rows; with fewer, a world has several of them.
        for (let from = 0; from < rows.length; from += 2) {
          const own = rows.slice(from, from + 2);
          const isAmended = await write("amendAll", () => {
            if (own.some(({ row, etag }) => table.get(keyOf(partition, row))?.etag !== etag)) return false;
            for (const { row, changes } of own) mergeInto(partition, row, changes);
            return true;
          });
          amended.push(...own.map(() => isAmended));
        }
        return amended;
      },
      remove: (partition, row, etag) =>
        write("remove", () => {
          const current = table.get(keyOf(partition, row));
          if (!current || (etag !== "*" && current.etag !== etag)) return false;
          return table.delete(keyOf(partition, row));
        }),
      time: () => ask("time", () => Date.now()),
      page: (filters) => ask("list", () => ({ value: select(table, filters).map(read) })),
      readable: (filters) => ask("list", () => ({ value: select(table, filters).map(read) })),
      all: (filters) => ask("list", () => select(table, filters).map(read)),
    };
  }
  return { registry: createRegistryOn(open), idempotencyKeys: createIdempotencyKeysOn(open("MooringIdempotency")) };
}

export function readRow({ record, etag, changedTime }: Row): object {
  return { ...record, ...(changedTime === undefined ? {} : { changedTime }), etag };
}

function keyOf(partition: string, row: string): string {
  return `${partition}\n${row}`;
}

function select(table: Rows, filters: Filters) {
  const fits = (key: string, { record, changedTime }: Row) => {
    const [PartitionKey, RowKey] = key.split("\n");
    const fields = { ...record, PartitionKey, RowKey, Timestamp: changedTime };
    return filters.every(([field, value, operator]) => {
      const found: unknown = Reflect.get(fields, field);
      if (value === undefined) return true;
      if (operator === "lt") return String(found) < String(value);
      if (operator === "since") return String(found) >= String(value);
      return [value].flat().some((each) => each === found);
    });
  };
  return [...table].filter(([key, row]) => fits(key, row)).map(([, row]) => row);
}

/** An undefined field is not sent. */
function withoutUndefined(record: object): object {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

function withoutEtag(record: object): object {
  const { etag: _etag, ...rest } = { etag: undefined, ...record };
  return withoutUndefined(rest);
}
