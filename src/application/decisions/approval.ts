/**
 * Approval, as the operation's record has it. Every decision (approve, reject, time-out, cancel) is written there with the
 * ETag, so the first one counts; the event that wakes the orchestration carries nothing that is trusted.
 */

import { createPersonOf } from "../../domain/access/person.ts";
import { allowedCrossings } from "../../domain/catalog/environments.ts";
import { defined, unlessEmpty } from "../../domain/defined.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import type { PlannedStep, StepPlan } from "../../domain/operation/plan.ts";
import type { OperationRecord, Stored } from "../../domain/operation/records.ts";
import { type Approval, approvalsNeeded, needsApprovalOf } from "../../domain/policy/approval.ts";
import { expectNotPassed } from "../../domain/policy/expiry.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { hashRequest } from "../../domain/request/requestHash.ts";
import type { OperationEvent } from "../../domain/watching/events.ts";
import type { Ports } from "../../ports/index.ts";
import { alsoJudged } from "../../resources/identity/sharing.ts";
import { amend } from "../amend.ts";
import { throwIfCanceled } from "./cancellation.ts";

const minuteMs = 60_000;

export interface ApprovalRequest {
  readonly operation: string;
  readonly request: OnboardingRequest;
  readonly team: string | undefined;
  /** The plan that is to be approved; the record keeps it. */
  readonly steps: readonly StepPlan[];
}

/** Records and publishes that the request waits; undefined when it needs no approval, or already has it. Idempotent. */
export async function requestApproval(
  ports: Ports,
  { operation, request, team, steps }: ApprovalRequest,
): Promise<Approval | undefined> {
  const needed = await reasonsFor(ports, request, team);
  if (needed.length === 0) return undefined;
  const { timeoutMinutes } = ports.catalog.approval;
  const { record, approval } = await amendApproval(
    ports,
    operation,
    (current) => {
      throwIfCanceled(current);
      if (current.approval) return current.approval;
      const now = Date.now();
      // The SDK's timers count whole seconds; rounding up makes the time in the status the time that applies.
      const approvals = approvalsNeeded(current, createPersonOf(ports.catalog.auth));
      const expires = Math.ceil((now + timeoutMinutes * minuteMs) / 1_000) * 1_000;
      return {
        reasons: needed.map(({ what }) => what),
        ...defined({ notices: unlessEmpty(allowedCrossings(ports.catalog, request)) }),
        approvers: needed.map(({ by }) => by),
        requestHash: hashRequest(request),
        requestedTime: new Date(now).toISOString(),
        expiresTime: new Date(expires).toISOString(),
        reminders: 0,
        ...(approvals > 1 ? { needed: approvals } : {}),
      };
    },
    toPlannedSteps(steps),
  );
  if (approval.decision) {
    // Decided before this run began: no event will wake the orchestration, and nobody has to be asked again.
    await recordDecision(ports, { operation, request, isTimeOver: false });
    return undefined;
  }
  await publishApproval(ports, record, approval);
  return approval;
}

async function reasonsFor(ports: Ports, request: OnboardingRequest, team: string | undefined) {
  return needsApprovalOf(ports.catalog, [request, ...(await alsoJudged(ports, request))], team);
}

/**
 * Takes the decision, or the time-out; false when what woke the orchestration was no decision. Throws unless this same
 * request was approved by everyone whose approval it needs now: the catalog may have changed.
 */
