import { isFinal } from "../../domain/operation/operation.ts";
import type { BatchRecord, Stored } from "../../domain/operation/records.ts";
import { hasRole, missingRole } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Ports } from "../../ports/index.ts";
import { amend } from "../amend.ts";
import { type Decision, sign } from "./decide.ts";
import { mustSeeOperation } from "./seeOperation.ts";

/**
 * Idempotent. The cancel reaches the items through the function that accepted it, the lanes, and the end of the batch
 * (application/batch/).
 */
export async function cancelBatch(
  { registry }: Pick<Ports, "registry">,
  id: string,
  decision: Decision,
): Promise<BatchRecord> {
  const { record: foreseen, change } = await amend({
    what: `The record of batch ${id}`,
    read: () => foreseeBatchCancel({ registry }, id, decision),
    next: ({ isMade }) => (isMade ? undefined : { cancel: sign(decision) }),
    write: ({ record }, changes) => registry.amendBatch(record, changes),
  });
  return { ...foreseen.record, ...change };
}

/** Refuses what `cancelBatch` would refuse; `isMade` when the batch was already canceled. Writes nothing. */
export async function foreseeBatchCancel(
  { registry }: Pick<Ports, "registry">,
  id: string,
  { by, expect }: Decision,
): Promise<{ record: Stored<BatchRecord>; isMade: boolean }> {
  const record = mustSeeOperation(by, id, await registry.getBatch(id));
  if (!hasRole(by, ["Onboarding.Request"])) throw new Refusal("FORBIDDEN", missingRole(["Onboarding.Request"]));
  if (record.cancel && (!isFinal(record.status) || record.status === "Canceled")) return { record, isMade: true };
  if (!isFinal(record.status)) {
    expect?.(record);
    return { record, isMade: false };
  }
  throw new Refusal("OPERATION_ENDED", `Operation ${id} has ended: ${record.status}.`, { operation: id });
}
