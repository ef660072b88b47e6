/** What must be true of batches once everything is idle, checked against the operations and the world, not the batch itself. */
import { type NamespaceRef, namespaceKey } from "../../../src/domain/naming/names.ts";
import { countItems } from "../../../src/domain/operation/batch.ts";
import type { NamespaceRecord, PreviousRecord } from "../../../src/domain/operation/namespaceRecord.ts";
import { isFinal } from "../../../src/domain/operation/operation.ts";
import type { BatchItem, BatchRecord, OperationRecord } from "../../../src/domain/operation/records.ts";
import { hashRequest } from "../../../src/domain/request/requestHash.ts";
import type { Watched } from "./batchHost.ts";
import { checkActions, checkAudit, checkForeignThere, checkRecords, checkUndone, type Problem } from "./invariants.ts";
import { judge, keepsNamespace, namedUndos, recordedMarksOf } from "./judge.ts";
import type { Snapshot } from "./snapshot.ts";
import type { World } from "./world.ts";

export interface Performed extends Watched {
  readonly before: Snapshot;
  /** The previous state in the namespace's record. */
  readonly previous: PreviousRecord | undefined;
  /** What the namespace's record knew of its things. */
  readonly things: NamespaceRecord["things"];
  readonly after?: Snapshot;
  /** The parts of its request that were missing when it had ended. */
  readonly lacking?: readonly Problem[];
}

export interface History {
  /** By namespace, before any request. */
  readonly first: ReadonlyMap<string, Snapshot>;
  /** In the order in which they began. */
  readonly performed: readonly Performed[];
  /** Batches that a caller got an answer about. */
  readonly answered: readonly string[];
}

interface Findings {
  readonly problems: Problem[];
  readonly seen: string[];
}

export async function checkBatches(world: World, history: History): Promise<Findings> {
  const problems: Problem[] = [];
  const seen: string[] = [];
  const { registry } = world;
  const { value } = await registry.listOperations({ limit: 1_000 });
  const batches = value.filter((each): each is BatchRecord => each.kind === "batch");
  const operations = value.filter((each): each is OperationRecord => each.kind !== "batch");
  for (const id of history.answered) {
    if (!batches.some((batch) => batch.id === id)) problems.push(`batch ${id} was accepted and is lost`);
  }
  for (const batch of batches) {
    const items = await registry.listBatchItems(batch.id);
    seen.push(`batch ${batch.status} ${batch.error?.code ?? ""}`.trim());
    seen.push(...items.map(tellItem));
    if (batch.work) seen.push(...items.map((item) => `${batch.work?.action} ${tellItem(item)}`));
    const found = [
      ...(await checkChosen(world, batch, { items, operations })),
      ...checkTotals(world, batch, items),
      ...checkItems(batch, items, operations),
    ];
    problems.push(...found.map((each) => `batch ${batch.id}: ${each}`));
  }
  for (const operation of operations) {
    const { id, batch } = operation;
    const times = history.performed.filter((each) => each.id === id).length;
    if (times > 1) problems.push(`operation ${id} was begun ${times} times`);
    if (batch !== undefined && !batches.some((each) => each.id === batch))
      problems.push(`operation ${id} is of no batch`);
  }
  for (const performed of history.performed) {
    const operation = operations.find(({ id }) => id === performed.id);
    if (!operation) problems.push(`operation ${performed.id} ran and is not recorded`);
    else problems.push(...(await checkOperation(world, history, { performed, operation })));
  }
  return { problems, seen };
}

function tellItem({ status, error, operation, claim, outcome }: BatchItem): string {
  if (outcome === "unchanged") return "item unchanged";
  const whose = operation !== undefined && operation !== claim ? "item of another" : "item";
  return `${whose} ${status} ${error?.code ?? ""}`.trim();
}

/** The batch has ended, agrees with its items, and has published its end once. */
function checkTotals(world: World, batch: BatchRecord, items: readonly BatchItem[]): Problem[] {
  const problems: Problem[] = [];
  const { id, status, result, requests, error, endTime, cancel } = batch;
  if (!isFinal(status)) return [`it is ${status}`];
  const totals = countItems(items);
  if (items.length !== requests) problems.push(`it has ${items.length} items of ${requests}`);
  if (JSON.stringify(totals) !== JSON.stringify({ ...totals, ...result })) {
    problems.push(`its totals are ${JSON.stringify(result)}, its items ${JSON.stringify(totals)}`);
  }
  const isWhole = totals.succeeded === requests;
  const expected = isWhole ? "Succeeded" : cancel && totals.canceled > 0 ? "Canceled" : "Failed";
  if (status !== expected) problems.push(`it is ${status}, and its items ${JSON.stringify(totals)}`);
  if ((error === undefined) !== isWhole || endTime === undefined) problems.push(`it is ${status} with ${error?.code}`);
  const trail = world.auditEntries().filter(({ operation }) => operation === id);
  const ended = trail.filter(({ action }) => action === "ended");
  if (ended.length !== 1 || ended[0]?.outcome !== status) {
    problems.push(`audit says that it ended ${ended.map(({ outcome }) => outcome).join() || "never"}`);
  }
  if (!world.events.includes(`${id}/${status}`)) problems.push("no event tells its end");
  return problems;
}

