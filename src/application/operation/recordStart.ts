import type { OperationRecord } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports.ts";
import { appendDecision } from "../watching/audit.ts";
import { publishStatus } from "../watching/statusEvent.ts";
import type { Origin } from "./origin.ts";

/** Records and publishes that the operation runs. */
export async function recordStart(ports: Ports, input: Origin & Pick<OperationRecord, "kind">): Promise<void> {
  const startTime = new Date().toISOString();
  await Promise.all([
    ports.registry.updateOperation(input.operation, { status: "Running", startTime }),
    // Here, and not where the request is answered: there a crash could lose it, and the caller would have to wait for it.
    appendDecision(ports, input, { id: input.operation, what: input.kind, action: "accepted", outcome: "Running" }),
    publishStatus(ports, { ...input, id: input.operation }, { status: "Running", phase: "preflight" }),
  ]);
}
