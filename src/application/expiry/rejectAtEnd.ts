/**
 * A change that waits for approval holds its namespace, and has written nothing. When access ends that the namespace had before, the
 * change is rejected with that as its reason: access lasts as long as was approved, and no waiting request makes it last longer.
 */
import { expiryCaller } from "../../domain/access/caller.ts";
import type { OperationRecord } from "../../domain/operation/records.ts";
import type { RuntimeClient } from "../../durable/orchestration.ts";
import type { Ports } from "../../ports/index.ts";
import { amendOperation } from "../amend.ts";
import { wake } from "../decisions/wake.ts";
import { appendDecision } from "../watching/audit.ts";

interface Rejecting {
  readonly ports: Pick<Ports, "audit" | "registry">;
  readonly client: RuntimeClient;
  warn(line: string): void;
}

/** Whether only people's approval is missing. */
export function isWaiting(operation: OperationRecord | undefined): boolean {
  return operation?.approval !== undefined && operation.approval.decision === undefined && !operation.cancel;
}

/** An approval, a cancel or a time-out that is written first counts. */
export async function rejectAtEnd(
  { ports, client, warn }: Rejecting,
  { id }: Pick<OperationRecord, "id">,
  end: string,
): Promise<void> {
  const comment = `what the namespace had ended at ${end}, before this was decided; send the request again`;
  const decision = { kind: "rejected", by: expiryCaller.id, time: new Date().toISOString(), comment } as const;
  const { record, change } = await amendOperation(ports.registry, id, (current) =>
    current.approval && isWaiting(current) ? { approval: { ...current.approval, decision } } : undefined,
  );
  if (!record || !change) return;
  const origin = { ...record, operation: id, requestedBy: expiryCaller.id };
  const entry = { id: `${id}/${expiryCaller.id}`, what: record.kind, action: "reject", outcome: "Running" } as const;
  await appendDecision(ports, origin, { ...entry, reason: comment });
  await wake(client, { ...record, ...change }, { warn });
}
