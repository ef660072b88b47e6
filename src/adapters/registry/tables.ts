/** Tables by name, opened on first use, and the few calls that Mooring makes on them. */

import type { TableClient, TableEntity, TableServiceClientOptions, TransactionAction } from "@azure/data-tables";
import { messageOf } from "../../domain/messageOf.ts";
import type { Page, Stored } from "../../domain/operation/records.ts";
import { registryDuration, throttles } from "../../telemetry/metrics.ts";
import type { Credential } from "../credential.ts";
import { removeUnused, sharedHttpClient } from "../httpClient.ts";
import { noticeRefusals } from "../refusals.ts";
import { within } from "../within.ts";
import { fromEntity, propertiesOf, toEntity, toPartialEntity } from "./entities.ts";
import { isConflict, isNotFound, isPreconditionFailed, isThrottle, toRegistryError } from "./errors.ts";
import { firstRows, rowsAfter } from "./paging.ts";
import { createUnreadableRows, readEach, UnreadableRow, type UnreadableRows } from "./unreadableRows.ts";

export interface TableSettings {
  /** https://<account>.table.core.windows.net */
  readonly endpoint: string;
  readonly credential: Credential;
  /** How long one attempt of a call may take. Default 30000. */
  readonly timeoutMs?: number;
  /** Where unreadable rows are reported; everything that belongs together shares one. */
  readonly unreadable?: UnreadableRows;
}

export type Open = (name: string) => Promise<TableClient>;

/** Opens a table on first use, and creates it if missing; the SDK is loaded only then. */
export function openTables({ endpoint, credential, timeoutMs = 30_000 }: TableSettings): Open {
  const opened = new Map<string, Promise<TableClient>>();
  return (name) => {
    const known = opened.get(name);
    if (known) return known;
    const opening = Promise.all([import("@azure/data-tables"), sharedHttpClient()]).then(async ([sdk, httpClient]) => {
      const client = new sdk.TableClient(endpoint, name, credential, {
        httpClient,
        retryOptions: { maxRetries: 3, retryDelayInMs: 200 },
        additionalPolicies: [
          { position: "perRetry", policy: limitTime(timeoutMs) },
          { position: "perRetry", policy: countThrottles },
          { position: "perRetry", policy: noticeRefusals(credential, () => opened.delete(name)) },
        ],
      });
      removeUnused(client.pipeline);
      await client.createTable();
      return client;
    });
    opened.set(name, opening);
    // A failure to open must not be cached.
    opening.catch(() => opened.delete(name));
    return opening;
  };
}

/** The SDK waits forever for an answer; a waiting step would end only with its function, minutes later. */
function limitTime(timeoutMs: number): Policy {
  return {
    name: "limitTime",
    sendRequest: (request, next) =>
      within(timeoutMs, async (signal) => {
        // Nothing in Mooring passes its own signal, so this overwrites none.
        request.abortSignal = signal;
        try {
          return await next(request);
        } catch (error) {
          if (signal.aborted) throw new Error(`no answer within ${timeoutMs / 1_000} s`, { cause: error });
          throw error;
        } finally {
          delete request.abortSignal;
        }
      }),
  };
}

/** Counts every attempt: the SDK silently retries a refused call. */
const countThrottles: Policy = {
  name: "countThrottles",
  async sendRequest(request, next) {
    const response = await next(request);
    if (isThrottle(response.status)) throttles.add(1, { service: "tables" });
    return response;
  },
};

type OnResponse = NonNullable<NonNullable<Parameters<TableClient["listEntities"]>[0]>["onResponse"]>;
type Policy = NonNullable<TableServiceClientOptions["additionalPolicies"]>[number]["policy"];

/** A list of values matches any of them; undefined matches all rows. */
export type Filters = readonly (readonly [
  field: string,
  value: string | readonly string[] | undefined,
  operator?: "eq" | "lt" | "since",
])[];

/** A row that cannot be read, as the service sent it. */
export interface RawRow {
  readonly rowKey: string;
  readonly etag: string;
  readonly [column: string]: unknown;
}

