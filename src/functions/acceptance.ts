/**
 * From a valid request to a running operation. The namespace's record is the gate: whoever writes it first has the
 * namespace, everybody else gets that operation or a refusal. The orchestration starts after the record is written, so a
 * crash in between is mended by a timer (startAccepted.ts) and an accepted request is never lost.
 */

import type { DurableClient } from "durable-functions";
import type { Caller } from "../domain/caller.ts";
import { logLine } from "../domain/logLine.ts";
import type { Berth } from "../domain/names.ts";
import { berthKey } from "../domain/names.ts";
import type { OperationKind } from "../domain/operation.ts";
import { createOperationId } from "../domain/operationId.ts";
import { maySee } from "../domain/policy.ts";
import type { OnboardingRequest } from "../domain/request.ts";
import { hashRequest } from "../domain/requestHash.ts";
import type { Traceparent } from "../domain/trace.ts";
import { start } from "../durable/orchestration.ts";
import { offboardNamespace } from "../orchestrations/offboardNamespace.ts";
import { onboardNamespace } from "../orchestrations/onboardNamespace.ts";
import type { NamespaceRecord, OperationRecord, Ports, Stored } from "../ports.ts";
import { type AdmissionOptions, admit, insertWithinQuota, ownerAfter } from "./admission.ts";
import { Refusal } from "./refusal.ts";

export interface Accepted {
  readonly operation: string;
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
  // Whoever loses a race for the record looks again at what the winner wrote.
  for (;;) {
    const current = await registry.getNamespace(request);
    const team = ownerAfter(desk, admission, current);
    const fresh = { ...newRecord(desk, "Onboarding", request, requestHash), ...(team === undefined ? {} : { team }) };
    if (!current) {
      if (await insertWithinQuota(ports, fresh)) return begin(desk, "onboard", fresh);
      continue;
    }
    const isFree = current.state === "Incomplete" || (current.state === "Onboarded" && admission.takeOver);
    const isSame = current.requestHash === requestHash;
    if (isFree && (isSame || current.state === "Incomplete")) {
      const next = { ...fresh, ...keptOf(current, admission), etag: current.etag };
      if (await registry.replaceNamespace(next)) return begin(desk, "onboard", next);
    } else if (current.state !== "Offboarding" && isSame && !admission.takeOver) {
      return attach(desk, "onboard", current);
    } else {
      throw refuseHeld(current, "the request differs from what is onboarded; offboard it first");
    }
  }
}

/** What stays true of a namespace when it is onboarded again; a take-over binds it to the namespace that is there now. */
function keptOf(
  { onboardedTime, namespaceUid, clientId }: NamespaceRecord,
  { takeOver }: { takeOver: boolean },
): Partial<NamespaceRecord> {
  return {
    ...(onboardedTime === undefined ? {} : { onboardedTime }),
    ...(clientId === undefined ? {} : { clientId }),
    ...(namespaceUid === undefined || takeOver ? {} : { namespaceUid }),
  };
}

export async function acceptOffboarding(desk: Desk, berth: Berth): Promise<Accepted> {
  const { registry } = desk.ports;
  for (;;) {
    const current = await registry.getNamespace(berth);
    if (!current || !maySee(desk.by, current)) throw notOnboarded(berth);
    if (current.state === "Offboarding") return attach(desk, "offboard", current);
    if (current.state === "Onboarding") throw refuseHeld(current, "it is being onboarded");
    const fresh = newRecord(desk, "Offboarding", current.request, current.requestHash);
    const next = { ...current, ...fresh };
    if (await registry.replaceNamespace(next)) return begin(desk, "offboard", next);
  }
}

/** The same words for what is not there and for what is another team's. */
export function notOnboarded(berth: Berth): Refusal {
  return new Refusal("NOT_ONBOARDED", `Mooring has not onboarded ${berthKey(berth)}.`);
}

function newRecord(
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

function refuseHeld({ state, operation, ...berth }: Stored<NamespaceRecord>, why: string): Refusal {
  return state === "Onboarded"
    ? new Refusal("ALREADY_ONBOARDED", `${berthKey(berth)} is onboarded already: ${why}.`, { operation })
    : new Refusal("OPERATION_IN_PROGRESS", `Operation ${operation} runs for ${berthKey(berth)}.`, { operation });
}

/** The same request again: the operation that has it. Its record is written here too, should the first caller have died. */
async function attach({ ports }: Desk, kind: OperationKind, record: NamespaceRecord): Promise<Accepted> {
  await ports.registry.insertOperation(operationOf(kind, record));
  return { operation: record.operation, isNew: false };
}

async function begin(desk: Desk, kind: OperationKind, record: NamespaceRecord): Promise<Accepted> {
  await desk.ports.registry.insertOperation(operationOf(kind, record));
  try {
    await startOperation(desk.client, desk.ports, kind, record);
  } catch (error) {
    // Accepted all the same: the timer starts it.
    const reason = error instanceof Error ? error.message : String(error);
    desk.warn(logLine("operation not started yet", { operation: record.operation, reason }));
  }
  return { operation: record.operation, isNew: true };
}

export function operationOf(kind: OperationKind, record: NamespaceRecord): OperationRecord {
  const { operation: id, cluster, namespace, request, requestedBy, team, traceparent } = record;
  return {
    id,
    kind,
    cluster,
    namespace,
    status: "NotStarted",
    requestedBy,
    ...(team === undefined ? {} : { team }),
    createdTime: record.acceptedTime,
    ...(traceparent === undefined ? {} : { traceparent }),
    request,
  };
}

export async function startOperation(
  client: DurableClient,
  { catalog }: Pick<Ports, "catalog">,
  kind: OperationKind,
  { operation, request, requestedBy, team, traceparent }: NamespaceRecord,
): Promise<void> {
  const orchestration = kind === "onboard" ? onboardNamespace : offboardNamespace;
  const input = { operation, request, retry: catalog.retry, requestedBy, team, traceparent };
  await start(client, orchestration, { instanceId: operation, input });
}
