/**
 * The registry in Azure Table Storage: these tables and those of batches.ts, leftovers.ts and waiting.ts, with ETags where two writers can
 * collide.
 *
 * | table             | partition    | row                |
 * | MooringNamespaces | cluster      | namespace          |
 * | MooringOperations | `operations` | operation id, newest first because ids count down |
 * |                   | `installation` | `installation`: the ID of this one |
 */
import { randomUUID } from "node:crypto";
import { TransientError } from "../../domain/errors.ts";
import { endOfIdsSince } from "../../domain/naming/operationId.ts";
import { isFree, isHeld, isOnboarded } from "../../domain/operation/lifecycle.ts";
import { lookTimeOf } from "../../domain/operation/lookTime.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { freeStates, heldStates } from "../../domain/operation/namespaceState.ts";
import type { AnyOperation, Page } from "../../domain/operation/records.ts";
import type { Registry } from "../../ports/registry.ts";
import { createBatchesOn } from "./batches.ts";
import { toRegistryError } from "./errors.ts";
import { createLeftoversOn } from "./leftovers.ts";
import { namespaceRowOf, readNamespaceRow, readStoredNamespace } from "./namespaceRows.ts";
import { operationsPartition, readOperationRow } from "./operationRows.ts";
import { createStepsOn } from "./stepRows.ts";
import { type Filters, openTables, type Table, type TableSettings, table } from "./tables.ts";
import { createUnreadableRows, readEach, UnreadableRow } from "./unreadableRows.ts";
import { createWaitingOn } from "./waiting.ts";

export function createRegistry({
  installation,
  ...settings
}: TableSettings & { readonly installation?: string | undefined }): Registry {
  const open = openTables(settings);
  const { unreadable = createUnreadableRows() } = settings;
  const registry = createRegistryOn((name) => table(open, name, unreadable), unreadable);
  return installation === undefined ? registry : { ...registry, installation: async () => installation };
}

/** The registry on any tables, so that a test can keep them in memory and make each of their calls fail. */
export function createRegistryOn(
  table: <T extends object>(name: string) => Table<T>,
  unreadable = createUnreadableRows(),
): Registry {
  const namespaces = table<NamespaceRecord>("MooringNamespaces");
  const operations = table<AnyOperation>("MooringOperations");

  /** For a row that somebody asked for: nothing takes its place. */
  function readOne<Row, T>(row: Row, read: (row: Row) => T): T {
    try {
      return read(row);
    } catch (error) {
      if (!(error instanceof UnreadableRow)) throw error;
      unreadable.note(error);
      throw toRegistryError("", error);
    }
  }

  function onlyReadable<Row, T>(page: Page<Row>, read: (row: Row) => T): Page<T> {
    const { value, unreadable: others } = readEach(page.value, read, unreadable);
    return { ...page, value, unreadable: [...(page.unreadable ?? []), ...others] };
  }

  const readOperation = shared(async (id) => {
    const row = await operations.get(operationsPartition, id);
    return row && readOne(row, (each) => readOperationRow(each, id));
  });
  // Callers can put anything into a path: only well-formed operation ids are looked up, since some texts break a URL.
  const findOperation: Registry["findOperation"] = async (id) =>
    /^[\w-]{1,100}$/.test(id) ? readOperation(id) : undefined;

  return {
    installation: once(() => findInstallation(table("MooringOperations"))),
    ...createBatchesOn(table, { find: findOperation, operations, operationsPartition }),
    ...createWaitingOn(table("MooringWaiting")),
    ...createLeftoversOn(table("MooringRemains")),
    async getNamespace({ cluster, namespace }) {
      const row = await namespaces.get(cluster, namespace);
      return row && readOne(row, readStoredNamespace);
    },
    async listNamespaces({ cluster, teams, limit, continuation }) {
      const filters = [["PartitionKey", cluster] as const, ["team", teams] as const];
      return onlyReadable(await namespaces.page(filters, limit, continuation), readNamespaceRow);
    },
    // The service cannot count, but need not send whole rows.
    async countNamespaces(team) {
      const { value, unreadable: others = [] } = await namespaces.readable([["team", team]], ["team"]);
      // A namespace is the team's even if nobody can read the rest of its record.
      return value.length + others.length;
    },
    // One scan of the table for all states, since there is no index on them.
    heldNamespaces: async () =>
      onlyReadable(await namespaces.readable([["state", heldStates]]), readStoredNamespace).value.filter(isHeld),
    async lookTimes() {
      const fields = ["cluster", "namespace", "state", "lookedTime", "verifiedTime"] as const;
      const { value } = await namespaces.readable([["state", "Onboarded"]], fields);
      return value.filter(isOnboarded).map(lookTimeOf);
    },
    // Times in the same format compare as text.
    async namespacesEnding({ before }) {
      const filters = [["state", freeStates] as const, ["expiresTime", before, "lt"] as const];
      return onlyReadable(await namespaces.readable(filters), readStoredNamespace).value.filter(isFree);
    },
    insertNamespace: (record) => namespaces.insert(record.cluster, record.namespace, namespaceRowOf(record)),
    replaceNamespace: (record) => namespaces.replace(record.cluster, record.namespace, namespaceRowOf(record)),
    removeNamespace: (record) => namespaces.remove(record.cluster, record.namespace, record.etag),

    findOperation,
    async getOperation(id) {
      const found = await findOperation(id);
      return found?.kind === "batch" ? undefined : found;
    },
    async listOperations({ limit, continuation, teams, createdSince, changedSince, ...filters }) {
      const query: Filters = [
        ["PartitionKey", operationsPartition],
        ["RowKey", createdSince === undefined ? undefined : endOfIdsSince(new Date(createdSince)), "lt"],
        ...Object.entries(filters),
        ["team", teams],
        ["Timestamp", changedSince, "since"],
      ];
      return onlyReadable(await operations.page(query, limit, continuation), (row) => readOperationRow(row));
    },
    async insertOperation(record) {
      await operations.insert(operationsPartition, record.id, record);
    },
    updateOperation: (id, changes) => operations.merge(operationsPartition, id, changes),
    amendOperation: ({ id, etag }, changes) => operations.amend(operationsPartition, id, { etag, changes }),

    ...createStepsOn(table("MooringSteps")),
    time: () => namespaces.time(),
    async probe() {
      await namespaces.page([], 1);
    },
    countUnreadable: async () => unreadable.count(),
  };
}

const installationRow = "installation";

async function findInstallation(rows: Table<{ readonly id: string }>): Promise<string> {
  const find = () => rows.get(installationRow, installationRow);
  const made = { id: randomUUID() };
  const found = (await find()) ?? ((await rows.insert(installationRow, installationRow, made)) ? made : await find());
  if (found) return found.id;
  throw new TransientError("REGISTRY_UNAVAILABLE", "The registry does not show the ID of the installation yet.");
}

/** Keeps the answer; a failure is not one. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return async () => {
    reading ??= read();
    try {
      return await reading;
    } catch (error) {
      reading = undefined;
      throw error;
    }
  };
}

/**
 * Steps that begin together ask for the same record. Callers share one request until it is sent, so no caller gets an answer from
 * before it asked.
 */
function shared<T>(read: (id: string) => Promise<T>): (id: string) => Promise<T> {
  const asked = new Map<string, Promise<T>>();
  return (id) => {
    const reading =
      asked.get(id) ??
      Promise.resolve().then(() => {
        asked.delete(id);
        return read(id);
      });
    asked.set(id, reading);
    return reading;
  };
}