/** `insert`, `replace`, `amend` and `remove` return false if another writer was first. */
export interface Table<T extends object> {
  get(partition: string, row: string): Promise<Stored<T> | undefined>;
  insert(partition: string, row: string, record: T): Promise<boolean>;
  /** Inserts rows of one partition, all or none of each hundred. Idempotent. */
  insertAll(partition: string, rows: readonly { readonly row: string; readonly record: T }[]): Promise<void>;
  replace(partition: string, row: string, record: Stored<T>): Promise<boolean>;
  /** Changes fields of a row; creates the row if it is missing. */
  merge(partition: string, row: string, changes: Partial<T>): Promise<void>;
  /** Changes fields of rows of one partition: all or none of each hundred. */
  mergeAll(partition: string, rows: readonly { readonly row: string; readonly changes: Partial<T> }[]): Promise<void>;
  /** Changes fields of the row if it is still as it was read. */
  amend(partition: string, row: string, change: { etag: string; changes: Partial<T> }): Promise<boolean>;
  /** The same for rows of one partition: all or none of each hundred. Says of each row whether it was changed. */
  amendAll(
    partition: string,
    rows: readonly { readonly row: string; readonly etag: string; readonly changes: Partial<T> }[],
  ): Promise<readonly boolean[]>;
  remove(partition: string, row: string, etag: string): Promise<boolean>;
  /** The service's own time. */
  time(): Promise<number>;
  /** Without the rows that cannot be read. */
  page(filters: Filters, limit: number, continuation?: string): Promise<Page<Stored<T>>>;
  /**
   * Fails if one of the rows cannot be read, unless `instead` makes a record of what the service sent of it. With `fields`, the service
   * sends only these fields.
   */
  all(
    filters: Filters,
    fields?: readonly (keyof T & string)[],
    instead?: (row: RawRow, error: UnreadableRow) => Stored<T>,
  ): Promise<Stored<T>[]>;
  /** The same without the rows that cannot be read. */
  readable(
    filters: Filters,
    fields?: readonly (keyof T & string)[],
  ): Promise<Pick<Page<Stored<T>>, "value" | "unreadable">>;
}

/** Entity group transactions, "Performing entity group transactions": 100 entities of one partition, and 4 MiB. */
const mostInTransaction = 100;

export function table<T extends object>(
  open: Open,
  name: string,
  unreadable: UnreadableRows = createUnreadableRows(),
): Table<T> {
  function read(entity: object): Stored<T> {
    try {
      return fromEntity<T>(entity);
    } catch (error) {
      const { partitionKey: partition, rowKey: row } = keysOf(entity);
      const why = messageOf(error);
      throw new UnreadableRow(name, { partition, row }, why, { cause: error });
    }
  }

  async function run<R>(work: (client: TableClient) => Promise<R>): Promise<R> {
    // A metric and not a span: a step makes five of these calls.
    const begun = performance.now();
    const measure = (outcome: string) =>
      registryDuration.record((performance.now() - begun) / 1_000, { table: name, outcome });
    try {
      const result = await work(await open(name));
      measure("ok");
      return result;
    } catch (error) {
      measure("error");
      if (error instanceof UnreadableRow) unreadable.note(error);
      throw toRegistryError(name, error);
    }
  }

  return { ...readsOf({ run, read, unreadable }), ...writesOf<T>(run) };
}

type Run = <R>(work: (client: TableClient) => Promise<R>) => Promise<R>;
type Reads = "get" | "time" | "page" | "all" | "readable";

function readsOf<T extends object>({
  run,
  read,
  unreadable,
}: {
  readonly run: Run;
  readonly read: (entity: object) => Stored<T>;
  readonly unreadable: UnreadableRows;
}): Pick<Table<T>, Reads> {
  return {
    get: (partition: string, row: string) =>
      run(async (client): Promise<Stored<T> | undefined> => {
        try {
          return read(await client.getEntity(partition, row));
        } catch (error) {
          if (isNotFound(error)) return undefined;
          throw error;
        }
      }),
    page: (filters: Filters, limit: number, continuation?: string) =>
      run(async (client) => {
        if (matchesNothing(filters)) return { value: [], unreadable: [] };
        const partition = filters.find(([field]) => field === "PartitionKey")?.[1];
        const after = rowsAfter(continuation, typeof partition === "string" ? partition : undefined);
        const filter = [toFilter(filters), after].filter(Boolean).join(" and ");
        const { rows, ...more } = await firstRows(
          client.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: limit }),
        );
        return { ...readEach(rows, read, unreadable), ...more };
      }),
    time: () =>
      run(async (client) => {
        let date: string | undefined;
        const onResponse: OnResponse = ({ headers }) => {
          date = headers.get("date");
        };
        const pages = client.listEntities({ onResponse, queryOptions: { select: ["PartitionKey"] } });
        await pages.byPage({ maxPageSize: 1 }).next();
        const time = Date.parse(date ?? "");
        if (Number.isNaN(time)) throw new Error("the table service did not say what time it is (Date)");
        return time;
      }),
    all: (filters, fields, instead) =>
      run(async (client) => {
        const entities = await listEntities(client, filters, fields);
        return entities.map((entity) => {
          try {
            return read(entity);
          } catch (error) {
            if (!(error instanceof UnreadableRow && instead)) throw error;
            unreadable.note(error);
            return instead(entity as RawRow, error);
          }
        });
      }),
    readable: (filters, fields) =>
      run(async (client) => readEach(await listEntities(client, filters, fields), read, unreadable)),
  };
}

