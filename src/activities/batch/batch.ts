/** What the orchestrations of a batch ask of the registry (docs/adr/0009-batch-lanes.md). */
import { z } from "zod";
import { isOfPolicy } from "../../domain/errors.ts";
import { berthKey } from "../../domain/naming/names.ts";
import { type BatchTotals, countItems, judgeBatch } from "../../domain/operation/batch.ts";
import { isFinal, type OperationStatus, type Phase } from "../../domain/operation/operation.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { BatchItem, BatchRecord, NamespaceRecord, Stored } from "../../domain/operation/records.ts";
import { OnboardingRequest } from "../../domain/request/request.ts";
import type { BatchEvent } from "../../domain/watching/events.ts";
import type { Ports } from "../../ports.ts";
import { kindOf } from "../admission/claim.ts";
import { appendDecision } from "../operation/audit.ts";
import { activity } from "../operation/step.ts";
import { claimItem, findBegun, settleItem, takeIndex } from "./batchItem.ts";

const BatchInput = z.object({ batch: z.string() });

/** Records and tells that the batch runs. Twice is as once. */
export const beginBatch = activity({
  name: "beginBatch",
  input: BatchInput,
  output: z.object({}),
  async run({ batch: id }, ports) {
    const record = await amendUntilWritten(ports, id, ({ status }) =>
      status === "NotStarted" ? { status: "Running", startTime: new Date().toISOString() } : undefined,
    );
    if (isFinal(record.status)) return {};
    const { requests } = record;
    const totals = { ...countItems([]), requests, notStarted: requests };
    // Also when it ran before: the first time may have ended after the record. An entry and an event of that id are one.
    await appendDecision(ports, originOf(record), { id, what: "batch", action: "accepted", outcome: "Running" });
    await publishBatch(ports, record, { status: "Running", phase: "provisioning", totals });
    return {};
  },
});

const ItemToRun = z.object({
  kind: z.enum(["onboard", "change"]),
  operation: z.string(),
  request: OnboardingRequest,
  earlier: OnboardingRequest.optional(),
  requestedBy: z.string(),
  team: z.string().optional(),
  traceparent: z.string().optional(),
});
export type ItemToRun = z.infer<typeof ItemToRun>;

/** Of items that need no run of their own, such as those that are onboarded already, a lane passes so many in one turn. */
const mostTaken = 25;

/** Notes the end of the lane's last item, and takes and claims the next one that the lane has to run. */
export const takeItem = activity({
  name: "takeBatchItem",
  input: BatchInput.extend({ lane: z.string(), done: z.int().optional() }),
  /** Without an index there is nothing left to take; without `run` there may be more. */
  output: z.object({ index: z.int().optional(), run: ItemToRun.optional() }),
  async run({ batch: id, lane, done }, ports) {
    const { registry } = ports;
    if (done !== undefined) {
      const item = await registry.getBatchItem(id, done);
      if (item) await settleItem(ports, id, item);
    }
    let last = done;
    for (let tried = 0; tried < mostTaken; tried += 1) {
      const batch = await getBatch(ports, id);
      // Not begun is never begun.
      if (batch.cancel) return {};
      const index = await takeIndex(ports, { batch: id, lane, done: last });
      if (index === undefined) return {};
      const record = await claimItem(ports, batch, index);
      if (record) return { index, run: toRun(record) };
      last = index;
    }
    return { index: last };
  },
});

function toRun(record: NamespaceRecord): ItemToRun {
  const { operation, request, earlier, requestedBy, team, traceparent } = record;
  const kind = kindOf(record) === "change" ? "change" : "onboard";
  return { kind, operation, request, earlier, requestedBy, team, traceparent };
}

/** Ends the batch when every item has ended; else says how many have not begun, and how many others run. */
export const concludeBatch = activity({
  name: "concludeBatch",
  input: BatchInput,
  output: z.object({ notBegun: z.int(), running: z.int() }),
  async run({ batch: id }, ports) {
    const record = await getBatch(ports, id);
    if (isFinal(record.status)) return await close(ports, record);
    let items = await settleItems(ports, id, await ports.registry.listBatchItems(id));
    if (record.cancel) items = await giveUp(ports, record, items);
    const totals = countItems(items);
    const { notStarted: notBegun, running } = totals;
    if (notBegun + running > 0) {
      await leaveToTimer(ports, id, items);
      return { notBegun, running };
    }
    const endTime = new Date().toISOString();
    const ended = await amendUntilWritten(ports, id, ({ status, cancel }) =>
      isFinal(status) ? undefined : { ...judgeBatch(id, totals, cancel), result: totals, endTime },
    );
    return await close(ports, ended);
  },
});

/** Told before the batch is closed: until then the timer comes back to it. */
async function close(ports: Ports, record: BatchRecord): Promise<{ notBegun: number; running: number }> {
  const { id, status, error, result } = record;
  const items = await ports.registry.listBatchItems(id);
  const totals = result ?? countItems(items);
  await appendRefusals(ports, record, items);
  const decision = { id, what: "batch", action: "ended", outcome: status, code: error?.code };
  await appendDecision(ports, originOf(record), decision);
  await publishBatch(ports, record, { status, phase: "done", totals });
  await ports.registry.closeBatch(id);
  return { notBegun: 0, running: 0 };
}

