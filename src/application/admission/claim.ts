/**
 * From a valid request to a namespace that an operation holds. Writes only to the registry, so that functions and activities
 * claim the same way. The namespace's record is the lock: the first writer holds the namespace, all others get that operation
 * or a refusal. The claimant starts the operation; a timer starts what was claimed and never started (recovery/recoverOperation.ts).
 */

import { setTimeout as sleep } from "node:timers/promises";
import { defined } from "../../domain/defined.ts";
import type { ClientId } from "../../domain/naming/identityPair.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { namespaceKey } from "../../domain/naming/names.ts";
import { createOperationId } from "../../domain/naming/operationId.ts";
import {
  type Beginning,
  depthOf,
  isFree,
  isHeld,
  type Opening,
  open,
  operationOf,
  supersede,
  teamOf,
} from "../../domain/operation/lifecycle.ts";
import type {
  FreeRecord,
  HeldRecord,
  NamespaceRecord,
  OnboardedRecord,
} from "../../domain/operation/namespaceRecord.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { needsApprovalOf } from "../../domain/policy/approval.ts";
import type { Denial } from "../../domain/policy/giving.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { denyChange, findEarlier } from "../../domain/request/change.ts";
import { lossesFor } from "../../domain/request/loss.ts";
import { describeLosses } from "../../domain/request/lossText.ts";
import type { OnboardingRequest } from "../../domain/request/request.ts";
import { placedBefore, rememberTargets } from "../../domain/targets/namedTarget.ts";
import type { Registry } from "../../ports/registry.ts";
import { findDenied } from "../../resources/definitions/permit.ts";
import { alsoJudged } from "../../resources/identity/sharing.ts";
import { type Admission, type AdmissionOptions, admit, insertWithinQuota, ownerAfter } from "./admission.ts";
import type { ClaimContext } from "./claimContext.ts";
import { expectNamespaceExists } from "./expectNamespaceExists.ts";
import { keepRequest } from "./keptRequest.ts";
import { withPlaces } from "./withPlaces.ts";

/**
 * `begun`: the request holds the namespace with an operation of its own. `follows`: the same request is already running.
 * `unchanged`: it is already onboarded. For both, the record names the operation.
 */
export type Claim =
  | { readonly how: "begun"; readonly record: HeldRecord }
  | { readonly how: "follows" | "unchanged"; readonly record: NamespaceRecord };

export async function claimOnboarding(
  claimContext: ClaimContext,
  sent: OnboardingRequest,
  options: AdmissionOptions = {},
): Promise<Claim> {
  const { ports } = claimContext;
  const { registry } = ports;
  const admission = admit(claimContext, sent, options);
  const keep = await keepRequest(ports, sent, admission.team);
  const { cluster, namespace } = sent;
  const { adoptIdentity } = options;
  const decided = defined({ adoptIdentity });
  const known = withPlaces(ports.catalog, { request: sent });
  const beginning = { ...beginningOf(claimContext), cluster, namespace, ...known, ...decided };
  // After losing a race for the record, look at what the winner wrote.
  for (;;) {
    const { isPatient = true } = options;
    const see = (found: Stored<NamespaceRecord> | undefined) => {
      if (found?.operation !== beginning.operation) ownerAfter(claimContext, admission, found);
      return found;
    };
    const current = isPatient ? await findCurrent(registry, sent, see) : see(await registry.getNamespace(sent));
    // The answer to the write was lost, and the retry found what the first attempt had written.
    if (current?.operation === beginning.operation) {
      return isHeld(current) ? { record: current, how: "begun" } : { record: current, how: "follows" };
    }
    const team = ownerAfter(claimContext, admission, current);
    const kept = keep(current);
    const fresh = await forBatch(claimContext, { ...beginning, ...kept, ...defined({ team }) });
    const { expect } = options;
    if (!current) {
      expect?.(undefined, false);
      const record = open(fresh);
      if (await insertWithinQuota(ports, record, operationOf(record))) return { record, how: "begun" };
      continue;
    }
    const { takeOver } = admission;
    const met = await meetRecord(claimContext, current, { ...fresh, takeOver });
    // A sender who saw something else planned for that: it learns what is there now, and not what its request would remove.
    expect?.(current, "same" in met);
    if (!options.isRemovalConfirmed && "free" in met) expectNoLoss(kept.request, met.free);
    if ("same" in met) return met.same;
    const record = supersede(met.free, fresh, { earlier: met.earlier, takeOver });
    if (await registry.replaceNamespace({ ...record, etag: current.etag })) return { record, how: "begun" };
  }
}

