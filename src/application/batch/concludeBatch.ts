/** How a batch ends: when every item has ended or, once it was canceled or given up, every item that had begun. */
import { count } from "../../domain/count.ts";
import { isOfPolicy } from "../../domain/errors.ts";
import { inGroups } from "../../domain/inGroups.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { countItems, judgeBatch } from "../../domain/operation/batch.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import type { BatchItem, BatchRecord, Stored } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports/index.ts";
import { amendNamespace } from "../amend.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { appendDecision } from "../watching/audit.ts";
import { findBegun, noteEnd } from "./batchItem.ts";
import { amendBatch, amendItem, getBatch, originOf, publishBatch } from "./batchRecord.ts";

/** How many items have not begun, and how many are running; both are zero once the batch has ended. */
interface Left {
  readonly notBegun: number;
  readonly running: number;
}

/** Ends the batch when every item has ended; otherwise returns what is left. */
export async function concludeBatch(ports: Ports, id: string): Promise<Left> {
  const record = await getBatch(ports, id);
  if (isFinal(record.status)) return await close(ports, record);
  const noted = await noteEnds(ports, id, await ports.registry.listBatchItems(id));
  const open = await dropVerifications(ports, record, noted);
  const items = record.cancel || record.givenUp !== undefined ? await giveUp(ports, record, open) : open;
  const totals = countItems(items);
  const { notStarted: notBegun, running } = totals;
  if (notBegun + running > 0) {
    await leaveToTimer(ports, id, items);
    return { notBegun, running };
  }
  const endTime = new Date().toISOString();
  const ended = await amendBatch(ports, id, ({ status, cancel }) =>
    isFinal(status) ? undefined : { ...judgeBatch(totals, cancel), result: totals, endTime },
  );
  return await close(ports, ended);
}

/** Publishes the end before it closes the batch: until then, the timer returns to it. */
async function close(ports: Ports, record: BatchRecord): Promise<Left> {
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
const atOnce = 20;

/** One audit entry for everything that policy refused: the status of the batch lists each item. */
async function appendRefusals(ports: Ports, record: BatchRecord, items: readonly BatchItem[]): Promise<void> {
  const refused = items.filter(({ operation, error }) => operation === undefined && error && isOfPolicy(error.code));
  const code = refused[0]?.error?.code;
  if (code === undefined) return;
  const named = refused.slice(0, mostNamed).map((item) => `${namespaceKey(item)} ${item.error?.code}`);
  const left = refused.length - named.length;
  const reason = `Refused ${count(refused.length, "namespace")}: ${named.join(", ")}${left > 0 ? `, and ${left} more` : ""}.`;
  const decision = { id: record.id, what: "batch", action: "refused", outcome: "Refused", code, reason };
  await appendDecision(ports, originOf(record), decision);
}

/** Notes the end of each item whose operation has ended. */
export async function noteEnds<Item extends BatchItem>(
  ports: Pick<Ports, "registry">,
  batch: string,
  items: readonly Item[],
): Promise<readonly Item[]> {
  return await inGroups(items, atOnce, (item) => noteEnd(ports, batch, item));
}

/** A lane that broke off has left its verification unfinished: reset the item to not begun, so that another lane gets it. */
async function dropVerifications(
  ports: Pick<Ports, "registry">,
  { id, work }: BatchRecord,
  items: readonly Stored<BatchItem>[],
): Promise<readonly Stored<BatchItem>[]> {
  if (work?.action !== "verify") return items;
  return await Promise.all(
    items.map(async (item) => {
      if (item.status !== "Running") return item;
      // It may have ended since.
      const { record, change } = await amendItem(ports, { batch: id, index: item.index }, ({ status }) =>
        status === "Running" ? { status: "NotStarted" as const } : undefined,
      );
      return { ...item, ...record, ...change };
    }),
  );
}

/** Items that have not begun never begin. After a cancel, the batch does not wait for anyone else's operation, either. */
async function giveUp(
  ports: Ports,
  batch: BatchRecord,
  all: readonly Stored<BatchItem>[],
): Promise<readonly BatchItem[]> {
  const { id, cancel, givenUp } = batch;
  const endTime = new Date().toISOString();
  const canceled = (message: string) => ({
    status: "Canceled" as const,
    endTime,
    error: toOperationError("OPERATION_CANCELED", message),
  });
  const neverBegun = cancel
    ? canceled(`Canceled by ${cancel.by} before it began.`)
    : {
        status: "Failed" as const,
        endTime,
        error: toOperationError("ORCHESTRATION_FAILED", `It never began. ${givenUp}`),
      };
  const endOf = ({ status, operation, claim }: BatchItem) => {
    if (status === "NotStarted") return neverBegun;
    if (!cancel || status !== "Running" || operation === claim) return undefined;
    return canceled(`Operation ${operation} is not the batch's own, and goes on.`);
  };
  // A lane may be claiming an item at this moment, so its end is written only to what was read: either the lane finds that it has
  // ended, or it is found to have begun.
  const ended = await endTogether(
    ports,
    id,
    all.flatMap((item) => {
      const changes = isUnclaimed(item) || item.status === "Running" ? endOf(item) : undefined;
      return changes ? [{ item, changes }] : [];
    }),
  );
  const end = async (item: BatchItem): Promise<BatchItem> => {
    let found = await findBegun(ports, id, item);
    if (!endOf(found)) return found;
    const { record, change } = await amendItem(ports, { batch: id, index: item.index }, async (current) => {
      found = await findBegun(ports, id, current);
      return endOf(found);
    });
    return { ...record, ...found, ...change };
  };
  return await inGroups(all, atOnce, async (item) => ended.get(item.index) ?? (await end(item)));
}

/** Nobody can have begun it without having written to it. */
function isUnclaimed({ status, claim }: BatchItem): boolean {
  return status === "NotStarted" && claim === undefined;
}

/** Ends items of which nothing but what was read has to be known. Returns those that are still as they were read, by index. */
async function endTogether(
  { registry }: Pick<Ports, "registry">,
  batch: string,
  ends: readonly { readonly item: Stored<BatchItem>; readonly changes: Partial<BatchItem> }[],
): Promise<ReadonlyMap<number, BatchItem>> {
  const isWritten = await registry.amendBatchItems(batch, ends);
  const written = ends.filter((_each, at) => isWritten[at]);
  return new Map(written.map(({ item, changes }) => [item.index, { ...item, ...changes }]));
}

/**
 * No lane is left to start what it has claimed, or to get what another one dropped: a failed lane left its item behind. From
 * now on the timer starts claimed items, and unclaimed ones are next again.
 */
async function leaveToTimer(
  { registry }: Pick<Ports, "registry">,
  id: string,
  items: readonly BatchItem[],
): Promise<void> {
  for (const item of items) {
    if (item.status !== "Running" || item.operation !== item.claim) continue;
    // Nobody but a lane starts what keeps the flag: the batch would wait for it.
    const leaving = amendNamespace(registry, item, (record) =>
      record.operation === item.claim && record.batch?.isStarter === true
        ? { ...record, batch: { operation: id, isStarter: false } }
        : undefined,
    );
    await unlessUnreadable(leaving);
  }
  const first = items.find(({ status }) => status === "NotStarted");
  const open = first && (await registry.getOpenBatch(id));
  if (open) await registry.replaceOpenBatch({ ...open, next: first.index, taken: {} });
}
