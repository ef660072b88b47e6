/** Table Storage in memory, below the registry's own code: ETags, merges that create a row, and the SDK's own retries. */
import { toRegistryError } from "../../../src/adapters/registry/errors.ts";
import { createIdempotencyKeysOn } from "../../../src/adapters/registry/idempotency.ts";
import { createRegistryOn } from "../../../src/adapters/registry/index.ts";
import type { Filters, Table } from "../../../src/adapters/registry/tables.ts";
import { createUnreadableRows, readEach, UnreadableRow } from "../../../src/adapters/registry/unreadableRows.ts";
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

/** Makes the row of that key unreadable, as one of a newer release. */
export function spoilRow(rows: Rows | undefined, row: string): void {
  const [place, found] = [...(rows ?? [])].find(([key]) => key.endsWith(`\n${row}`)) ?? [];
  if (place === undefined || !found) throw new Error(`there is no row ${row}`);
  rows?.set(place, { ...found, record: { ...found.record, v: 99 } });
}

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
  const unreadable = createUnreadableRows({ warn: () => undefined });
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
    const readSound = ([key, row]: readonly [string, Row]) => {
      const [partition = "", rowKey = ""] = key.split("\n");
      if ("v" in row.record) throw new UnreadableRow(name, { partition, row: rowKey }, "it is of a newer release");
      return read(row);
    };
    /** As the registry tells it. */
    const readOr = <R>(reading: () => R): R => {
      try {
        return reading();
      } catch (error) {
        if (!(error instanceof UnreadableRow)) throw error;
        unreadable.note(error);
        throw toRegistryError(name, error);
      }
    };
    const readable = (filters: Filters) => {
      const { value, unreadable: others } = readEach(select(table, filters), readSound, unreadable);
      return { value, ...(others.length > 0 ? { unreadable: others } : {}) };
    };
    return {
      get: (partition, row) =>
        ask("get", () => {
          const key = keyOf(partition, row);
          const found = table.get(key);
          return found && readOr(() => readSound([key, found]));
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
      page: (filters) => ask("list", () => readable(filters)),
      readable: (filters) => ask("list", () => readable(filters)),
      all: (filters, _fields, instead) =>
        ask("list", () =>
          select(table, filters).map(([key, row]) => {
            try {
              return readOr(() => readSound([key, row]));
            } catch (error) {
              const { cause } = error as Error;
              if (!(cause instanceof UnreadableRow && instead)) throw error;
              return instead({ rowKey: key.split("\n")[1] ?? "", etag: row.etag, ...row.record }, cause);
            }
          }),
        ),
    };
  }
  return {
    registry: createRegistryOn(open, unreadable),
    idempotencyKeys: createIdempotencyKeysOn(open("MooringIdempotency")),
  };
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
  return [...table].filter(([key, row]) => fits(key, row));
}

/** An undefined field is not sent. */
function withoutUndefined(record: object): object {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined));
}

function withoutEtag(record: object): object {
  const { etag: _etag, ...rest } = { etag: undefined, ...record };
  return withoutUndefined(rest);
}
