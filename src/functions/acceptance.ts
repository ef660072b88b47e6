/**
 * From a valid request to a running operation. The namespace's record is the gate: whoever writes it first has the
 * namespace, everybody else gets that operation or a refusal. The orchestration starts after the record is written, so a
 * crash in between is mended by a timer (startAccepted.ts) and an accepted request is never lost.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { DurableClient } from "durable-functions";
import type { Caller } from "../domain/caller.ts";
import { findEarlier } from "../domain/change.ts";
import { PermanentError } from "../domain/errors.ts";
import { logLine } from "../domain/logLine.ts";
import type { Berth } from "../domain/names.ts";
import { berthKey } from "../domain/names.ts";
import { holderOf } from "../domain/namespaceState.ts";
import { isFinal, type OperationKind } from "../domain/operation.ts";
import { createOperationId } from "../domain/operationId.ts";
import { maySee } from "../domain/policy.ts";
import type { OnboardingRequest } from "../domain/request.ts";
import { hashRequest } from "../domain/requestHash.ts";
import type { Traceparent } from "../domain/trace.ts";
import { start } from "../durable/orchestration.ts";
import { changeNamespace } from "../orchestrations/changeNamespace.ts";
import { compensateOperation } from "../orchestrations/compensateOperation.ts";
import { migrateNamespace } from "../orchestrations/migrateNamespace.ts";
import { offboardNamespace } from "../orchestrations/offboardNamespace.ts";
import { onboardNamespace } from "../orchestrations/onboardNamespace.ts";
import { repairNamespace } from "../orchestrations/repairNamespace.ts";
import type {
  Compensated,
  NamespaceRecord,
  OperationRecord,
  Ports,
  PreviousRecord,
  Registry,
  Stored,
} from "../ports.ts";
import { type Admission, type AdmissionOptions, admit, insertWithinQuota, ownerAfter } from "./admission.ts";
import { Refusal } from "./refusal.ts";
import { expectStillThere } from "./stillThere.ts";

export interface Accepted {
  readonly operation: string;
  readonly kind: OperationKind;
  /** False when the operation was there before this request. */
  readonly isNew: boolean;
}

export interface Desk {
  readonly ports: Ports;
  readonly client: DurableClient;
  readonly by: Caller;
  readonly traceparent: Traceparent;
  readonly warn: (message: string) => void;
}

export async function acceptOnboarding(
  desk: Desk,
  request: OnboardingRequest,
  options: AdmissionOptions = {},
): Promise<Accepted> {
  const { ports } = desk;
  const { registry } = ports;
  const admission = admit(desk, request, options);
  const requestHash = hashRequest(request);
  const opened = newRecord(desk, "Onboarding", request, requestHash);
  // Whoever loses a race for the record looks again at what the winner wrote.
  for (;;) {
    const current = await findSettled(registry, request);
    // The answer to the write got lost, and its repetition met what the first had written.
    if (current?.operation === opened.operation) return begin(desk, current);
    const team = ownerAfter(desk, admission, current);
    const fresh = { ...opened, ...(team === undefined ? {} : { team }) };
    if (!current) {
      if (await insertWithinQuota(ports, fresh)) return begin(desk, fresh);
      continue;
    }
    const same = await findSame(desk, current, { requestHash, ...admission });
    if (same) return attach(desk, same);
    const next = supersede(current, fresh, admission);
    if (await registry.replaceNamespace(next)) return begin(desk, next);
  }
}

/**
 * The record when its operation is the answer to the request; refuses a request that has to wait. Otherwise a new operation
 * would take the namespace over.
 */
export async function findSame(
  desk: Pick<Desk, "ports" | "warn">,
  current: NamespaceRecord,
  { requestHash, takeOver }: Pick<NamespaceRecord, "requestHash"> & Pick<Admission, "takeOver">,
): Promise<NamespaceRecord | undefined> {
  if (isWantedBy(current, requestHash) && !takeOver) {
    if (current.state !== "Onboarded") return current;
    await expectStillThere(desk, current);
    return broughtThere(current);
  }
  expectFree(current);
  refuseWhileMigrating(current);
  return undefined;
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
  const { team: _team, namespaceUid, ...rest } = own;
  // A take-over binds the record to the Kubernetes namespace that is there now.
  const lasting = namespaceUid === undefined || takeOver ? rest : { ...rest, namespaceUid };
  const previous = previousOf(current);
  const earlier = earlierOf(fresh.request, current);
  return earlier ? { ...lasting, ...fresh, state: "Changing", previous, earlier } : { ...lasting, ...fresh, previous };
}

