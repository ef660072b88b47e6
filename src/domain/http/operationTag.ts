/**
 * What people decide about when they cancel, approve, reject or compensate an operation. Excludes its steps and the fact that
 * it has begun: an operation that merely makes progress is still the one that the caller saw.
 */
import { namespaceKey } from "../naming/names.ts";
import { awaitsApproval } from "../operation/awaiting.ts";
import { isFinal } from "../operation/operation.ts";
import type { AnyOperation } from "../operation/records.ts";
import type { Approval } from "../policy/approval.ts";
import { type Current, changeTag } from "./entityTag.ts";

export function decidedOn(record: AnyOperation): object {
  const { id, kind, status, cancel } = record;
  const base = { id, kind, ended: isFinal(status) ? status : null, canceledBy: cancel?.by };
  if (record.kind === "batch") return { ...base, work: record.work, requests: record.requests };
  const { request, earlier, compensates, leftUndone, approval } = record;
  return { ...base, request, earlier, compensates: compensates?.of, leftUndone, approval: approval && asked(approval) };
}

/** Without the count of reminders. */
function asked({ reasons, approvers, requestHash, expiresTime, needed, given = [], decision }: Approval): object {
  return {
    ...{ reasons, approvers, requestHash, expiresTime, needed },
    given: given.map(({ by }) => by),
    decision: decision && { kind: decision.kind, by: decision.by },
  };
}

export function etagOf(record: AnyOperation): string {
  return changeTag(decidedOn(record));
}

export function currentOperation(record: AnyOperation): Current {
  return { tag: etagOf(record), state: `Operation ${record.id} ${stateOf(record)}.` };
}

/** Continues a sentence that begins with the ID. */
function stateOf(record: AnyOperation): string {
  const { status, cancel } = record;
  if (isFinal(status)) return `has ended: ${status}`;
  if (cancel) return `was canceled by ${cancel.by} at ${cancel.time}`;
  if (record.kind === "batch") return `is a batch of ${record.requests} and runs`;
  const { approval, kind } = record;
  const what = `${kind} ${namespaceKey(record)}`;
  const { decision, given = [], needed = 1 } = approval ?? {};
  if (decision) {
    const by = decision.by === undefined ? "" : ` by ${decision.by}`;
    return `(${what}) was ${wordOf[decision.kind]}${by} at ${decision.time}`;
  }
  if (!awaitsApproval(record)) return `(${what}) is under way and waits for no approval`;
  return `(${what}) waits for approval and has ${given.length} of ${needed}`;
}

const wordOf = { approved: "approved", rejected: "rejected", timedOut: "not decided in time," };
