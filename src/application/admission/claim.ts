/**
 * From a valid request to a namespace that an operation holds: writes to the registry and nothing else, so that a function
 * and an activity claim the same way. The namespace's record is the gate: whoever writes it first has the namespace,
 * everybody else gets that operation or a refusal. Whoever has claimed starts the operation; a timer starts what was
 * claimed and never started (startAccepted.ts).
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Berth } from "../../domain/naming/names.ts";
import { berthKey } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import { holderOf } from "../../domain/operation/namespaceState.ts";
import { isFinal, type OperationKind } from "../../domain/operation/operation.ts";
import type { NamespaceRecord, OperationRecord, PreviousRecord, Stored } from "../../domain/operation/records.ts";
import { needsApproval } from "../../domain/policy/approval.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { denyChange, findEarlier } from "../../domain/request/change.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { hashRequest } from "../../domain/request/requestHash.ts";
import type { Registry } from "../../ports.ts";
import { type Admission, type AdmissionOptions, admit, insertWithinQuota, ownerAfter } from "./admission.ts";
import type { Clerk } from "./clerk.ts";
import { expectStillThere } from "./stillThere.ts";

export interface Claim {
  readonly record: NamespaceRecord;
  /**
   * `begun`: the request has the namespace, under an operation of its own. `follows`: the very request runs already, or is
   * onboarded (`unchanged`); the record names the operation.
   */
  readonly how: "begun" | "follows" | "unchanged";
}

export async function claimOnboarding(
  clerk: Clerk,
  request: OnboardingRequest,
  options: AdmissionOptions = {},
): Promise<Claim> {
  const { ports } = clerk;
  const { registry } = ports;
  const admission = admit(clerk, request, options);
  const requestHash = hashRequest(request);
  const opened = newRecord(clerk, "Onboarding", request, requestHash);
  // Whoever loses a race for the record looks again at what the winner wrote.
  for (;;) {
    const current = await findSettled(registry, request);
    // The answer to the write got lost, and its repetition met what the first had written.
    if (current?.operation === opened.operation) return { record: current, how: "begun" };
    const team = ownerAfter(clerk, admission, current);
    const fresh = forBatch(clerk, { ...opened, ...(team === undefined ? {} : { team }) });
    if (!current) {
      if (await insertWithinQuota(ports, fresh, operationOf(fresh))) return { record: fresh, how: "begun" };
      continue;
    }
    const same = await findSame(clerk, current, { ...fresh, takeOver: admission.takeOver });
    if (same) return same;
    const next = supersede(current, fresh, admission);
    if (await registry.replaceNamespace(next)) return { record: next, how: "begun" };
  }
}

/**
 * The record when its operation is the answer to the request; refuses a request that has to wait. Otherwise a new operation
 * would take the namespace over.
 */
export async function findSame(
  clerk: Pick<Clerk, "ports" | "warn">,
  current: NamespaceRecord,
  { takeOver, ...wanted }: Wanted & Pick<Admission, "takeOver">,
): Promise<Claim | undefined> {
  if (isWantedBy(current, wanted.requestHash) && (!takeOver || isBeingTaken(current, wanted))) {
    if (current.state !== "Onboarded") return { record: current, how: "follows" };
    await expectStillThere(clerk, current);
    return { record: broughtThere(current), how: "unchanged" };
  }
  expectFree(current);
  refuseWhileMigrating(current);
  return undefined;
}

type Wanted = Pick<NamespaceRecord, "requestHash"> & {
  readonly requestedBy?: string | undefined;
  readonly team?: string | undefined;
};

/** No operation holds the namespace. */
export function expectFree({ state, operation, ...berth }: NamespaceRecord): void {
  if (state === "Onboarded" || state === "Incomplete") return;
  throw new Refusal("OPERATION_IN_PROGRESS", `Operation ${operation} runs for ${berthKey(berth)}.`, { operation });
}

/** Neither held by an operation nor left half done by one. */
export function expectOnboarded(record: NamespaceRecord): void {
  expectFree(record);
  if (record.state === "Onboarded") return;
  throw new Refusal("NAMESPACE_INCOMPLETE", `Operation ${record.operation} left ${berthKey(record)} half done.`);
}

/** A lane of the batch runs what it claims, except what waits for people: a lane must not wait for them. */
function forBatch({ ports, item }: Clerk, record: NamespaceRecord): NamespaceRecord {
  if (!item) return record;
  const waits = needsApproval(ports.catalog, record.request, record.team).length > 0;
  return { ...record, batch: { operation: item.batch, isStarter: !waits } };
}

const settlingPolls = 40;
const settlingPollMs = 50;

/**
 * The record as it stands when no operation is just ending: an operation shows as ended a moment before it opens the gate,
 * and whoever saw that and asks for the next thing must not be told that it still runs, nor be given the old one again.
 */
export async function findSettled(
  registry: Pick<Registry, "getNamespace" | "getOperation">,
  berth: Berth,
): Promise<Stored<NamespaceRecord> | undefined> {
  for (let poll = 1; ; poll += 1) {
    const current = await registry.getNamespace(berth);
    if (!current || current.state === "Onboarded" || current.state === "Incomplete") return current;
    const holder = await registry.getOperation(current.operation);
    if (!holder || !isFinal(holder.status) || poll === settlingPolls) return current;
    await sleep(settlingPollMs);
  }
}