function writesOf<T extends object>(run: Run): Omit<Table<T>, Reads> {
  const mergeEach = (entities: readonly TableEntity[]) =>
    run(async (client) => {
      for (const own of transactionsOf(entities)) {
        await client.submitTransaction(own.map((entity): TransactionAction => ["upsert", entity, "Merge"]));
      }
    });
  return {
    insert: (partition: string, row: string, record: T) =>
      run((client) => unless(isConflict, client.createEntity(toEntity(partition, row, record)))),
    insertAll: (partition, rows) => mergeEach(rows.map(({ row, record }) => toEntity(partition, row, record))),
    replace: (partition: string, row: string, record: Stored<T>) =>
      run((client) => {
        const { etag } = record;
        const entity: TableEntity = toEntity(partition, row, record);
        return unless(isLost, client.updateEntity(entity, "Replace", { etag }));
      }),
    merge: (partition: string, row: string, changes: Partial<T>) =>
      run(async (client) => {
        await client.upsertEntity(toPartialEntity(partition, row, changes), "Merge");
      }),
    mergeAll: (partition, rows) => mergeEach(rows.map(({ row, changes }) => toPartialEntity(partition, row, changes))),
    amend: (partition: string, row: string, { etag, changes }: { etag: string; changes: Partial<T> }) =>
      run((client) => unless(isLost, client.updateEntity(toPartialEntity(partition, row, changes), "Merge", { etag }))),
    amendAll: (partition, rows) =>
      run(async (client) => {
        const amended: boolean[] = [];
        for (const own of transactionsOf(rows)) {
          const actions = own.map(({ row, etag, changes }): TransactionAction => {
            return ["update", toPartialEntity(partition, row, changes), "Merge", { etag }];
          });
          const isAmended = await unless(isLost, client.submitTransaction(actions));
          amended.push(...own.map(() => isAmended));
        }
        return amended;
      }),
    remove: (partition: string, row: string, etag: string) =>
      run((client) => unless(isLost, client.deleteEntity(partition, row, { etag }))),
  };
}

async function listEntities(
  client: TableClient,
  filters: Filters,
  fields: readonly string[] | undefined,
): Promise<readonly object[]> {
  const found: object[] = [];
  const queryOptions = { filter: toFilter(filters), ...(fields ? { select: propertiesOf(fields) } : {}) };
  for await (const entity of client.listEntities({ queryOptions })) found.push(entity);
  return found;
}

function keysOf(entity: { readonly partitionKey?: unknown; readonly rowKey?: unknown }) {
  return { partitionKey: String(entity.partitionKey), rowKey: String(entity.rowKey) };
}

function transactionsOf<T>(rows: readonly T[]): readonly (readonly T[])[] {
  const count = Math.ceil(rows.length / mostInTransaction);
  return Array.from({ length: count }, (_, at) => rows.slice(at * mostInTransaction, (at + 1) * mostInTransaction));
}

/** Somebody else changed or removed the row first. */
function isLost(error: unknown): boolean {
  return isPreconditionFailed(error) || isNotFound(error);
}

/** True if the write succeeded, false if it met the given kind of refusal. */
async function unless(isRefusal: (error: unknown) => boolean, write: Promise<unknown>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw error;
  }
}

export function matchesNothing(filters: Filters): boolean {
  return filters.some(([, value]) => value?.length === 0);
}

/** OData: text is in single quotes, and a quote in it is doubled. */
export function toFilter(filters: Filters): string {
  const parts = filters.flatMap(([field, value, operator = "eq"]) => {
    if (value === undefined) return [];
    // The only field that the service stores as a time and not as text.
    if (operator === "since") return [`${field} ge datetime'${[value].flat()[0]?.replaceAll("'", "")}'`];
    const anyOf = [value].flat().map((each) => `${field} ${operator} '${each.replaceAll("'", "''")}'`);
    return anyOf.length === 1 ? anyOf : [`(${anyOf.join(" or ")})`];
  });
  return parts.join(" and ");
}
