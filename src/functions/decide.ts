/** Decisions of people about an operation: written to its record with the ETag, where the first one counts. */
import type { Approval } from "../domain/approval.ts";
import type { AppRole, Caller } from "../domain/caller.ts";
import { PermanentError, TransientError } from "../domain/errors.ts";
import { isFinal } from "../domain/operation.ts";
import type { OperationRecord, Registry, Stored } from "../ports.ts";
import { Refusal } from "./refusal.ts";

type Records = Pick<Registry, "getOperation" | "amendOperation">;

export interface Decision {
  readonly by: Caller;
  readonly comment?: string | undefined;
  readonly now?: Date;
}

/** Asking twice is asking once; the first one's name stays. */
export async function cancelOperation(registry: Records, id: string, decision: Decision): Promise<OperationRecord> {
  return await decide(registry, id, (record) => {
    if (record.cancel && (!isFinal(record.status) || record.status === "Canceled")) return undefined;
    if (isFinal(record.status)) {
      throw new Refusal("OPERATION_ENDED", `Operation ${id} has ended: ${record.status}.`, { operation: id });
    }
    if (record.committedTime !== undefined) {
      throw new Refusal("CANCEL_TOO_LATE", `Operation ${id} was done at ${record.committedTime}.`, { operation: id });
    }
    return { cancel: sign(decision) };
  });
}

/** The approval names the request that the approver saw; the requester cannot decide. */
export async function decideApproval(
  registry: Records,
  id: string,
  decision: Decision & { kind: "approved" | "rejected"; requestHash?: string | undefined },
): Promise<OperationRecord> {
  const { by, kind, requestHash, now = new Date() } = decision;
  expectRole(by, "Onboarding.Approve");
  return await decide(registry, id, (record) => {
    const { approval } = record;
    if (!approval) throw notPending(record, "it has not asked for one");
    if (by.id === record.requestedBy) {
      throw new Refusal("APPROVER_IS_REQUESTER", `Operation ${id} was requested by ${by.id}, who cannot decide it.`);
    }
    if (requestHash !== undefined && requestHash !== approval.requestHash) {
      const message = `The operation's request has hash ${approval.requestHash}, the approval names ${requestHash}.`;
      throw new Refusal("APPROVAL_MISMATCH", message, { operation: id });
    }
    const made = approval.decision;
    if (made?.kind === kind && made.by === by.id) return undefined;
    if (made?.kind === "timedOut" || (!made && now.getTime() >= Date.parse(approval.expiresTime))) {
      throw new Refusal("APPROVAL_TIMED_OUT", `The time to decide ended at ${approval.expiresTime}.`, {
        operation: id,
      });
    }
    if (made) throw notPending(record, `it was ${made.kind} by ${made.by ?? "somebody"} at ${made.time}`);
    if (record.cancel) throw notPending(record, `it was canceled by ${record.cancel.by}`);
    if (isFinal(record.status)) throw notPending(record, "it has ended");
    return { approval: { ...approval, decision: { kind, ...sign({ ...decision, now }) } } };
  });
}

export function expectRole({ id, roles }: Caller, role: AppRole): void {
  if (!roles.includes(role)) throw new PermanentError("FORBIDDEN", `${id} does not have the app role ${role}.`);
}

function notPending({ id }: OperationRecord, why: string): Refusal {
  return new Refusal("APPROVAL_NOT_PENDING", `Operation ${id} does not wait for approval: ${why}.`, { operation: id });
}

function sign({ by, comment, now = new Date() }: Decision): { by: string; time: string; comment?: string } {
  return { by: by.id, time: now.toISOString(), ...(comment === undefined ? {} : { comment }) };
}

const attempts = 10;

async function decide(
  registry: Records,
  id: string,
  next: (
    record: Stored<OperationRecord>,
  ) => Pick<Required<OperationRecord>, "cancel"> | { approval: Approval } | undefined,
): Promise<OperationRecord> {
  for (let attempt = 0; attempt < attempts; attempt += 1) {
    const record = await registry.getOperation(id);
    if (!record) throw new Refusal("NOT_FOUND", `There is no operation "${id}".`);
    const changes = next(record);
    if (!changes) return record;
    if (await registry.amendOperation(record, changes)) return { ...record, ...changes };
  }
  throw new TransientError("REGISTRY_UNAVAILABLE", `The record of operation ${id} changed ${attempts} times.`);
}
