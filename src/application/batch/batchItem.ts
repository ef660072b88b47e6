/**
 * One item of a batch: from its request to the operation that handles it, and to its known outcome. Everything here may run
 * twice: the operation's ID is noted in the item before the claim, so a second try claims with the same ID.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { defined } from "../../domain/defined.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { owner } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import { itemOutcomes } from "../../domain/operation/batch.ts";
import { isHeld, kindOf, operationOf } from "../../domain/operation/lifecycle.ts";
import type { HeldRecord, NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { isFinal, type OperationError } from "../../domain/operation/operation.ts";
import { describeCode, toOperationError } from "../../domain/operation/plan.ts";
import type {
  BatchAsk,
  BatchItem,
  BatchRecord,
  Cancel,
  OperationRecord,
  Stored,
} from "../../domain/operation/records.ts";
import { errorAsSent } from "../../domain/policy/errorAsSent.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { traceOf } from "../../domain/watching/trace.ts";
import type { Ports } from "../../ports/index.ts";
import type { Claim } from "../admission/claim.ts";
import { amend } from "../amend.ts";
import { passOnCancel } from "../decisions/cancellation.ts";
import { isUnreadable, unlessUnreadable } from "../unlessUnreadable.ts";
import { amendItem } from "./batchRecord.ts";
import { claimWork, explainHolder } from "./claimWork.ts";

const mostAttempts = 100;

/** The next item for a lane that has finished another; the same one again for a lane that did not get the answer. */
export async function nextIndex(
  { registry }: Pick<Ports, "registry">,
  { batch, lane, done }: { batch: string; lane: string; done: number | undefined },
): Promise<number | undefined> {
  const { record, change } = await amend({
    what: `The open batch ${batch}`,
    read: () => registry.getOpenBatch(batch),
    next(open) {
      const { next, requests, taken } = open;
      const mine = taken[lane];
      if ((mine !== undefined && mine !== done) || next >= requests) return undefined;
      return { ...open, next: next + 1, taken: { ...taken, [lane]: next } };
    },
    write: (_open, next) => registry.replaceOpenBatch(next),
    attempts: mostAttempts,
    // Another lane was faster.
    pause: (attempt) => sleep(Math.random() * 20 * Math.min(attempt, 10)),
  });
  const mine = (change ?? record)?.taken[lane];
  return mine === done ? undefined : mine;
}

interface LaneItem {
  readonly index: number;
  /** The lane that has it now. */
  readonly lane: string;
}

/** Claims the item's namespace. Returns the record if the lane has to run its operation. What cannot be read ends this item alone. */
export async function claimItem(ports: Ports, batch: BatchRecord, at: LaneItem): Promise<HeldRecord | undefined> {
  try {
    return await claimReadable(ports, batch, at);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    await unlessUnreadable(endUnreadable(ports, batch.id, at, error));
    return undefined;
  }
}

/** Unless it has begun: then its operation decides how it ends. */
async function endUnreadable(
  ports: Pick<Ports, "registry">,
  batch: string,
  { index }: LaneItem,
  { code, message }: TransientError,
): Promise<void> {
  const error = shortenError(describeCode(code, message));
  await amendItem(ports, { batch, index }, ({ status, operation }) =>
    isFinal(status) || operation !== undefined
      ? undefined
      : { status: "Failed" as const, error, endTime: new Date().toISOString() },
  );
}