const mostNamed = 10;

/** One entry for all that policy refused: the status of the batch has each of them. */
async function appendRefusals(ports: Ports, record: BatchRecord, items: readonly BatchItem[]): Promise<void> {
  const refused = items.filter(({ operation, error }) => operation === undefined && error && isOfPolicy(error.code));
  const code = refused[0]?.error?.code;
  if (code === undefined) return;
  const named = refused.slice(0, mostNamed).map((item) => `${berthKey(item)} ${item.error?.code}`);
  const left = refused.length - named.length;
  const reason = `${refused.length} namespace(s) were refused: ${named.join(", ")}${left > 0 ? `, and ${left} more` : ""}.`;
  const decision = { id: record.id, what: "batch", action: "refused", outcome: "Refused", code, reason };
  await appendDecision(ports, originOf(record), decision);
}

/** Notes the end of those items whose operations have ended. */
export async function settleItems(
  ports: Pick<Ports, "registry">,
  batch: string,
  items: readonly BatchItem[],
): Promise<readonly BatchItem[]> {
  const settled: BatchItem[] = [];
  const atOnce = 20;
  for (let from = 0; from < items.length; from += atOnce) {
    settled.push(
      ...(await Promise.all(items.slice(from, from + atOnce).map((item) => settleItem(ports, batch, item)))),
    );
  }
  return settled;
}

/** After a cancel: what has not begun never begins, and what is somebody else's operation is not waited for. */
async function giveUp(ports: Ports, batch: BatchRecord, all: readonly BatchItem[]): Promise<readonly BatchItem[]> {
  const { id, cancel } = batch;
  const items: BatchItem[] = [];
  for (const item of all) items.push(await findBegun(ports, id, item));
  const endTime = new Date().toISOString();
  const end = (message: string) => ({
    status: "Canceled" as const,
    endTime,
    error: toOperationError("OPERATION_CANCELED", message),
  });
  const changed = items.map((item) => {
    if (item.status === "NotStarted") return { ...item, ...end(`Canceled by ${cancel?.by} before it began.`) };
    if (item.status !== "Running" || item.operation === item.claim) return item;
    return { ...item, ...end(`Operation ${item.operation} is not the batch's own, and goes on.`) };
  });
  const updates = changed.flatMap((item, at) =>
    item === items[at] ? [] : [{ index: item.index, changes: end(item.error?.message ?? "") }],
  );
  if (updates.length > 0) await ports.registry.updateBatchItems(id, updates);
  return changed;
}

/**
 * No lane is left that would start what it has claimed, or take what another one dropped: one that failed left its item
 * behind. What is claimed is the timer's from now on, and what is not is there to be taken again.
 */
async function leaveToTimer(
  { registry }: Pick<Ports, "registry">,
  id: string,
  items: readonly BatchItem[],
): Promise<void> {
  for (const item of items) {
    if (item.status !== "Running" || item.operation !== item.claim) continue;
    const record = await registry.getNamespace(item);
    if (record?.operation !== item.claim || record?.batch?.isStarter !== true) continue;
    await registry.replaceNamespace({ ...record, batch: { operation: id, isStarter: false } });
  }
  const first = items.find(({ status }) => status === "NotStarted");
  const open = first && (await registry.getOpenBatch(id));
  if (open) await registry.replaceOpenBatch({ ...open, next: first.index, taken: {} });
}

async function getBatch({ registry }: Pick<Ports, "registry">, id: string): Promise<Stored<BatchRecord>> {
  const record = await registry.getBatch(id);
  if (!record) throw new Error(`batch ${id} has no record`);
  return record;
}

/** Through the ETag; undefined from `next` means that nothing has to be written. */
export async function amendUntilWritten(
  ports: Pick<Ports, "registry">,
  id: string,
  next: (record: Stored<BatchRecord>) => Partial<BatchRecord> | undefined,
): Promise<BatchRecord> {
  const attempts = 10;
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const record = await getBatch(ports, id);
    const changes = next(record);
    if (!changes) return record;
    if (await ports.registry.amendBatch(record, changes)) return { ...record, ...changes };
  }
  throw new Error(`the record of batch ${id} changed ${attempts} times`);
}

function originOf({ id: operation, requestedBy, team, traceparent }: BatchRecord) {
  return { operation, requestedBy, team, traceparent };
}

async function publishBatch(
  { events }: Pick<Ports, "events">,
  { id, traceparent }: BatchRecord,
  { status, phase, totals }: { status: OperationStatus; phase: Phase; totals: BatchTotals },
): Promise<void> {
  const event: BatchEvent = {
    specversion: "1.0",
    id: `${id}/${status}`,
    source: "/mooring",
    type: "mooring.batch.status-changed.v1",
    subject: id,
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    ...(traceparent === undefined ? {} : { traceparent }),
    data: { operation: id, kind: "batch", status, phase, totals },
  };
  await events.publish(event);
}
