import type { InvocationContext } from "@azure/functions";
import type { DurableClient } from "durable-functions";
import type { OperationRecord } from "../../domain/operation/records.ts";
import { traceIdIn } from "../../domain/watching/trace.ts";
import { decisionEvent } from "../../orchestrations/approval.ts";
import { logLine } from "../../telemetry/logLine.ts";

/** Wakes an orchestration that waits for approval, or for pods; any other reads the record itself before its next write. */
export async function wake(
  client: DurableClient,
  { id, kind, approval, traceparent }: Pick<OperationRecord, "id" | "kind" | "approval" | "traceparent">,
  context: Pick<InvocationContext, "warn">,
): Promise<void> {
  if (!approval && kind !== "migrate") return;
  try {
    await client.raiseEvent(id, decisionEvent, {});
  } catch (error) {
    // The decision stands all the same: the timer wakes the orchestration (startAccepted.ts).
    const reason = error instanceof Error ? error.message : String(error);
    context.warn(logLine("not woken yet", { operation: id, reason, traceId: traceIdIn({ traceparent }) }));
  }
}