/** What a request finds: its own claim, or a free record that a new operation takes over, with the request that it replaces. */
type Met =
  | { readonly same: Claim }
  | {
      readonly free: Stored<FreeRecord>;
      readonly earlier: OnboardingRequest | undefined;
      /** Targets that it also revokes where the catalog had them before. */
      readonly moved: readonly string[];
    };

/** Refuses what cannot be taken over now. Plan and claim both call this, so that they agree. */
export async function meetRecord(
  claimContext: Pick<ClaimContext, "ports" | "warn">,
  current: Stored<NamespaceRecord>,
  wanted: Wanted & Pick<NamespaceRecord, "request"> & Pick<Admission, "takeOver">,
): Promise<Met> {
  const same = await findSame(claimContext, current, wanted);
  if (same) return { same };
  expectFree(current);
  refuseWhileMigrating(current);
  refuseTooManyHalfDone(current);
  const { catalog } = claimContext.ports;
  const moved = placedBefore(wanted.request, rememberTargets(catalog, wanted.request, current.places));
  // Then the same request is a change, too.
  const earlier = earlierOf(wanted.request, current) ?? (moved.length > 0 ? current.request : undefined);
  return { free: current, earlier, moved };
}

/** The claim, if the record's operation already answers the request. If not, a new operation has to take over the namespace. */
async function findSame(
  claimContext: Pick<ClaimContext, "ports" | "warn">,
  current: NamespaceRecord,
  { takeOver, ...wanted }: Wanted & Pick<Admission, "takeOver">,
): Promise<Claim | undefined> {
  if (isWantedBy(current, wanted) && (!takeOver || isRunningTakeOver(current, wanted))) {
    if (current.state !== "Onboarded") return { record: current, how: "follows" };
    const denied = [...(await findDenied(claimContext.ports, current)).values()];
    if (denied.some(({ code }) => askedAgain.has(code))) return undefined;
    await expectNamespaceExists(claimContext, current);
    return { record: withOnboardingOperation(current), how: "unchanged" };
  }
  return undefined;
}

/** The same request again is how somebody asks for what the catalog has moved, and for an approval that it wants since. */
const askedAgain: ReadonlySet<Denial["code"]> = new Set<Denial["code"]>(["TARGET_MOVED", "APPROVAL_MISMATCH"]);

type Wanted = Pick<NamespaceRecord, "requestHash"> & {
  readonly requestedBy?: string | undefined;
  readonly team?: string | undefined;
};

/** Refuses to remove what nobody said should go: the sender may not know that the namespace has it. */
function expectNoLoss(request: OnboardingRequest, current: FreeRecord): void {
  const losses = lossesFor(request, current);
  if (losses.length > 0) throw new Refusal("REMOVAL_NOT_CONFIRMED", describeLosses(namespaceKey(request), losses));
}

/** Reports a held namespace as held, not as changed by its holder. */
export function freeAnd(expect: (record: NamespaceRecord) => void): (record: NamespaceRecord) => void {
  return (record) => {
    expectFree(record);
    expect(record);
  };
}

/** Refuses a namespace that an operation holds. */
export function expectFree(record: NamespaceRecord): asserts record is FreeRecord {
  if (isFree(record)) return;
  const { operation } = record;
  throw new Refusal("OPERATION_IN_PROGRESS", `Operation ${operation} is running for ${namespaceKey(record)}.`, {
    operation,
  });
}

/** Refuses a namespace that an operation holds or has left incomplete. */
export function expectOnboarded(record: NamespaceRecord): asserts record is OnboardedRecord {
  expectFree(record);
  if (record.state === "Onboarded") return;
  throw new Refusal("NAMESPACE_INCOMPLETE", `Operation ${record.operation} left ${namespaceKey(record)} incomplete.`);
}

