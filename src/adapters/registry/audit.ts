/**
 * The audit trail in table MooringAudit. Everything is in one partition, so that one transaction advances the head (by its
 * ETag), adds the records, and adds a row per entry id: two writers cannot both follow the same record, and an existing entry
 * cannot be added again.
 *
 * | row                   | what                                             |
 * | `head`                | sequence and hash of the newest record           |
 * | `e-<counting down>`   | a record; newest first                           |
 * | `i-<entry id>`        | the entry exists                                 |
 *
 * Entries that arrive during a transaction go into the next one together, so a process writes one transaction at a time. An
 * append costs one round trip, and the step that appends records its end at the same time.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { TransactionAction } from "@azure/data-tables";
import { messageOf } from "../../domain/messageOf.ts";
import {
  type AuditEntry,
  type AuditRecord,
  type ChainLink,
  follow,
  genesis,
  seal,
} from "../../domain/watching/audit.ts";
import type { Audit } from "../../ports/audit.ts";
import { fromEntity, toEntity } from "./entities.ts";
import { isConflict, isNotFound, isPreconditionFailed, toRegistryError } from "./errors.ts";
import { firstRows, rowsAfter } from "./paging.ts";
import { type Filters, matchesNothing, openTables, type TableSettings, toFilter } from "./tables.ts";
import { createUnreadableRows, readEach, UnreadableRow, type UnreadableRows } from "./unreadableRows.ts";

const tableName = "MooringAudit";
const partition = "audit";
const headRow = "head";
/** A transaction holds 100 rows (Table service, entity group transactions): the head, and two for each entry. */
const mostEntries = 49;
const mostAttempts = 50;

type Head = ChainLink & { readonly etag: string | undefined };

/** The part of a table's client that the trail needs. */
export interface AuditTable {
  getEntity(partition: string, row: string): Promise<object>;
  submitTransaction(actions: TransactionAction[]): Promise<{ readonly subResponses: readonly { etag?: string }[] }>;
  listEntities(options: { queryOptions: { filter: string } }): AsyncIterable<object> & {
    byPage(settings: { maxPageSize: number }): AsyncIterable<AuditPage>;
  };
}

type AuditPage = readonly object[] & { readonly continuationToken?: string };

export function createAudit(settings: TableSettings): Audit {
  return createAuditOn(openTables(settings), settings.unreadable);
}

/** On any table, so that a test can keep it in memory and make each of its calls fail. */
export function createAuditOn(
  open: (name: string) => Promise<AuditTable>,
  unreadable: UnreadableRows = createUnreadableRows(),
): Audit {
  const pending: { entry: AuditEntry; resolve: () => void; reject: (error: unknown) => void }[] = [];
  let isDraining = false;
  /** As of the last transaction; if it is out of date, the next transaction fails. */
  let known: Head | undefined;

  async function drain(): Promise<void> {
    isDraining = true;
    for (let batch = pending.splice(0, mostEntries); batch.length > 0; batch = pending.splice(0, mostEntries)) {
      try {
        await write(batch.map(({ entry }) => entry));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        known = undefined;
        for (const { reject } of batch) reject(toRegistryError(tableName, error));
      }
    }
    isDraining = false;
  }

  async function write(entries: readonly AuditEntry[]): Promise<void> {
    const client = await open(tableName);
    let missing = [...new Map(entries.map((entry) => [entry.id, entry])).values()];
    for (let attempt = 1; missing.length > 0; attempt += 1) {
      known ??= await readHead(client);
      try {
        known = await submit(client, known, missing);
        return;
      } catch (error) {
        known = undefined;
        if (attempt === mostAttempts || !(isConflict(error) || isPreconditionFailed(error))) throw error;
        // An existing row is an entry written earlier, or the first head, which somebody wrote meanwhile.
        if (isConflict(error)) missing = await leaveOut(client, missing);
        else await sleep(Math.random() * 10 * attempt);
      }
    }
  }

  return {
    append: (entry) =>
      new Promise((resolve, reject) => {
        pending.push({ entry, resolve, reject });
        if (!isDraining) void drain();
      }),

    async read({ limit, continuation, teams, ...fields }) {
      const filters: Filters = [...Object.entries(fields), ["team", teams]];
      if (matchesNothing(filters)) return { value: [] };
      try {
        const client = await open(tableName);
        const after = rowsAfter(continuation, partition);
        const filter = [allRecords, toFilter(filters), after].filter(Boolean).join(" and ");
        const { rows, ...more } = await firstRows(
          client.listEntities({ queryOptions: { filter } }).byPage({ maxPageSize: limit }),
        );
        return { ...readEach(rows, toRecord, unreadable), ...more };
      } catch (error) {
        throw toRegistryError(tableName, error);
      }
    },

    async verify() {
      try {
        return await walk(await open(tableName));
      } catch (error) {
        throw toRegistryError(tableName, error);
      }
    },
  };
}