export async function recordDecision(
  ports: Ports,
  { operation, request, isTimeOver }: { operation: string; request: OnboardingRequest; isTimeOver: boolean },
): Promise<boolean> {
  const { record, approval } = await amendApproval(ports, operation, (current) => {
    throwIfCanceled(current);
    const asked = current.approval;
    if (!asked) throw new PermanentError("APPROVAL_MISMATCH", `Operation ${operation} never asked for approval.`);
    if (asked.decision || !isTimeOver) return asked;
    return { ...asked, decision: { kind: "timedOut", time: new Date().toISOString() } };
  });
  const { requestHash, decision, reasons } = approval;
  if (!decision) return false;
  if (decision.kind === "timedOut") {
    throw new PermanentError("APPROVAL_TIMED_OUT", `Nobody decided in time. ${reasons.join(" ")}`);
  }
  if (decision.kind === "rejected") {
    const comment = decision.comment === undefined ? "" : `: ${decision.comment}`;
    throw new PermanentError("REJECTED", `Rejected by ${decision.by ?? "an approver"}${comment}.`);
  }
  if (requestHash !== hashRequest(request)) {
    throw new PermanentError("APPROVAL_MISMATCH", "The request that would run is not the one that was approved.");
  }
  expectNotPassed(request, Date.now());
  const more = (await reasonsFor(ports, request, record.team)).filter(({ what }) => !reasons.includes(what));
  if (more.length > 0) {
    const what = more.map((reason) => reason.what).join(" ");
    throw new PermanentError("APPROVAL_MISMATCH", `The catalog now asks for more than was approved. ${what}`);
  }
  return true;
}

type Subject = Pick<OperationRecord, "id" | "kind" | "cluster" | "namespace" | "requestedBy" | "traceparent">;

/** Notifies those who may approve. The ID makes repeated sends one message (duplicate detection on the topic). */
async function publishApproval(
  { events }: Pick<Ports, "events">,
  { id, kind, requestedBy, cluster, namespace, traceparent }: Subject,
  { reasons, requestHash, expiresTime }: Approval,
  reminder = 0,
): Promise<void> {
  const type: OperationEvent["type"] =
    reminder === 0 ? "mooring.operation.approval-requested.v1" : "mooring.operation.approval-reminder.v1";
  await events.publish({
    specversion: "1.0",
    id: `${id}/awaitingApproval${reminder === 0 ? "" : `/${reminder}`}`,
    source: "/mooring",
    type,
    subject: namespaceKey({ cluster, namespace }),
    time: new Date().toISOString(),
    datacontenttype: "application/json",
    ...defined({ traceparent }),
    data: {
      operation: id,
      kind,
      status: "Running",
      phase: "awaitingApproval",
      approval: { reasons, requestHash, requestedBy, expiresTime },
    },
  });
}

/** Sends a reminder if one is due. The event goes first, so that a crash repeats a reminder and never skips one. */
export async function remindOfApproval(ports: Ports, record: Stored<OperationRecord>, now: number): Promise<void> {
  const { approval } = record;
  if (!approval || approval.decision || record.cancel || now >= Date.parse(approval.expiresTime)) return;
  const elapsed = now - Date.parse(approval.requestedTime);
  const due = Math.floor(elapsed / (ports.catalog.approval.reminderMinutes * minuteMs));
  if (due <= approval.reminders) return;
  await publishApproval(ports, record, approval, due);
  // This write may lose to a decision made meanwhile; then there is nothing left to remind of.
  await ports.registry.amendOperation(record, { approval: { ...approval, reminders: due } });
}

function toPlannedSteps(steps: readonly StepPlan[]): readonly PlannedStep[] {
  return steps.map(({ name, target, action, differences }) => ({ name, target, action, differences }));
}

/** `next` returns the approval unchanged where nothing has to be written. A plan is written together with its approval. */
async function amendApproval(
  { registry }: Pick<Ports, "registry">,
  operation: string,
  next: (record: Stored<OperationRecord>) => Approval,
  plan?: readonly PlannedStep[],
): Promise<{ record: OperationRecord; approval: Approval }> {
  const { record: decided } = await amend({
    what: `The record of operation ${operation}`,
    async read() {
      const record = await registry.getOperation(operation);
      if (!record) throw new TransientError("REGISTRY_UNAVAILABLE", `Operation ${operation} has no record yet.`);
      return { record, approval: next(record) };
    },
    next: ({ record, approval }) => (approval === record.approval ? undefined : { approval, ...defined({ plan }) }),
    write: ({ record }, changes) => registry.amendOperation(record, changes),
  });
  return decided;
}