/** What is put back when the operation that comes next is undone. */
function previousOf(current: NamespaceRecord): PreviousRecord {
  const { state, operation, request, requestHash, requestedBy, acceptedTime, team, namespaceUid, earlier } = current;
  return {
    ...{ state, operation, request, requestHash, requestedBy, acceptedTime },
    ...(team === undefined ? {} : { team }),
    ...(namespaceUid === undefined ? {} : { namespaceUid }),
    ...(earlier ? { earlier } : {}),
  };
}

/** What the request would replace. */
export function earlierOf(request: OnboardingRequest, current: NamespaceRecord): OnboardingRequest | undefined {
  try {
    return findEarlier(request, current);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    throw new Refusal(error.code, error.message, { operation: current.operation });
  }
}

export async function acceptOffboarding(
  desk: Desk,
  berth: Berth,
  {
    expect = () => undefined,
    ignoreDependants = false,
  }: {
    /** Throws when the record is not the one that the caller has seen; asked again for each one that is read. */
    readonly expect?: (record: Stored<NamespaceRecord>) => void;
    readonly ignoreDependants?: boolean;
  } = {},
): Promise<Accepted> {
  const { registry } = desk.ports;
  let mine: string | undefined;
  for (;;) {
    const current = await findSettled(registry, berth);
    if (current && current.operation === mine) return begin(desk, current);
    if (!current || !maySee(desk.by, current)) throw notOnboarded(berth);
    // Also with an old If-Match: it is this request that changed the record, sent a second time.
    if (current.state === "Offboarding") return attach(desk, current);
    expect(current);
    expectFree(current);
    const fresh = newRecord(desk, "Offboarding", current.request, current.requestHash);
    const { state, operation, requestedBy, acceptedTime, traceparent } = current;
    const before = {
      state,
      operation,
      requestedBy,
      acceptedTime,
      ...(traceparent === undefined ? {} : { traceparent }),
    };
    const next = { ...current, ...fresh, offboarding: { ignoreDependants, before } };
    mine = next.operation;
    if (await registry.replaceNamespace(next)) return begin(desk, next);
  }
}

/** Runs again the undos that failed in the given operation, provided that nothing has happened to the namespace since. */
export async function acceptCompensation(desk: Desk, id: string): Promise<Accepted> {
  const { registry } = desk.ports;
  for (;;) {
    const { current, compensates, isSame } = await findCompensation(registry, desk.by, id);
    if (isSame) return attach(desk, current);
    const fresh = newRecord(desk, "Compensating", current.request, current.requestHash);
    const next = { ...current, ...fresh, compensates };
    if (await registry.replaceNamespace(next)) return begin(desk, next);
  }
}

/** What of the operation is left to be undone; `isSame` when a compensation of it is at work already. */
export async function findCompensation(
  registry: Pick<Registry, "getOperation" | "getNamespace">,
  by: Caller,
  id: string,
): Promise<{ current: Stored<NamespaceRecord>; compensates: Compensated; isSame: boolean }> {
  const failed = await registry.getOperation(id);
  if (!failed || !maySee(by, failed)) throw new Refusal("NOT_FOUND", `There is no operation "${id}".`);
  const current = await registry.getNamespace(failed);
  const { leftUndone: undos = [] } = failed;
  if (failed.kind === "migrate" && undos.length > 0) {
    const message = `Operation ${id} is a migration; call migrate again, which finds what is left and goes on from there.`;
    throw new Refusal("NOTHING_TO_COMPENSATE", message, { operation: id });
  }
  const compensates = { of: id, createdBy: failed.compensates?.createdBy ?? id, undos };
  if (current?.state === "Compensating" && current.compensates?.of === id)
    return { current, compensates, isSame: true };
  if (undos.length > 0 && current?.operation === id && current.state === "Incomplete") {
    return { current, compensates, isSame: false };
  }
  const why = undos.length === 0 ? "no undo of it failed" : "another operation has had the namespace since";
  const details = current ? { operation: current.operation } : {};
  throw new Refusal("NOTHING_TO_COMPENSATE", `Operation ${id} has nothing to undo again: ${why}.`, details);
}

