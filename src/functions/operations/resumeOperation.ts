/**
 * Takes up an operation whose orchestration ended without an outcome of its own. The runtime fails one that is due while its
 * workers are replaced (deployments, scale-in), and a defect may throw: whichever it was, the operation begins anew under its
 * own id, with what its records say it has behind it. Its steps look first, so what is done stays done.
 */
import { abandon, outcomeOf, resumptionOf } from "../../application/operation/resumption.ts";
import { appendDecision } from "../../application/watching/audit.ts";
import type { HeldRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Outcome } from "../../domain/operation/outcome.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import { findInstance, hasEnded } from "../../durable/orchestration.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { startOperation } from "../acceptance/acceptance.ts";
import type { RecoveryContext } from "../acceptance/recoveryContext.ts";
import { describeEnd, mayRestart, reasonOf } from "../acceptance/restarts.ts";

/** Gives the outcome to record where it is not, or need not be, taken up again. */
export async function resumeOperation(
  { ports, client, warn, now }: RecoveryContext,
  record: HeldRecord,
): Promise<Outcome | undefined> {
  const { registry } = ports;
  const { operation: id, cluster, namespace } = record;
  const operation = await registry.getOperation(id);
  // After the operation: whoever else takes it up writes there before the instance runs.
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
  // Counted before it runs: one that brings its process down has an end, too.
  if (!(await registry.amendOperation(operation, { restarts: count }))) return undefined;
  const facts = { operation: id, cluster, namespace, restarts: count, reason, traceId: traceIdIn(operation) };
  warn(logLine("resuming an operation", facts));
  await startOperation(client, ports, asAccepted(record, operation), resumptionOf(operation, steps));
  return undefined;
}

/** What is known of a first run, should there have been one: whoever purged the instance has not purged what it made. */
export async function restartOperation(
  { ports, client }: Pick<RecoveryContext, "ports" | "client">,
  record: HeldRecord,
): Promise<void> {
  const { registry } = ports;
  const operation = await registry.getOperation(record.operation);
  const steps = operation ? await registry.listSteps(operation.id) : [];
  if (!operation || steps.length === 0) await startOperation(client, ports, record);
  else await startOperation(client, ports, asAccepted(record, operation), resumptionOf(operation, steps));
}

/** A migration changes the request of its namespace on its way; what it was told in the beginning has to be told again. */
function asAccepted(record: HeldRecord, { request, migration }: OperationRecord): HeldRecord {
  return record.state === "Migrating" && migration ? { ...record, request, migration } : record;
}
