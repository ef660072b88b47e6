/** People's decisions about an operation: written to its record with the ETag, so the first one counts. */

import type { Caller } from "../../domain/access/caller.ts";
import type { PersonOf } from "../../domain/access/person.ts";
import { defined } from "../../domain/defined.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import type { AnyOperation, Cancel, OperationRecord, Stored } from "../../domain/operation/records.ts";
import { type Approval, approvalsNeeded, mayDecide } from "../../domain/policy/approval.ts";
import { hasRole, maySee, missingRole } from "../../domain/policy/policy.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Registry } from "../../ports/registry.ts";
import { amend } from "../amend.ts";
import { mustSeeOperation } from "./seeOperation.ts";

type Records = Pick<Registry, "getOperation" | "findOperation" | "amendOperation">;

export interface Decision {
  readonly by: Caller;
  readonly comment?: string | undefined;
  readonly now?: Date;
  /** Throws when the operation is not as the caller saw it. Called last, and not for a decision that was already made. */
  readonly expect?: ((record: AnyOperation) => void) | undefined;
}

export interface ApprovalDecision extends Decision {
  readonly kind: "approved" | "rejected";
  readonly requestHash?: string | undefined;
  /** Without it, everybody has one ID. */
  readonly personOf?: PersonOf;
}

/** The operation, and whether the same decision was already made. */
export interface Foreseen {
  readonly record: OperationRecord;
  readonly isMade: boolean;
}

/** Idempotent; the name of the first caller stays. */
export async function cancelOperation(registry: Records, id: string, decision: Decision): Promise<OperationRecord> {
  return await decide(registry, id, decision.by, cancelOf(id, decision));
}

/** Refuses what `cancelOperation` would refuse, and writes nothing. */
export async function foreseeCancel(registry: Records, id: string, decision: Decision): Promise<Foreseen> {
  return await foresee(registry, id, decision.by, cancelOf(id, decision));
}

function cancelOf(id: string, decision: Decision): Next {
  return (record) => {
    if (!hasRole(decision.by, ["Onboarding.Request"]) || !maySee(decision.by, record)) {
      throw new Refusal("FORBIDDEN", missingRole(["Onboarding.Request"]), { about: aboutOf(record) });
    }
    // Undos that cannot reach something go on for as long as the catalog says; an operator may end that.
    const waitsInVain = !isFinal(record.status) && record.stillToUndo?.error !== undefined;
    if (waitsInVain && decision.by.roles.includes("Onboarding.Operate")) {
      if (record.givenUp) return undefined;
      decision.expect?.(record);
      return { givenUp: sign(decision) };
    }
    if (record.cancel && (!isFinal(record.status) || record.status === "Canceled")) return undefined;
    if (isFinal(record.status)) {
      throw new Refusal("OPERATION_ENDED", `Operation ${id} has ended: ${record.status}.`, { operation: id });
    }
    if (record.kind === "compensate") {
      throw new Refusal("CANCEL_TOO_LATE", `Operation ${id} only runs undos and cannot be canceled.`, {
        operation: id,
      });
    }
    if (record.committedTime !== undefined) {
      throw new Refusal(
        "CANCEL_TOO_LATE",
        `Operation ${id} passed its point of no return at ${record.committedTime}.`,
        {
          operation: id,
        },
      );
    }
    decision.expect?.(record);
    return { cancel: sign(decision) };
  };
}

/**
 * The approval names the request that the approver saw. The requester cannot decide, nor can one person alone for the queue.
 */
export async function decideApproval(
  registry: Records,
  id: string,
  decision: ApprovalDecision,
): Promise<OperationRecord> {
  expectApprover(decision.by);
  return await decide(registry, id, decision.by, approvalOf(id, decision));
}

/** Refuses what `decideApproval` would refuse, and writes nothing. */
export async function foreseeApproval(registry: Records, id: string, decision: ApprovalDecision): Promise<Foreseen> {
  expectApprover(decision.by);
  return await foresee(registry, id, decision.by, approvalOf(id, decision));
}

/** The right to operate does not include the right to approve. */
export function expectApprover(by: Caller): void {
  if (!by.roles.includes("Onboarding.Approve")) throw new Refusal("FORBIDDEN", missingRole(["Onboarding.Approve"]));
}