async function claimReadable(ports: Ports, batch: BatchRecord, at: LaneItem): Promise<HeldRecord | undefined> {
  const { registry } = ports;
  const { index, lane } = at;
  const item = await noteClaim(registry, batch.id, at);
  if (!item || isFinal(item.status)) return undefined;
  // An earlier try got this far. If the operation is not the item's own, what has become of it since changes nothing.
  if (item.operation !== undefined) return await findOwn(ports, item, lane);
  // An earlier try may also have claimed without recording it; its operation may have run, and ended, by now.
  const begun = item.isFresh ? item : await findBegun(ports, batch.id, item);
  if (begun.operation !== undefined) return await findOwn(ports, begun, lane);

  const { claim: operation } = item;
  /** Unless another try has written to it in the meantime: then its finding counts. */
  const note = async (changes: Partial<BatchItem>) => {
    const isFirst = await registry.amendBatchItem(batch.id, item, changes);
    return isFirst ? undefined : await claimItem(ports, batch, at);
  };
  const traceparent = batch.traceparent ?? traceOf({ caller: undefined, host: undefined });
  const claimContext = { ports, by: batch.by, traceparent, operation, batch: batch.id };
  let claim: Claim;
  try {
    claim = await claimWork(claimContext, batch, item);
  } catch (error) {
    // A transient error is retried; any other error is the outcome of this item alone.
    if (error instanceof TransientError) throw error;
    // An operation that gave way to a quota is recorded as failed.
    const recorded = await registry.getOperation(operation);
    const known = recorded ? { operation, kind: recorded.kind } : {};
    return await note({
      ...known,
      status: "Failed",
      error: describe(errorAsSent(await explainHolder(ports, error), item)),
      endTime: new Date().toISOString(),
    });
  }

  const { record, how } = claim;
  const { kind } = await recordOf(ports, record);
  const known = { operation: record.operation, kind };
  if (how === "begun") {
    // Whatever another try has found, the item's own operation holds the namespace.
    const changes = { ...known, status: "Running" as const, ...approvalOf(record) };
    const running = await noteBegun(ports, batch.id, { index, changes });
    return running && (await findOwn(ports, running, lane));
  }
  if (how === "follows") return await note({ ...known, status: "Running" });
  return await note({ ...known, status: "Succeeded", outcome: "unchanged", endTime: new Date().toISOString() });
}

/** An operation that no lane starts waits for people. */
function approvalOf(record: NamespaceRecord | undefined): Pick<BatchItem, "needsApproval"> {
  return record?.batch?.isStarter === false ? { needsApproval: true } : {};
}

type Claimed = Stored<BatchItem & BatchAsk> & {
  readonly claim: string;
  /** The ID is new, so nobody can have claimed with it before. */
  readonly isFresh: boolean;
};

/**
 * Gives the item the ID of its operation, unless it has one: the first ID written applies to every other try, including one
 * that runs at the same time. The lane runs the operation even if an earlier one had claimed it and failed. Undefined when the
 * item does not exist, or ended before anyone claimed.
 */
async function noteClaim(
  registry: Ports["registry"],
  batch: string,
  { index, lane }: LaneItem,
): Promise<Claimed | undefined> {
  const now = new Date();
  const mine = createOperationId(now);
  const { record, change } = await amendItem({ registry }, { batch, index, attempts: mostAttempts }, (found) => {
    const { claim, status, lane: its } = found;
    if (claim === undefined && !isFinal(status)) return { claim: mine, lane, startTime: now.toISOString() };
    return status === "NotStarted" && its !== lane ? { lane } : undefined;
  });
  // The outcome is written with the new ETag.
  const item = change ? await registry.getBatchItem(batch, index) : record;
  return item?.claim === undefined ? undefined : { ...item, claim: item.claim, isFresh: item.claim === mine };
}

/**
 * The record of the item's own operation, if this lane has to start it and has not yet. Two lanes may have the item, since
 * the runtime may deliver the end of earlier lanes late (concludeBatch.ts); the one that has it when it begins is the only one.
 */
async function findOwn(
  { registry }: Ports,
  { claim, operation, lane: its, ...namespaceRef }: BatchItem,
  lane: string,
): Promise<HeldRecord | undefined> {
  if (operation !== claim || operation === undefined || (its !== undefined && its !== lane)) return undefined;
  const [record, recorded] = await Promise.all([registry.getNamespace(namespaceRef), registry.getOperation(operation)]);
  if (record?.operation !== operation || recorded?.status !== "NotStarted") return undefined;
  return isHeld(record) && record.batch?.isStarter === true ? record : undefined;
}

/**
 * The current state of an item that does not show as begun: a try of its lane may have claimed the namespace without
 * recording it. Then the item has begun, its operation may have run by now, and it is canceled if the batch is.
 */
export async function findBegun(ports: Ports, batch: string, item: BatchItem): Promise<BatchItem> {
  const { registry } = ports;
  const { index, claim } = item;
  if (item.status !== "NotStarted" || claim === undefined) return item;
  const record = await registry.getNamespace(item);
  const held = record?.operation === claim ? record : undefined;
  const own = held ? await recordOf(ports, held) : await registry.getOperation(claim);
  if (!own) return item;
  const changes = { status: "Running" as const, operation: claim, kind: own.kind, ...approvalOf(held) };
  const begun = await noteBegun(ports, batch, { index, changes });
  if (!begun) return (await registry.getBatchItem(batch, index)) ?? item;
  return await noteEnd(ports, batch, begun);
}

