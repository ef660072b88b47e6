/**
 * The registry in Azure Table Storage: these tables and those of batches.ts and waiting.ts, with ETags where two writers can
 * collide.
 *
 * | table             | partition    | row                |
 * | MooringNamespaces | cluster      | namespace          |
 * | MooringOperations | `operations` | operation id, newest first because ids count down |
 * | MooringSteps      | operation id | `name:target`      |
 */
import { endOfIdsSince } from "../../domain/naming/operationId.ts";
import { isHeld, isOnboarded } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { heldStates } from "../../domain/operation/namespaceState.ts";
import type { AnyOperation, StepRecord } from "../../domain/operation/records.ts";
import { isSameStep, type StepKey } from "../../domain/operation/stepName.ts";
import type { Registry } from "../../ports.ts";
import { createBatchesOn } from "./batches.ts";
import { readNamespaceRow, readStoredNamespace, readStoredNamespaces } from "./namespaceRows.ts";
import { openTables, type Table, type TableSettings, table } from "./tables.ts";
import { createWaitingOn } from "./waiting.ts";

const operationsPartition = "operations";

export function createRegistry(settings: TableSettings): Registry {
  const open = openTables(settings);
  return createRegistryOn((name) => table(open, name));
}

/** The registry on any tables, so that a test can keep them in memory and make each of their calls fail. */
export function createRegistryOn(table: <T extends object>(name: string) => Table<T>): Registry {
  const namespaces = table<NamespaceRecord>("MooringNamespaces");
  const operations = table<AnyOperation>("MooringOperations");
  const steps = table<StepRecord>("MooringSteps");

  const readOperation = shared((id) => operations.get(operationsPartition, id));
  // Callers can put anything into a path: only well-formed operation ids are looked up, since some texts break a URL.
  const findOperation: Registry["findOperation"] = async (id) =>
    /^[\w-]{1,100}$/.test(id) ? readOperation(id) : undefined;

  return {
    ...createBatchesOn(table, { find: findOperation, operations, operationsPartition }),
    ...createWaitingOn(table("MooringWaiting")),
    async getNamespace({ cluster, namespace }) {
      const row = await namespaces.get(cluster, namespace);
      return row && readStoredNamespace(row);
    },
    async listNamespaces({ cluster, teams, limit, continuation }) {
      const filters = [["PartitionKey", cluster] as const, ["team", teams] as const];
      const { value, ...more } = await namespaces.page(filters, limit, continuation);
      return { value: value.map(readNamespaceRow), ...more };
    },
    // The service cannot count, but need not send whole rows.
    countNamespaces: async (team) => (await namespaces.all([["team", team]], ["team"])).length,
    // One scan of the table for all states, since there is no index on them.
    heldNamespaces: async (unreadable) =>
      readStoredNamespaces(await namespaces.all([["state", heldStates]]), unreadable).filter(isHeld),
    // Times in the same format compare as text.
    async namespacesToVerify({ before }, unreadable) {
      const filters = [["state", "Onboarded"] as const, ["verifiedTime", before, "lt"] as const];
      return readStoredNamespaces(await namespaces.all(filters), unreadable).filter(isOnboarded);
    },
    insertNamespace: (record) => namespaces.insert(record.cluster, record.namespace, record),
    replaceNamespace: (record) => namespaces.replace(record.cluster, record.namespace, record),
    removeNamespace: (record) => namespaces.remove(record.cluster, record.namespace, record.etag),

    findOperation,
    async getOperation(id) {
      const found = await findOperation(id);
      return found?.kind === "batch" ? undefined : found;
    },
    listOperations: ({ limit, continuation, teams, createdSince, changedSince, ...filters }) =>
      operations.page(
        [
          ["PartitionKey", operationsPartition],
          ["RowKey", createdSince === undefined ? undefined : endOfIdsSince(new Date(createdSince)), "lt"],
          ...Object.entries(filters),
          ["team", teams],
          ["Timestamp", changedSince, "since"],
        ],
        limit,
        continuation,
      ),
    async insertOperation(record) {
      await operations.insert(operationsPartition, record.id, record);
    },
    updateOperation: (id, changes) => operations.merge(operationsPartition, id, changes),
    amendOperation: ({ id, etag }, changes) => operations.amend(operationsPartition, id, { etag, changes }),

    listSteps: async (operation) => (await steps.all([["PartitionKey", operation]])).filter(hasBegun),
    getStep: (operation, step) => steps.get(operation, stepRow(step)),
    async startStep(operation, step, startTime) {
      const first: StepRecord = { ...step, status: "Running", attempts: 1, startTime, isOpen: true };
      if (await steps.insert(operation, stepRow(step), first)) return undefined;
      return await steps.get(operation, stepRow(step));
    },
    async repeatStep(operation, step, attempts, unanswered) {
      await steps.merge(operation, stepRow(step), { status: "Running", attempts, isOpen: true, ...unanswered });
    },
    async closeSteps(operation, wanted, startTime) {
      const read = () => steps.all([["PartitionKey", operation]]);
      const known = await read();
      const missing = wanted.filter((step) => !known.some((each) => isSameStep(each, step)));
      const closed = await Promise.all(
        missing.map((step) =>
          steps.insert(operation, stepRow(step), { ...step, status: "NotStarted", attempts: 0, startTime }),
        ),
      );
      // A step that began in between has a row after all.
      return (closed.every(Boolean) ? known : await read()).filter(hasBegun);
    },
    updateStep: (operation, step, changes) => steps.merge(operation, stepRow(step), changes),

    async probe() {
      await namespaces.page([], 1);
    },
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

/** The row of a closed step only keeps its first attempt from being taken for the first. */
function hasBegun({ status }: StepRecord): boolean {
  return status !== "NotStarted";
}

/** A row key may not contain `/ \ # ?` (Table service data model), but may contain `%`. */
function stepRow({ name, target }: StepKey): string {
  return encodeURIComponent(`${name}:${target}`);
}
