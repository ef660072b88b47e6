/**
 * What a batch needs from outside: a start after a crash, its cancel passed on, and the outcomes of what did not run in its
 * lanes.
 */

import { hasPassed } from "../../domain/hasPassed.ts";
import { messageOf } from "../../domain/messageOf.ts";
import type { NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import type { BatchRecord, OpenBatch, Stored } from "../../domain/operation/records.ts";
import { itemsEndedEvent } from "../../domain/operation/wakingEvents.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import { findInstance, hasEnded, type Instance } from "../../durable/orchestration.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { passOn, startBatch } from "../batch/acceptBatch.ts";
import { originOf } from "../batch/batchRecord.ts";
import { concludeBatch, noteEnds } from "../batch/concludeBatch.ts";
import { appendDecision } from "../watching/audit.ts";
import type { RecoveryContext } from "./recoveryContext.ts";
import { describeEnd, mayRestart, reasonOf } from "./restarts.ts";

/** A batch without a record by then is one whose acceptance broke off; no caller got its ID. */
const forgottenMs = 600_000;

interface Tick {
  readonly held: readonly Pick<NamespaceRecord, "operation">[];
  /** Batches accepted before this time have had time to start by themselves. */
  readonly before: number;
}

export async function reconcileBatches(recovery: RecoveryContext, { held, before }: Tick): Promise<void> {
  const { ports, warn } = recovery;
  const running = new Set(held.map(({ operation }) => operation));
  for (const open of await ports.registry.openBatches()) {
    let record: Stored<BatchRecord> | undefined;
    try {
      record = await ports.registry.getBatch(open.id);
      await reconcileBatch(recovery, open, { record, before, isRunning: (operation) => running.has(operation) });
    } catch (error) {
      // The next tick tries again.
      const reason = messageOf(error);
      warn(logLine("batch not reconciled", { operation: open.id, reason, traceId: record && traceIdIn(record) }));
    }
  }
}

/** For a batch that a caller looks at: does what a tick does, provided that its orchestration is not running. */
export async function recoverBatch(recovery: RecoveryContext, id: string, before: number): Promise<boolean> {
  const instance = await findInstance(recovery.client, id);
  if (instance && !hasEnded(instance)) return false;
  const open = await recovery.ports.registry.getOpenBatch(id);
  if (!open) return false;
  const record = await recovery.ports.registry.getBatch(id);
  await reconcileBatch(recovery, open, { record, before, isRunning: () => true });
  return true;
}

async function reconcileBatch(
  recovery: RecoveryContext,
  open: Stored<OpenBatch>,
  {
    record,
    before,
    isRunning,
  }: { record: Stored<BatchRecord> | undefined; before: number; isRunning: (operation: string) => boolean },
): Promise<void> {
  const { ports, client, warn } = recovery;
  const { id, acceptedTime, requests, next } = open;
  const { registry } = ports;
  const accepted = Date.parse(acceptedTime);
  if (!record) {
    if (accepted < before - forgottenMs) await registry.forgetBatch(open);
    return;
  }
  const instance = await findInstance(client, id);
  if (!instance || hasEnded(instance)) {
    // One that seems to be accepted much later was so by a clock that was wrong.
    if (!hasPassed(accepted, 1, before)) return;
    // It may have ended, and have been closed, since the batches were listed.
    if (!(await registry.getOpenBatch(id))) return;
    // It is not closed, so it has not ended: what it has done is in the registry, and a new run continues from there.
    if (record.givenUp !== undefined) {
      await passOn(ports, client, record, { warn });
      await concludeBatch(ports, id);
    } else if (!instance || (await mayResume(recovery, record, instance))) {
      const runtimeStatus = instance?.runtimeStatus;
      warn(logLine("starting a batch", { operation: id, runtimeStatus, traceId: traceIdIn(record) }));
      await startBatch(client, ports, record);
    }
    return;
  }
  await passOn(ports, client, record, { warn });
  // An operation that holds its namespace is still running; its record need not be read.
  const items = await registry.listBatchItems(id, { status: "Running" });
  const ended = items.filter(({ operation }) => operation !== undefined && !isRunning(operation));
  const noted = await noteEnds(ports, id, ended);
  const isOver = ended.length === items.length && noted.every(({ status }) => isFinal(status));
  if (isOver && (next >= requests || record.cancel)) await client.raiseEvent(id, itemsEndedEvent, {});
}

/** Whether a new run may begin now. Counts it, and gives the batch up after too many. */
async function mayResume(
  { ports, now }: RecoveryContext,
  record: Stored<BatchRecord>,
  instance: Instance,
): Promise<boolean> {
  const { id, restarts = 0 } = record;
  const decision = mayRestart(instance, restarts, now?.() ?? Date.now());
  if (decision === "later") return false;
  if (decision === "never") {
    await ports.registry.amendBatch(record, { givenUp: describeEnd(instance, restarts) });
    return false;
  }
  const count = restarts + 1;
  const entry = { id: `${id}/${count}`, what: "batch", action: "takenUp", outcome: "Running" };
  await appendDecision(ports, originOf(record), { ...entry, reason: reasonOf(instance) });
  return await ports.registry.amendBatch(record, { restarts: count });
}
