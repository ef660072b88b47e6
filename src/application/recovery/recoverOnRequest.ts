/**
 * A request that meets an operation recovers it as the timer does (recoverOperation.ts): after a kill the timer waits
 * for its lease, up to a minute, but a caller need not. Only for callers who may see the operation, which is checked before.
 */

import { hasPassed } from "../../domain/hasPassed.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import type { HeldRecord, NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import type { Accepted } from "../acceptance/acceptance.ts";
import { graceMs, type RecoveryContext } from "./recoveryContext.ts";

type Passer = Pick<RecoveryContext, "client" | "warn">;

/** True if the operation was checked and may have changed. Never throws: the timer handles what cannot be recovered here. */
export interface RequestRecovery {
  recoverOperation(by: Passer, namespaceRef: NamespaceRef, operation: string): Promise<boolean>;
  /** Recovers whichever operation holds the namespace. */
  recoverHolder(by: Passer, namespaceRef: NamespaceRef): Promise<boolean>;
  recoverBatch(by: Passer, id: string): Promise<boolean>;
}

/** Each process checks an instance at most once in this time, however many callers ask. */
const pauseMs = 5_000;
const mostKept = 1_000;

/** What the timer does, too. */
export interface Recoveries {
  /** For a namespace that is held. */
  readonly recoverOperation: (recovery: RecoveryContext, record: Stored<HeldRecord>) => Promise<unknown>;
  /** For a batch that is not closed and was accepted before that time. False when its orchestration is running. */
  readonly recoverBatch: (recovery: RecoveryContext, id: string, before: number) => Promise<boolean>;
}

export function createRequestRecovery(
  ports: Ports,
  { recoverOperation, recoverBatch }: Recoveries,
  now: () => number = Date.now,
): RequestRecovery {
  const looked = new Map<string, number>();

  function isDue(operation: string): boolean {
    const last = looked.get(operation);
    if (last !== undefined && !hasPassed(last, pauseMs, now())) return false;
    // The first entry is the one checked longest ago.
    looked.delete(operation);
    looked.set(operation, now());
    const [oldest] = looked.keys();
    if (oldest !== undefined && looked.size > mostKept) looked.delete(oldest);
    return true;
  }

  /** Checks `what` only rarely, and reports a failure only to the log. */
  async function seldom({ warn }: Passer, what: string, look: () => Promise<boolean>): Promise<boolean> {
    if (!isDue(what)) return false;
    try {
      return await look();
    } catch (error) {
      const reason = messageOf(error);
      warn(logLine("not recovered", { what, reason }));
      return false;
    }
  }

  async function recoverHeld({ client, warn }: Passer, record: Stored<NamespaceRecord> | undefined): Promise<boolean> {
    if (!record || !isHeld(record) || !hasPassed(Date.parse(record.acceptedTime), graceMs, now())) return false;
    await recoverOperation({ ports, client, warn, now }, record);
    return true;
  }

  return {
    recoverOperation: (by, namespaceRef, operation) =>
      seldom(by, operation, async () => {
        const record = await ports.registry.getNamespace(namespaceRef);
        return record?.operation === operation && (await recoverHeld(by, record));
      }),
    recoverHolder: (by, namespaceRef) =>
      seldom(
        by,
        namespaceKey(namespaceRef),
        async () => await recoverHeld(by, await ports.registry.getNamespace(namespaceRef)),
      ),
    recoverBatch: ({ client, warn }, id) =>
      seldom({ client, warn }, id, () => recoverBatch({ ports, client, warn, now }, id, now() - graceMs)),
  };
}

/** Accepts a request; tries again if the operation in its way had ended without recording that. */
export async function acceptAfterRecovery<T extends Pick<Accepted, "operation" | "isNew">>(
  by: Passer,
  { requestRecovery, namespaceRef }: { readonly requestRecovery: RequestRecovery; readonly namespaceRef: NamespaceRef },
  accept: () => Promise<T>,
): Promise<T> {
  try {
    const accepted = await accept();
    if (!accepted.isNew) await requestRecovery.recoverOperation(by, namespaceRef, accepted.operation);
    return accepted;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "OPERATION_IN_PROGRESS") throw error;
    const { operation } = error.details;
    if (operation === undefined || !(await requestRecovery.recoverOperation(by, namespaceRef, operation))) throw error;
    return await accept();
  }
}