/**
 * The item as it has begun; undefined if the batch has ended it as never begun, and then its operation is withdrawn. A cancel of
 * the batch is written first and looks for items afterwards, so one of the two sees the other.
 */
async function noteBegun(
  { registry }: Ports,
  batch: string,
  { index, changes }: { index: number; changes: Partial<BatchItem> & { readonly operation: string } },
): Promise<BatchItem | undefined> {
  const isOver = ({ status, operation }: BatchItem) => isFinal(status) && operation === changes.operation;
  const { record: item, change } = await amendItem({ registry }, { batch, index, attempts: mostAttempts }, (found) =>
    hasNeverBegun(found) || isOver(found) ? undefined : changes,
  );
  const begun = item === undefined || hasNeverBegun(item) ? undefined : { ...item, ...change };
  const record = await registry.getBatch(batch);
  const cancel = record?.cancel ?? (begun ? undefined : withdrawal(record));
  if (cancel) await passOnCancel(registry, changes.operation, cancel);
  return begun;
}

/** The batch has ended the item before it got its operation. */
function hasNeverBegun({ status, operation }: BatchItem): boolean {
  return isFinal(status) && operation === undefined;
}

function withdrawal(batch: BatchRecord | undefined): Cancel | undefined {
  if (batch?.givenUp === undefined) return undefined;
  return { by: owner, time: new Date().toISOString(), comment: `Its batch was given up before. ${batch.givenUp}` };
}

/**
 * The cancel that an operation of a batch gets which no lane has started: the batch's, or a withdrawal if the batch was given up
 * before the claim was recorded.
 */
export async function cancelOfItem(
  { registry }: Pick<Ports, "registry">,
  { operation, batch }: Pick<NamespaceRecord, "operation" | "batch">,
): Promise<Cancel | undefined> {
  const record = batch && (await registry.getBatch(batch.operation));
  if (record?.cancel || record?.givenUp === undefined) return record?.cancel;
  const items = await registry.listBatchItems(record.id, { status: "Failed" });
  return items.some((item) => item.claim === operation && hasNeverBegun(item)) ? withdrawal(record) : undefined;
}

async function recordOf({ registry }: Ports, record: NamespaceRecord): Promise<Pick<OperationRecord, "kind">> {
  const known = await registry.getOperation(record.operation);
  if (known) return known;
  await registry.insertOperation(operationOf(record));
  return { kind: kindOf(record) };
}

/** Notes the end of an item whose operation has ended, and returns the item. */
export async function noteEnd<Item extends BatchItem>(
  { registry }: Pick<Ports, "registry">,
  batch: string,
  item: Item,
): Promise<Item> {
  if (isFinal(item.status) || item.operation === undefined) return item;
  // Where its record cannot be read, nobody knows whether it has ended.
  const operation = await unlessUnreadable(registry.getOperation(item.operation));
  if (!operation || !isFinal(operation.status)) return item;
  const { status, kind, error, endTime = new Date().toISOString() } = operation;
  const changes = defined({
    status,
    endTime,
    outcome: status === "Succeeded" ? itemOutcomes[kind] : undefined,
    error: error && status !== "Succeeded" ? shortenError(error) : undefined,
  });
  await registry.updateBatchItems(batch, [{ index: item.index, changes }]);
  return { ...item, ...changes };
}

const longestMessage = 300;

/** One document holds a thousand of them; the operation has the whole text. */
export function shortenError(error: OperationError): OperationError {
  const { message } = error;
  return message.length <= longestMessage ? error : { ...error, message: `${message.slice(0, longestMessage)}…` };
}

/** The outcome of an item that is refused; an unforeseen error is also the outcome of its item alone. */
export function describe(error: unknown): OperationError {
  if (error instanceof Refusal || error instanceof PermanentError) {
    return shortenError(toOperationError(error.code, error.message));
  }
  return shortenError(toOperationError("UNEXPECTED", messageOf(error)));
}