/** The client ID of the namespace's identity, by which its users are known. */
export function clientIdOf(record: OnboardedRecord): ClientId {
  if (record.clientId !== undefined) return record.clientId;
  throw new Refusal("NAMESPACE_INCOMPLETE", `The onboarding of ${namespaceKey(record)} was never completed.`);
}

/** A lane must not wait for people: the timer starts operations that need approval, and they run beside the lanes. */
async function forBatch({ ports, batch }: ClaimContext, opening: Opening): Promise<Opening> {
  if (batch === undefined) return opening;
  const judged = [opening.request, ...(await alsoJudged(ports, opening.request))];
  const waits = needsApprovalOf(ports.catalog, judged, opening.team).length > 0;
  return { ...opening, batch: { operation: batch, isStarter: !waits } };
}

const releasePolls = 40;
const releasePollMs = 50;

/**
 * The record, once no operation is just ending. An operation shows as ended a moment before it releases the namespace; a
 * caller who has seen that and sends the next request must neither get a refusal because it still runs nor get the old
 * operation again. `see` refuses what the caller may not have, before anything whose duration would reveal the state of the
 * namespace.
 */
export async function findCurrent<Seen extends Stored<NamespaceRecord> | undefined>(
  registry: Pick<Registry, "getNamespace" | "getOperation">,
  namespaceRef: NamespaceRef,
  see: (record: Stored<NamespaceRecord> | undefined) => Seen,
): Promise<Seen> {
  for (let poll = 1; ; poll += 1) {
    const current = see(await registry.getNamespace(namespaceRef));
    if (!current || isFree(current)) return current;
    const holder = await registry.getOperation(current.operation);
    if (!holder || !isFinal(holder.status) || poll === releasePolls) return current;
    await sleep(releasePollMs);
  }
}

/** The record says that this same request is onboarded, or in progress. */
function isWantedBy({ state, requestHash }: NamespaceRecord, wanted: Wanted): boolean {
  return (
    requestHash === wanted.requestHash && (state === "Onboarding" || state === "Changing" || state === "Onboarded")
  );
}

/** This same take-over is already running: the caller has sent it twice. */
function isRunningTakeOver(record: NamespaceRecord, wanted: Wanted): boolean {
  return record.state !== "Onboarded" && record.requestedBy === wanted.requestedBy && teamOf(record) === wanted.team;
}

/** Names the operation that onboarded the namespace: a later repair or verification does not answer the request. */
export function withOnboardingOperation(record: NamespaceRecord): NamespaceRecord {
  return { ...record, operation: record.onboardedBy ?? record.operation };
}

/** Between two phases a namespace has both identity modes; only migrate and offboard can handle that. */
export function refuseWhileMigrating({ migration, operation, ...namespaceRef }: NamespaceRecord): void {
  if (!migration) return;
  const done = migration.completed ?? "no phase";
  const message = `The migration of ${namespaceKey(namespaceRef)} stopped after ${done}; the previous request is still in effect.`;
  throw new Refusal("MIGRATION_PENDING", message, { operation });
}

/** How many incomplete records may be stacked for restoring. They share a row, so their number is limited. */
const mostHalfDone = 5;

export function refuseTooManyHalfDone(current: FreeRecord): void {
  if (depthOf(current) <= mostHalfDone) return;
  const { operation } = current;
  const message = `${mostHalfDone} operations in a row left ${namespaceKey(current)} incomplete; offboard it first.`;
  throw new Refusal("NAMESPACE_INCOMPLETE", message, { operation });
}

/** The request that this one would replace; refuses a change that is not possible. */
function earlierOf(request: OnboardingRequest, current: NamespaceRecord): OnboardingRequest | undefined {
  const denial = denyChange(request, current);
  if (denial) throw new Refusal(denial.code, denial.message, { operation: current.operation });
  return findEarlier(request, current);
}

/** In a batch, the lane that claims an operation also runs it. */
export function beginningOf({ by, traceparent, operation, batch }: Omit<ClaimContext, "ports">): Beginning {
  const now = new Date();
  return {
    operation: operation ?? createOperationId(now),
    requestedBy: by.id,
    acceptedTime: now.toISOString(),
    traceparent,
    batch: batch === undefined ? undefined : { operation: batch, isStarter: true },
  };
}
