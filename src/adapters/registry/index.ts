/**
 * The registry in Azure Table Storage: three tables, with ETags where two writers may meet.
 *
 * | table             | partition    | row                |
 * | MooringNamespaces | cluster      | namespace          |
 * | MooringOperations | `operations` | operation id, newest first because ids count down |
 * | MooringSteps      | operation id | `name:target`      |
 */
import type { NamespaceRecord, OperationRecord, Registry, StepKey, StepRecord } from "../../ports.ts";
import { openTables, type TableSettings, table } from "./tables.ts";

const operationsPartition = "operations";

export function createRegistry(settings: TableSettings): Registry {
  const open = openTables(settings);
  const namespaces = table<NamespaceRecord>(open, "MooringNamespaces");
  const operations = table<OperationRecord>(open, "MooringOperations");
  const steps = table<StepRecord>(open, "MooringSteps");

  return {
    getNamespace: ({ cluster, namespace }) => namespaces.get(cluster, namespace),
    listNamespaces: ({ cluster, teams, limit, continuation }) =>
      namespaces.page(
        [
          ["PartitionKey", cluster],
          ["team", teams],
        ],
        limit,
        continuation,
      ),
    countNamespaces: async (team) => (await namespaces.all([["team", team]])).length,
    async heldNamespaces() {
      const states = ["Onboarding", "Changing", "Offboarding", "Compensating"] satisfies NamespaceRecord["state"][];
      return (await Promise.all(states.map((state) => namespaces.all([["state", state]])))).flat();
    },
    insertNamespace: (record) => namespaces.insert(record.cluster, record.namespace, record),
    replaceNamespace: (record) => namespaces.replace(record.cluster, record.namespace, record),
    removeNamespace: (record) => namespaces.remove(record.cluster, record.namespace, record.etag),

    getOperation: (id) => operations.get(operationsPartition, id),
    listOperations: ({ limit, continuation, teams, ...filters }) =>
      operations.page(
        [["PartitionKey", operationsPartition], ...Object.entries(filters), ["team", teams]],
        limit,
        continuation,
      ),
    async insertOperation(record) {
      await operations.insert(operationsPartition, record.id, record);
    },
    updateOperation: (id, changes) => operations.merge(operationsPartition, id, changes),
    amendOperation: ({ id, etag }, changes) => operations.amend(operationsPartition, id, { etag, changes }),

    listSteps: (operation) => steps.all([["PartitionKey", operation]]),
    getStep: (operation, step) => steps.get(operation, stepRow(step)),
    async startStep(operation, step, startTime) {
      const first: StepRecord = { ...step, status: "Running", attempts: 1, startTime };
      if (await steps.insert(operation, stepRow(step), first)) return 1;
      const attempts = ((await steps.get(operation, stepRow(step)))?.attempts ?? 0) + 1;
      await steps.merge(operation, stepRow(step), { status: "Running", attempts });
      return attempts;
    },
    updateStep: (operation, step, changes) => steps.merge(operation, stepRow(step), changes),

    async probe() {
      await namespaces.page([], 1);
    },
  };
}

/** `/ \ # ?` may not stand in a row key (Table service data model); `%` may. */
function stepRow({ name, target }: StepKey): string {
  return encodeURIComponent(`${name}:${target}`);
}