function approvalOf(id: string, decision: ApprovalDecision): Next {
  const { by, kind, requestHash, personOf = (each) => each, now = new Date() } = decision;
  const person = personOf(by.id);
  const isSame = (id: string) => id === by.id || (person !== undefined && personOf(id) === person);
  return (record) => {
    const { approval } = record;
    if (!approval) throw notPending(record, "it has not asked for one");
    const about = aboutOf(record);
    if (!mayDecide(by, approval)) {
      throw new Refusal("FORBIDDEN", `It is not yours to decide. ${approval.reasons.join(" ")}`, { about });
    }
    if (person === undefined && kind === "approved") {
      const message = `Nobody knows who is behind ${by.id}: the catalog names no owner of the key. Approve with a token.`;
      throw new Refusal("FORBIDDEN", message, { about });
    }
    if (isSame(record.requestedBy)) {
      const message = `Operation ${id} was requested by ${record.requestedBy}, who cannot decide about it.`;
      throw new Refusal("APPROVER_IS_REQUESTER", message, { about });
    }
    if (requestHash !== undefined && requestHash !== approval.requestHash) {
      const message = `The operation's request has hash ${approval.requestHash}, the approval names ${requestHash}.`;
      throw new Refusal("APPROVAL_MISMATCH", message, { operation: id });
    }
    const { decision: made, given = [] } = approval;
    if (made?.kind === kind && made.by === by.id) return undefined;
    const isGiven = given.some((each) => isSame(each.by));
    if (kind === "approved" && isGiven && (!made || made.kind === kind)) return undefined;
    if (made?.kind === "timedOut" || (!made && now.getTime() >= Date.parse(approval.expiresTime))) {
      throw new Refusal("APPROVAL_TIMED_OUT", `The time to decide ended at ${approval.expiresTime}.`, {
        operation: id,
      });
    }
    if (made) throw notPending(record, `it was ${made.kind} by ${made.by ?? "somebody"} at ${made.time}`);
    if (record.cancel) throw notPending(record, `it was canceled by ${record.cancel.by}`);
    if (isFinal(record.status)) throw notPending(record, "it has ended");
    decision.expect?.(record);
    const signature = sign({ ...decision, now });
    const needed = approval.needed ?? approvalsNeeded(record);
    if (kind === "rejected" || needed === 1) return { approval: { ...approval, decision: { kind, ...signature } } };
    const approvals = [...given, signature];
    const isEnough = approvals.length >= needed;
    return { approval: { ...approval, given: approvals, ...(isEnough ? { decision: { kind, ...signature } } : {}) } };
  };
}

function aboutOf({ id, cluster, namespace }: OperationRecord) {
  return { cluster, namespace, operation: id };
}

function notPending({ id }: OperationRecord, why: string): Refusal {
  return new Refusal("APPROVAL_NOT_PENDING", `Operation ${id} does not wait for approval: ${why}.`, { operation: id });
}

export function sign({ by, comment, now = new Date() }: Decision): Cancel {
  return { by: by.id, time: now.toISOString(), ...defined({ comment }) };
}

/** What a decision writes; undefined when it was already made. Throws when it is refused. */
type Next = (
  record: OperationRecord,
) =>
  | Pick<Required<OperationRecord>, "cancel">
  | Pick<Required<OperationRecord>, "givenUp">
  | { readonly approval: Approval }
  | undefined;

async function decide(registry: Records, id: string, by: Caller, next: Next): Promise<OperationRecord> {
  const { record, change } = await amend({
    what: `The record of operation ${id}`,
    read: () => find(registry, id, by),
    next,
    write: (current, changes) => registry.amendOperation(current, changes),
  });
  return { ...record, ...change };
}

async function foresee(registry: Records, id: string, by: Caller, next: Next): Promise<Foreseen> {
  const record = await find(registry, id, by);
  return { record, isMade: next(record) === undefined };
}

async function find(registry: Records, id: string, by: Caller): Promise<Stored<OperationRecord>> {
  const record = mustSeeOperation(by, id, await registry.findOperation(id));
  if (record.kind !== "batch") return record;
  const message = `Operation ${id} is a batch; decide about the operations of its namespaces.`;
  throw new Refusal("APPROVAL_NOT_PENDING", message, { operation: id });
}
