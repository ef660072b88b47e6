/** What namespaces have on their targets, with what the registry knows of the operations that are changing it. */
import { awaitsApproval } from "../../domain/operation/awaiting.ts";
import { isFree, kindOf } from "../../domain/operation/lifecycle.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationRecord, StepRecord } from "../../domain/operation/records.ts";
import { hasProgress, type Progress, type Standing, standingOf } from "../../domain/operation/standing.ts";
import type { Registry } from "../../ports/registry.ts";
import { isBeingUndone } from "../operation/resumption.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";

/** How many operations are read at a time. */
const readsAtOnce = 50;

type Reading = Pick<Registry, "getOperation" | "listSteps">;

/** In the order of the records. Reads an operation, and perhaps its steps, for each that one is changing, and nothing for the others. */
export async function readStandings(
  registry: Reading,
  records: readonly NamespaceRecord[],
): Promise<readonly (readonly Standing[])[]> {
  const read: (readonly Standing[])[] = [];
  while (read.length < records.length) {
    const some = records.slice(read.length, read.length + readsAtOnce);
    read.push(...(await Promise.all(some.map((record) => readStanding(registry, record)))));
  }
  return read;
}

export async function readStanding(registry: Reading, record: NamespaceRecord): Promise<readonly Standing[]> {
  return standingOf(record, hasProgress(record) ? await readProgress(registry, record) : undefined);
}

async function readProgress(registry: Reading, record: NamespaceRecord): Promise<Progress | undefined> {
  const reading = registry.getOperation(record.operation).then((found) => found ?? "none");
  const operation = await unlessUnreadable(reading);
  if (operation === "none") return progressOf(record, undefined, []);
  if (!operation || awaitsApproval(operation)) return operation && progressOf(record, operation, []);
  const steps = await unlessUnreadable(registry.listSteps(operation.id));
  return steps && progressOf(record, operation, steps);
}

/** Undefined where the operation is not known. */
export function progressOf(
  record: NamespaceRecord,
  operation: OperationRecord | undefined,
  steps: readonly StepRecord[],
): Progress | undefined {
  // It is recorded after the namespace, and before it does anything.
  if (!operation && isFree(record)) return undefined;
  return {
    kind: operation?.kind ?? kindOf(record),
    steps,
    awaitsApproval: operation !== undefined && awaitsApproval(operation),
    isBeingUndone: operation !== undefined && (operation.cancel !== undefined || isBeingUndone(operation, steps)),
  };
}