/** The same words for what is not there and for what is another team's. */
export function notOnboarded(berth: Berth): Refusal {
  return new Refusal("NOT_ONBOARDED", `Mooring has not onboarded ${berthKey(berth)}.`);
}

export function newRecord(
  { by, traceparent }: Desk,
  state: NamespaceRecord["state"],
  request: OnboardingRequest,
  requestHash: string,
): NamespaceRecord {
  const now = new Date();
  return {
    cluster: request.cluster,
    namespace: request.namespace,
    state,
    operation: createOperationId(now),
    request,
    requestHash,
    requestedBy: by.id,
    acceptedTime: now.toISOString(),
    traceparent,
  };
}

/** No operation holds the namespace. */
export function expectFree(record: NamespaceRecord): void {
  if (record.state !== "Onboarded" && record.state !== "Incomplete") throw refuseHeld(record);
}

function refuseHeld({ operation, ...berth }: NamespaceRecord): Refusal {
  return new Refusal("OPERATION_IN_PROGRESS", `Operation ${operation} runs for ${berthKey(berth)}.`, { operation });
}

/** The same request again: the operation that has it. Its record is written here too, should the first caller have died. */
export async function attach({ ports: { registry } }: Desk, record: NamespaceRecord): Promise<Accepted> {
  const { operation } = record;
  const known = await registry.getOperation(operation);
  if (known) return { operation, kind: known.kind, isNew: false };
  await registry.insertOperation(operationOf(record));
  return { operation, kind: kindOf(record), isNew: false };
}

export async function begin(desk: Desk, record: NamespaceRecord): Promise<Accepted> {
  const { operation } = record;
  await desk.ports.registry.insertOperation(operationOf(record));
  try {
    await startOperation(desk.client, desk.ports, record);
  } catch (error) {
    // Accepted all the same: the timer starts it.
    const reason = error instanceof Error ? error.message : String(error);
    desk.warn(logLine("operation not started yet", { operation, reason }));
  }
  return { operation, kind: kindOf(record), isNew: true };
}

/** What kind of operation holds the record, or held it last. */
export function kindOf({ state, earlier }: Pick<NamespaceRecord, "state" | "earlier">): OperationKind {
  const kind = holderOf(state) ?? "onboard";
  return kind === "change" && !earlier ? "onboard" : kind;
}

export function operationOf(record: NamespaceRecord): OperationRecord {
  const { operation: id, cluster, namespace, request, requestedBy, team, acceptedTime } = record;
  const { traceparent, earlier, compensates, migration } = record;
  const kind = kindOf(record);
  const isConcerned = kind === "migrate" || kind === "offboard";
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
  };
}

export async function startOperation(
  client: DurableClient,
  { catalog }: Pick<Ports, "catalog">,
  record: NamespaceRecord,
): Promise<void> {
  const { operation: instanceId, request, requestedBy, team, traceparent, earlier, compensates } = record;
  const { clientId, migration, offboarding } = record;
  const origin = { requestedBy, team, traceparent };
  const input = { operation: instanceId, request, retry: catalog.retry, ...origin, ...(earlier ? { earlier } : {}) };
  const isMigrating = migration !== undefined;
  const kind = kindOf(record);
  switch (kind) {
    case "onboard":
      return await start(client, onboardNamespace, { instanceId, input });
    case "change":
      if (!earlier) throw nothingOf(record, "an earlier request");
      return await start(client, changeNamespace, { instanceId, input: { ...input, earlier } });
    case "offboard": {
      const ignoreDependants = offboarding?.ignoreDependants ?? false;
      const offboardInput = { ...input, isMigrating, ignoreDependants };
      return await start(client, offboardNamespace, { instanceId, input: offboardInput });
    }
    case "compensate": {
      if (!compensates) throw nothingOf(record, "what it compensates");
      const { of, createdBy, undos } = compensates;
      const compensation = { ...input, compensates: { of, createdBy, undos: [...undos] } };
      return await start(client, compensateOperation, { instanceId, input: compensation });
    }
    case "repair":
      return await start(client, repairNamespace, { instanceId, input: { ...input, clientId, isMigrating } });
    case "migrate":
      if (!migration || clientId === undefined) throw nothingOf(record, "a migration");
      return await start(client, migrateNamespace, { instanceId, input: { ...input, clientId, migration } });
  }
}

function nothingOf({ operation, state }: NamespaceRecord, what: string): Error {
  return new Error(`the record of operation ${operation} is ${state} and says nothing of ${what}`);
}
