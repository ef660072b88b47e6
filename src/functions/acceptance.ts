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
import type { OnboardingRequest } from "../domain/request.ts";
import { hashRequest } from "../domain/requestHash.ts";
import type { Traceparent } from "../domain/trace.ts";
import { start } from "../durable/orchestration.ts";
import { offboardNamespace } from "../orchestrations/offboardNamespace.ts";
import { onboardNamespace } from "../orchestrations/onboardNamespace.ts";
import type { NamespaceRecord, OperationRecord, Ports, Stored } from "../ports.ts";
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

export async function acceptOnboarding(desk: Desk, request: OnboardingRequest): Promise<Accepted> {
  const { registry } = desk.ports;
  const requestHash = hashRequest(request);
  const fresh = newRecord(desk, "Onboarding", request, requestHash);
  // Whoever loses a race for the record looks again at what the winner wrote.
  for (;;) {
    const current = await registry.getNamespace(request);
    if (!current) {
      if (await registry.insertNamespace(fresh)) return begin(desk, "onboard", fresh);
    } else if (current.operation === fresh.operation) {
      // The answer to the write got lost, and its repetition met what the first had written.
      return begin(desk, "onboard", current);
    } else if (current.state === "Incomplete" && current.requestHash === requestHash) {
      const next = { ...fresh, hasRemains: true, etag: current.etag };
      if (await registry.replaceNamespace(next)) return begin(desk, "onboard", next);
    } else if (current.state !== "Offboarding" && current.requestHash === requestHash) {
      return attach(desk, "onboard", current);
    } else {
      throw refuseHeld(current, "the request differs from what is onboarded; offboard it first");
    }
  }
}

export async function acceptOffboarding(desk: Desk, berth: Berth): Promise<Accepted> {
  const { registry } = desk.ports;
  let mine: string | undefined;
  for (;;) {
    const current = await registry.getNamespace(berth);
    if (!current) {
      throw new Refusal("NOT_ONBOARDED", `Mooring has not onboarded ${berthKey(berth)}.`);
    }
    if (current.operation === mine) return begin(desk, "offboard", current);
    if (current.state === "Offboarding") return attach(desk, "offboard", current);
    if (current.state === "Onboarding") throw refuseHeld(current, "it is being onboarded");
    const fresh = newRecord(desk, "Offboarding", current.request, current.requestHash);
    const next = { ...current, ...fresh };
    mine = next.operation;
    if (await registry.replaceNamespace(next)) return begin(desk, "offboard", next);
  }
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
  if (state === "Incomplete") {
    // Another request would lose sight of what was left behind for this one.
    const left = `${berthKey(berth)} was left incomplete by operation ${operation}, for another request`;
    return new Refusal("ALREADY_ONBOARDED", `${left}: send that again, or offboard the namespace first.`, {
      operation,
    });
  }
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
  const { operation: id, cluster, namespace, request, requestedBy, acceptedTime: createdTime, traceparent } = record;
  const trace = traceparent === undefined ? {} : { traceparent };
  return { id, kind, cluster, namespace, status: "NotStarted", requestedBy, createdTime, ...trace, request };
}

export async function startOperation(
  client: DurableClient,
  { catalog }: Pick<Ports, "catalog">,
  kind: OperationKind,
  { operation, request, requestedBy, traceparent }: NamespaceRecord,
): Promise<void> {
  const orchestration = kind === "onboard" ? onboardNamespace : offboardNamespace;
  const input = { operation, request, retry: catalog.retry, requestedBy, traceparent };
  await start(client, orchestration, { instanceId: operation, input });
}