async function submit(client: AuditTable, head: Head, entries: readonly AuditEntry[]): Promise<Head> {
  const records: AuditRecord[] = [];
  let last: ChainLink = head;
  for (const entry of entries) {
    const record = seal(entry, last);
    records.push(record);
    last = record;
  }
  const { sequence, hash } = last;
  const next = toEntity(partition, headRow, { sequence, hash });
  const moveHead: TransactionAction =
    head.etag === undefined ? ["create", next] : ["update", next, "Replace", { etag: head.etag }];
  const { subResponses } = await client.submitTransaction([
    moveHead,
    ...records.flatMap((record): TransactionAction[] => [
      ["create", toEntity(partition, rowOf(record.sequence), record)],
      ["create", toEntity(partition, idRow(record), { sequence: record.sequence })],
    ]),
  ]);
  return { sequence, hash, etag: subResponses[0]?.etag ?? (await readHead(client)).etag };
}

async function readHead(client: AuditTable): Promise<Head> {
  try {
    const { sequence, hash, etag } = fromEntity<ChainLink>(await client.getEntity(partition, headRow));
    return { sequence, hash, etag };
  } catch (error) {
    if (isNotFound(error)) return { ...genesis, etag: undefined };
    throw error;
  }
}

async function leaveOut(client: AuditTable, entries: readonly AuditEntry[]): Promise<AuditEntry[]> {
  const isThere = await Promise.all(
    entries.map((entry) =>
      client.getEntity(partition, idRow(entry)).then(
        () => true,
        (error: unknown) => {
          if (isNotFound(error)) return false;
          throw error;
        },
      ),
    ),
  );
  return entries.filter((_, index) => !isThere[index]);
}

/** From the newest row to the first: every listed row has to belong to the chain that ends at the head. */
async function walk(client: AuditTable): ReturnType<Audit["verify"]> {
  const head = await readHead(client);
  let expected: ChainLink = head;
  let entries = 0;
  const newer: object[] = [];
  for await (const row of client.listEntities({ queryOptions: { filter: allRecords } })) {
    if (placeOf(row) < rowOf(head.sequence)) {
      newer.push(row);
      continue;
    }
    const before = followRow(row, expected);
    if (!before) return { valid: false, entries, head: head.hash, brokenAt: expected.sequence };
    expected = before;
    entries += 1;
  }
  const stranger = await findStranger(client, head, newer);
  if (stranger) return { valid: false, entries, head: head.hash, brokenAt: stranger.sequence };
  const isWhole = expected.sequence === genesis.sequence && expected.hash === genesis.hash;
  return { valid: isWhole, entries, head: head.hash, ...(isWhole ? {} : { brokenAt: expected.sequence }) };
}

/** Rows before the head may only be those appended since it was read: they link the current head to the one read earlier. */
async function findStranger(
  client: AuditTable,
  head: ChainLink,
  newer: readonly object[],
): Promise<ChainLink | undefined> {
  const [first] = newer.map(toRecord);
  if (!first) return undefined;
  const now = await readHead(client);
  if (first.sequence > now.sequence || (first.sequence === now.sequence && first.hash !== now.hash)) return first;
  let expected: ChainLink = first;
  for (const row of newer) {
    const before = followRow(row, expected);
    if (!before) return toRecord(row);
    expected = before;
  }
  return expected.sequence === head.sequence && expected.hash === head.hash ? undefined : expected;
}

function followRow(row: object, expected: ChainLink): ChainLink | undefined {
  return placeOf(row) === rowOf(expected.sequence) ? follow(toRecord(row), expected) : undefined;
}

function placeOf(row: object): string {
  return "rowKey" in row ? String(row.rowKey) : "";
}

/** As it was sealed: the version belongs to the row, and the record's hash does not cover it. */
function toRecord(row: object): AuditRecord {
  try {
    const { etag: _etag, changedTime: _time, ...record } = fromEntity<AuditRecord & { changedTime?: string }>(row);
    return record;
  } catch (error) {
    const why = messageOf(error);
    throw new UnreadableRow(tableName, { partition, row: placeOf(row) }, why, { cause: error });
  }
}

/** The rows of records, newest first. `.` is the character after `-`. */
const allRecords = `PartitionKey eq '${partition}' and RowKey ge 'e-' and RowKey lt 'e.'`;

/** Counts down, so that the table's ascending order lists the newest first. */
function rowOf(sequence: number): string {
  return `e-${String(Number.MAX_SAFE_INTEGER - sequence).padStart(16, "0")}`;
}

function idRow({ id }: Pick<AuditEntry, "id">): string {
  return `i-${encodeURIComponent(id)}`;
}