/** The record says that the very request is onboarded, or on its way. */
function isWantedBy({ state, requestHash }: NamespaceRecord, wanted: string): boolean {
  return requestHash === wanted && (state === "Onboarding" || state === "Changing" || state === "Onboarded");
}

/** The very take-over that is asked for runs already: the caller has sent it twice. */
function isBeingTaken({ state, requestedBy, team }: NamespaceRecord, wanted: Wanted): boolean {
  return state !== "Onboarded" && requestedBy === wanted.requestedBy && team === wanted.team;
}

/** A repair or a look since then is not what the caller asks for again. */
function broughtThere(record: NamespaceRecord): NamespaceRecord {
  return { ...record, operation: record.onboardedBy ?? record.operation };
}

/** Between two of its phases a namespace has both identity modes; only migrate and offboard know what to do with that. */
function refuseWhileMigrating({ migration, operation, ...berth }: NamespaceRecord): void {
  if (!migration) return;
  const done = migration.completed ?? "no phase";
  const message = `The migration of ${berthKey(berth)} has stopped after ${done}, and serves the request of before.`;
  throw new Refusal("MIGRATION_PENDING", message, { operation });
}

/** The record by which a new operation takes the namespace over from one that has ended. */
function supersede(
  current: Stored<NamespaceRecord>,
  fresh: NamespaceRecord,
  { takeOver }: { takeOver: boolean },
): Stored<NamespaceRecord> {
  const { earlier: _earlier, previous: _previous, compensates: _compensates, offboarding: _over, ...own } = current;
  const { team, namespaceUid, ...rest } = own;
  // A take-over binds the record to the Kubernetes namespace that is there now.
  const lasting = namespaceUid === undefined || takeOver ? rest : { ...rest, namespaceUid };
  const { state, operation, request, requestHash, requestedBy, acceptedTime } = current;
  const owner = { ...(team === undefined ? {} : { team }), ...(namespaceUid === undefined ? {} : { namespaceUid }) };
  const held = { state, operation, request, requestHash, requestedBy, acceptedTime, ...owner };
  const previous = {
    ...held,
    ...(current.earlier ? { earlier: current.earlier } : {}),
    ...(current.state === "Incomplete" && current.previous ? { previous: current.previous } : {}),
  };
  if (depthOf(previous) > mostHalfDone) {
    const message = `${mostHalfDone} operations in a row left ${berthKey(current)} half done; offboard it first.`;
    throw new Refusal("NAMESPACE_INCOMPLETE", message, { operation });
  }
  const earlier = earlierOf(fresh.request, current);
  return earlier ? { ...lasting, ...fresh, state: "Changing", previous, earlier } : { ...lasting, ...fresh, previous };
}

/** How many records stand behind one another to be restored. They share a table's cell, so there is an end to it. */
const mostHalfDone = 5;

function depthOf({ previous }: PreviousRecord): number {
  return previous ? 1 + depthOf(previous) : 0;
}

/** What the request would replace. */
export function earlierOf(request: OnboardingRequest, current: NamespaceRecord): OnboardingRequest | undefined {
  const denial = denyChange(request, current);
  if (denial) throw new Refusal(denial.code, denial.message, { operation: current.operation });
  return findEarlier(request, current);
}

export function newRecord(
  { by, traceparent, item }: Omit<Clerk, "ports">,
  state: NamespaceRecord["state"],
  request: OnboardingRequest,
  requestHash: string,
): NamespaceRecord {
  const now = new Date();
  return {
    cluster: request.cluster,
    namespace: request.namespace,
    state,
    operation: item?.operation ?? createOperationId(now),
    request,
    requestHash,
    requestedBy: by.id,
    acceptedTime: now.toISOString(),
    traceparent,
    // Of the operation that held the record before.
    batch: undefined,
  };
}

/** What kind of operation holds the record, or held it last. */
export function kindOf({ state, earlier }: Pick<NamespaceRecord, "state" | "earlier">): OperationKind {
  const kind = holderOf(state) ?? "onboard";
  return kind === "change" && !earlier ? "onboard" : kind;
}

export function operationOf(record: NamespaceRecord): OperationRecord {
  const { operation: id, cluster, namespace, request, requestedBy, team, acceptedTime } = record;
  const { traceparent, earlier, compensates, migration, batch } = record;
  const kind = kindOf(record);
  const isConcerned = kind === "migrate" || kind === "offboard" || kind === "repair";
  return {
    id,
    kind,
    cluster,
    namespace,
    status: "NotStarted",
    requestedBy,
    ...(team === undefined ? {} : { team }),
    createdTime: acceptedTime,
    request,
    ...(traceparent === undefined ? {} : { traceparent }),
    ...(earlier ? { earlier } : {}),
    ...(migration && isConcerned ? { migration } : {}),
    ...(compensates && kind === "compensate" ? { compensates } : {}),
    ...(batch ? { batch: batch.operation } : {}),
  };
}
