import { messageOf } from "../../domain/messageOf.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import { decisionEvent } from "../../domain/operation/wakingEvents.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import type { RuntimeClient } from "../../durable/orchestration.ts";
import { logLine } from "../../telemetry/logLine.ts";

/** Wakes an orchestration that waits for approval, or for pods; any other reads the record itself before its next write. */
export async function wake(
  client: RuntimeClient,
  { id, kind, approval, traceparent }: Pick<OperationRecord, "id" | "kind" | "approval" | "traceparent">,
  log: { warn(line: string): void },
): Promise<void> {
  if (!approval && kind !== "migrate") return;
  try {
    await client.raiseEvent(id, decisionEvent, {});
  } catch (error) {
    // The decision stands all the same: the timer wakes the orchestration (recovery/recoverOperation.ts).
    const reason = messageOf(error);
    log.warn(logLine("not woken yet", { operation: id, reason, traceId: traceIdIn({ traceparent }) }));
  }
}
