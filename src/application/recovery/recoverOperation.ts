/**
 * Recovers what a crash left between two writes: an operation accepted but never started, decided but never woken, or ended but
 * never recorded.
 */
import { isHeld, kindOf, operationOf } from "../../domain/operation/lifecycle.ts";
import type { HeldRecord, NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import { Outcome } from "../../domain/operation/outcome.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";

import { findInstance, hasEnded, type RuntimeClient, type RuntimeStatus } from "../../durable/orchestration.ts";

import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";

import { cancelOfItem } from "../batch/batchItem.ts";
import { remindOfApproval } from "../decisions/approval.ts";
import { passOnCancel } from "../decisions/cancellation.ts";
import { wake } from "../decisions/wake.ts";
import { concludeOperation } from "../operation/concludeOperation.ts";
import { findReachedPhase } from "../operation/findPhase.ts";
import type { RecoveryContext } from "./recoveryContext.ts";
import { restartOperation, resumeOperation } from "./resumeOperation.ts";

/**
 * Starts an operation that was accepted but never started, resumes one that ended without an outcome, or records an end that
 * its orchestration could not record. Returns whether it waits for a person.
 */
export async function recoverOperation(recovery: RecoveryContext, record: Stored<HeldRecord>): Promise<boolean> {
  const { ports, client, warn } = recovery;
  const { operation, cluster, namespace } = record;
  const instance = await findInstance(client, operation);
  if (!instance) {
    if (await isForLane(client, record)) return false;
    warn(logLine("starting an accepted operation", { operation, cluster, namespace, traceId: traceIdIn(record) }));
    await ports.registry.insertOperation(operationOf(record));
    await cancelWithBatch(ports, record);
    const outcome = await restartOperation(recovery, record);
    if (outcome) await recordEnd(recovery, record, { outcome });
  } else if (hasEnded(instance)) {
    // It may have ended, and have recorded that, since the records were listed.
    const current = await ports.registry.getNamespace(record);
    if (current?.operation !== operation || !isHeld(current)) return false;
    const outcome = Outcome.safeParse(instance.output).data ?? (await resumeOperation(recovery, record));
    if (outcome) await recordEnd(recovery, record, { outcome, runtimeStatus: instance.runtimeStatus });
  } else {
    return await reconcileApproval(recovery, operation);
  }
  return false;
}

/** The orchestration ended without releasing the namespace: nothing else will, so do it here. */
async function recordEnd(
  { ports, warn }: Pick<RecoveryContext, "ports" | "warn">,
  record: HeldRecord,
  { outcome, runtimeStatus }: { readonly outcome: Outcome; readonly runtimeStatus?: RuntimeStatus },
): Promise<void> {
  const { operation, cluster, namespace, request, requestedBy, team, traceparent } = record;
  warn(logLine("recording the end of an operation", { operation, runtimeStatus, traceId: traceIdIn(record) }));
  await concludeOperation(ports, {
    operation,
    cluster,
    namespace,
    kind: kindOf(record),
    request,
    requestedBy,
    team,
    traceparent,
    // Known before it began; an outcome of its own has the same value.
    ...(record.state === "Migrating" ? { clientId: record.clientId } : {}),
    ...outcome,
  });
}

/**
 * A lane may have claimed for a batch and died before it recorded that; then neither the batch's cancel nor its being given up
 * could reach the operation.
 */
async function cancelWithBatch(ports: Ports, record: NamespaceRecord): Promise<void> {
  const cancel = await cancelOfItem(ports, record);
  if (cancel) await passOnCancel(ports.registry, record.operation, cancel);
}

/**
 * Whether a lane of a batch is about to start the operation as its sub-orchestration. The runtime brings lanes back after a
 * crash, and if the instance ID already existed, the lane would wait forever.
 */
async function isForLane(client: RuntimeClient, { batch }: NamespaceRecord): Promise<boolean> {
  if (!batch?.isStarter) return false;
  const instance = await findInstance(client, batch.operation);
  return instance !== undefined && !hasEnded(instance);
}

/**
 * Sends a reminder that is due; wakes an operation that was decided but, after a crash, never woken. Returns whether it waits
 * for a decision.
 */
export async function reconcileApproval({ ports, client, warn }: RecoveryContext, operation: string): Promise<boolean> {
  const record = await ports.registry.getOperation(operation);
  if (!record?.approval) return false;
  if (record.approval.decision === undefined && !record.cancel) {
    await remindOfApproval(ports, record, Date.now());
    return true;
  }
  if ((await findReachedPhase(client, operation)) === "awaitingApproval") {
    await wake(client, record, { warn });
  }
  return false;
}