/** An operation of a batch over onboarded namespaces began with the chosen version, and did what the batch does. */
async function checkChosen(
  { registry }: World,
  { id, work }: BatchRecord,
  { items, operations }: { items: readonly BatchItem[]; operations: readonly OperationRecord[] },
): Promise<Problem[]> {
  if (!work) return [];
  const problems: Problem[] = [];
  for (const { index, namespace, operation: own, outcome, status } of items) {
    const operation = operations.find((each) => each.id === own && each.batch === id);
    if (work.action === "verify" && own !== undefined) problems.push(`${namespace} is verified by operation ${own}`);
    if (work.action === "verify" && status === "Succeeded" && outcome !== "verified") {
      problems.push(`${namespace} is verified, and says ${outcome}`);
    }
    if (!operation) continue;
    if (operation.kind !== work.action) problems.push(`${namespace} is to ${work.action}, and began ${operation.kind}`);
    const { seen } = (await registry.getBatchItem(id, index)) ?? {};
    if (seen?.requestHash !== hashRequest(operation.request) || seen.team !== operation.team) {
      problems.push(`${namespace} is not what was chosen, and ${operation.kind} began all the same`);
    }
  }
  return problems;
}

/** Every item has ended as its operation did, and every operation of the batch belongs to one item. */
function checkItems(
  batch: BatchRecord,
  items: readonly BatchItem[],
  operations: readonly OperationRecord[],
): Problem[] {
  const problems: Problem[] = [];
  for (const item of items) {
    const { status, operation: id, claim, error } = item;
    const name = item.namespace;
    if (!isFinal(status)) problems.push(`${name} is ${status}`);
    if ((status === "Succeeded") !== (error === undefined)) problems.push(`${name} is ${status} with ${error?.code}`);
    const operation = operations.find((each) => each.id === id);
    if (id !== undefined && !operation) problems.push(`${name} names operation ${id}, which is not recorded`);
    if (!operation) continue;
    if (namespaceKey(operation) !== namespaceKey(item))
      problems.push(`${name} names an operation of ${namespaceKey(operation)}`);
    const isOwn = operation.batch === batch.id;
    if (isOwn !== (id === claim)) problems.push(`${name} has claimed ${claim}, and ${id} is its operation`);
    // A canceled batch does not wait for other operations.
    const isLeft = batch.cancel !== undefined && status === "Canceled" && !isOwn;
    if (operation.status !== status && !isLeft) {
      problems.push(`${name} is ${status}, and its operation ${operation.status} ${operation.error?.code ?? ""}`);
    }
  }
  for (const { id, namespace, batch: of, status } of operations) {
    if (of !== batch.id) continue;
    const named = items.filter(({ operation }) => operation === id);
    if (named.length !== 1)
      problems.push(`its operation ${id} of ${namespace} is ${status}, and ${named.length} items name it`);
  }
  return problems;
}

/** Judges it like every operation, by what it found and what it left. */
async function checkOperation(
  world: World,
  { first, performed: all }: History,
  { performed, operation }: { performed: Performed; operation: OperationRecord },
): Promise<Problem[]> {
  const { namespaceRef, before, after = before, previous, things, lacking = [], isTooLate } = performed;
  const { kind, status, error } = operation;
  const start = first.get(namespaceKey(namespaceRef)) ?? new Map();
  const problems = [
    ...(await checkRecords(world, operation)),
    ...(await checkAudit(world, operation)),
    ...(await checkActions(world, operation, { before, after })),
  ];
  if (isTooLate && status === "Succeeded") problems.push("it began after its batch had been canceled");
  const isLast = all.findLast((each) => namespaceKey(each.namespaceRef) === namespaceKey(namespaceRef)) === performed;
  if (isLast) {
    const record = await world.registry.getNamespace(namespaceRef);
    const recordBefore = previous && ({ ...namespaceRef, ...previous, things } as NamespaceRecord);
    const scene = { world, operation, first: start, before, after, recordBefore, record };
    problems.push(...judge({ ...scene, lacking: ["not looked at"], podsIn: new Set() }));
  } else if (kind === "onboard" || kind === "change") {
    const isThere = status === "Succeeded" || error?.code === "CHANGE_INCOMPLETE";
    const undone = () =>
      checkUndone(before, after, namedUndos(operation), {
        recordedMarks: recordedMarksOf({ things }),
        keepsNamespace: keepsNamespace(world, operation),
      });
    problems.push(...(isThere ? lacking : undone()));
    problems.push(...checkForeignThere(start, after));
  }
  return problems.map((each) => `${kind} ${namespaceOf(namespaceRef)} ${status} ${error?.code ?? ""}: ${each}`);
}

function namespaceOf({ namespace }: NamespaceRef): string {
  return namespace;
}
