import z from "zod";
import { awaitsApproval } from "../../domain/operation/awaiting.ts";
import { isFinal, Phase } from "../../domain/operation/operation.ts";
import type { AnyOperation, OperationRecord } from "../../domain/operation/records.ts";
import { findInstance, type RuntimeClient } from "../../durable/orchestration.ts";

/** The phase of an operation, as callers see it. */
export async function findPhase(
  client: Pick<RuntimeClient, "getStatus">,
  record: Pick<AnyOperation, "id" | "status" | "cancel"> & Pick<OperationRecord, "approval">,
): Promise<Phase> {
  if (isFinal(record.status)) return "done";
  const phase = await findReachedPhase(client, record.id);
  // It has ended since the record was read, which does not say how: whoever sees "done" stops asking.
  if (phase === "done") return "verifying";
  // Somebody has decided, but the orchestration has not woken yet: the operation no longer waits for anyone.
  return phase === "awaitingApproval" && !awaitsApproval(record) ? "preflight" : phase;
}

/** The phase of a running orchestration, from its custom status. */
export async function findReachedPhase(client: Pick<RuntimeClient, "getStatus">, id: string): Promise<Phase> {
  const status = await findInstance(client, id);
  return CustomStatus.safeParse(status?.customStatus).data?.phase ?? "preflight";
}

const CustomStatus = z.object({ phase: Phase });
