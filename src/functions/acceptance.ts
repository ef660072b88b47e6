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
import { holderOf } from "../domain/namespaceState.ts";
import type { OperationKind } from "../domain/operation.ts";
import { createOperationId } from "../domain/operationId.ts";
import type { OnboardingRequest } from "../domain/request.ts";
import { hashRequest } from "../domain/requestHash.ts";
import { start } from "../durable/orchestration.ts";
import { migrateNamespace } from "../orchestrations/migrateNamespace.ts";
import { offboardNamespace } from "../orchestrations/offboardNamespace.ts";
import { onboardNamespace } from "../orchestrations/onboardNamespace.ts";
import { repairNamespace } from "../orchestrations/repairNamespace.ts";
import type { NamespaceRecord, OperationRecord, Ports, Stored } from "../ports.ts";
import { findNamespace } from "./readBerth.ts";
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
  readonly warn: (message: string) => void;
}

export async function acceptOnboarding(desk: Desk, request: OnboardingRequest): Promise<Accepted> {
  const { registry } = desk.ports;
  const requestHash = hashRequest(request);
  // Whoever loses a race for the record looks again at what the winner wrote.
  for (;;) {
    const current = await registry.getNamespace(request);
    const fresh = newRecord(desk, "Onboarding", request, requestHash);
    if (!current) {
      if (await registry.insertNamespace(fresh)) return begin(desk, "onboard", fresh);
    } else if (current.state === "Incomplete") {
      if (await registry.replaceNamespace({ ...fresh, etag: current.etag })) return begin(desk, "onboard", fresh);
    } else if (["Onboarding", "Onboarded"].includes(current.state) && current.requestHash === requestHash) {
      return attach(desk, "onboard", { ...current, operation: current.onboardedBy ?? current.operation });
    } else {
      throw refuseHeld(current, "the request differs from what is onboarded; offboard it first");
    }
  }
}

export async function acceptOffboarding(desk: Desk, berth: Berth): Promise<Accepted> {
  const { registry } = desk.ports;
  for (;;) {
    const current = await findNamespace(registry, berth);
    if (current.state === "Offboarding") return attach(desk, "offboard", current);
    if (holderOf(current.state) !== undefined) throw refuseHeld(current, "an operation has it");
    const fresh = newRecord(desk, "Offboarding", current.request, current.requestHash);
    const next = { ...current, ...fresh };
    if (await registry.replaceNamespace(next)) return begin(desk, "offboard", next);
  }
}

/** What an operation on an onboarded namespace writes into its record besides holding it. */
type Held = Partial<Pick<NamespaceRecord, "migration" | "repairTried">>;

/**
 * Begins an operation that leaves the namespace onboarded. While one of the same kind runs, that one is the answer.
 * `prepare` looks at the record and may refuse.
 */
export async function acceptUpkeep(
  desk: Desk,
  state: "Repairing" | "Migrating",
  { berth, prepare }: { berth: Berth; prepare: (record: NamespaceRecord) => Held },
): Promise<Accepted> {
  const { registry } = desk.ports;
  const kind = state === "Repairing" ? "repair" : "migrate";
  for (;;) {
    const current = await findNamespace(registry, berth);
    if (current.state === state) return attach(desk, kind, current);
    if (current.state === "Incomplete") {
      throw new Refusal("NAMESPACE_INCOMPLETE", `Operation ${current.operation} left ${berthKey(berth)} half done.`);
    }
    if (current.state !== "Onboarded") throw refuseHeld(current, "an operation has it");
    const { operation, requestedBy, acceptedTime } = newRecord(desk, state, current.request, current.requestHash);
    const next = { ...current, ...prepare(current), state, operation, requestedBy, acceptedTime };
    if (await registry.replaceNamespace(next)) return begin(desk, kind, next);
  }
}

function newRecord(
  { by }: Desk,
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
  const { operation: id, cluster, namespace, request, requestedBy, acceptedTime, migration } = record;
  return {
    id,
    kind,
    cluster,
    namespace,
    status: "NotStarted",
    requestedBy,
    createdTime: acceptedTime,
    request,
    ...(kind === "migrate" && migration ? { until: migration.until } : {}),
  };
}

export async function startOperation(
  client: DurableClient,
  { catalog }: Pick<Ports, "catalog">,
  kind: OperationKind,
  { operation, request, clientId, migration }: NamespaceRecord,
): Promise<void> {
  const instanceId = operation;
  const input = { operation, request, retry: catalog.retry };
  const isMigrating = migration !== undefined;
  switch (kind) {
    case "onboard":
      return start(client, onboardNamespace, { instanceId, input });
    case "offboard":
      return start(client, offboardNamespace, { instanceId, input: { ...input, isMigrating } });
    case "repair":
      return start(client, repairNamespace, { instanceId, input: { ...input, clientId, isMigrating } });
    case "migrate":
      if (!migration || clientId === undefined)
        throw new Error(`the record of ${operation} says nothing of a migration`);
      return start(client, migrateNamespace, { instanceId, input: { ...input, clientId, migration } });
  }
}
