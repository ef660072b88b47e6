/**
 * Resumes an operation whose orchestration ended without an outcome of its own. The runtime fails an orchestration that is
 * due while its workers are replaced (deployments, scale-in), and a defect may throw. In either case the operation begins
 * anew under its own ID, with what its records say it has done. Its steps look first, so what is done stays done.
 */
import type { HeldRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Outcome } from "../../domain/operation/outcome.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import { findInstance, hasEnded } from "../../durable/orchestration.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { startOperation } from "../acceptance/acceptance.ts";
import { abandon, outcomeOf, resumptionOf } from "../operation/resumption.ts";
import { appendDecision } from "../watching/audit.ts";
import type { RecoveryContext } from "./recoveryContext.ts";
import { describeEnd, mayRestart, reasonOf } from "./restarts.ts";

/** Returns the outcome to record if the operation is not, or need not be, resumed. */
export async function resumeOperation(
  { ports, client, warn, now }: RecoveryContext,
  record: HeldRecord,
): Promise<Outcome | undefined> {
  const { registry } = ports;
  const { operation: id, cluster, namespace } = record;
  const operation = await registry.getOperation(id);
  // Read after the operation: anyone else who resumes it writes to its record before the instance runs.
  const instance = await findInstance(client, id);
  if (!operation || !instance || !hasEnded(instance)) return undefined;
  const steps = await registry.listSteps(id);
  const recorded = outcomeOf(operation, steps);
  if (recorded) return recorded;

  const { restarts = 0 } = operation;
  const decision = mayRestart(instance, restarts, now?.() ?? Date.now());
  if (decision === "never") return abandon(operation, steps, describeEnd(instance, restarts));
  if (decision === "later") return undefined;
  const count = restarts + 1;
  const reason = reasonOf(instance);
  const entry = { id: `${id}/${count}`, what: operation.kind, action: "takenUp", outcome: "Running", reason };
  await appendDecision(ports, { ...operation, operation: id }, entry);
  // Counted before it runs, so that restarts end even if each one crashes its process.
  if (!(await registry.amendOperation(operation, { restarts: count }))) return undefined;
  const facts = { operation: id, cluster, namespace, restarts: count, reason, traceId: traceIdIn(operation) };
  warn(logLine("resuming an operation", facts));
  await startOperation(client, ports, asAccepted(record, operation), {
    // Read again: from now on no undo of an earlier run begins (expectNewestRun), and one that has begun by now is in the way.
    resumed: resumptionOf(operation, await registry.listSteps(id)),
    restarts: count,
  });
  return undefined;
}

/**
 * Uses what is known of a first run, if there was one: purging an instance does not purge what it made. Returns the outcome to
 * record if that run has ended.
 */
export async function restartOperation(
  { ports, client }: Pick<RecoveryContext, "ports" | "client">,
  record: HeldRecord,
): Promise<Outcome | undefined> {
  const { registry } = ports;
  const operation = await registry.getOperation(record.operation);
  const steps = operation ? await registry.listSteps(operation.id) : [];
  const recorded = operation && outcomeOf(operation, steps);
  if (recorded) return recorded;
  if (!operation || steps.length === 0) await startOperation(client, ports, record);
  else {
    const { restarts = 0 } = operation;
    const next = { resumed: resumptionOf(operation, steps), restarts };
    await startOperation(client, ports, asAccepted(record, operation), next);
  }
  return undefined;
}

/** A migration changes the request of its namespace along the way; a new run needs the original one. */
function asAccepted(record: HeldRecord, { request, migration }: OperationRecord): HeldRecord {
  return record.state === "Migrating" && migration ? { ...record, request, migration } : record;
}
