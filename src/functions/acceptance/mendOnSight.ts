/**
 * A request that meets an operation mends it as the timer does (operations/startAccepted.ts): after a kill the timer waits for
 * its lease, up to a minute, and whoever asks need not. Only for callers who may see the operation: they are checked before.
 */
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { isHeld } from "../../domain/operation/lifecycle.ts";
import type { HeldRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { logLine } from "../../domain/watching/logLine.ts";
import type { Ports } from "../../ports.ts";
import type { Accepted, Desk } from "./acceptance.ts";
import { graceMs, type Mender } from "./mender.ts";

export interface OnSight {
  /** True when it was looked at, and may be another by now. Never throws: what cannot be mended is the timer's. */
  meet(by: Pick<Mender, "client" | "warn">, berth: Berth, operation: string): Promise<boolean>;
}

/** However many ask, an instance is asked for once in this time, by each process. */
const pauseMs = 5_000;
const mostKept = 1_000;

/** What the timer does with a namespace that is held. */
type Mend = (mender: Mender, record: Stored<HeldRecord>) => Promise<void>;

export function createOnSight(ports: Ports, mend: Mend, now: () => number = Date.now): OnSight {
  const looked = new Map<string, number>();

  function isDue(operation: string): boolean {
    const last = looked.get(operation);
    if (last !== undefined && now() < last + pauseMs) return false;
    // The longest unseen is the first of them.
    looked.delete(operation);
    looked.set(operation, now());
    const [oldest] = looked.keys();
    if (oldest !== undefined && looked.size > mostKept) looked.delete(oldest);
    return true;
  }

  return {
    async meet({ client, warn }, berth, operation) {
      if (!isDue(operation)) return false;
      try {
        const record = await ports.registry.getNamespace(berth);
        if (record?.operation !== operation || !isHeld(record)) return false;
        if (now() < Date.parse(record.acceptedTime) + graceMs) return false;
        await mend({ ports, client, warn, now }, record);
        return true;
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        warn(logLine("operation not mended", { operation, namespace: berthKey(berth), reason }));
        return false;
      }
    },
  };
}

/** Accepts a request, once more where the operation that was in its way had ended and nobody had said so. */
export async function acceptMending(
  onSight: OnSight,
  desk: Desk,
  { berth, accept }: { readonly berth: Berth; readonly accept: () => Promise<Accepted> },
): Promise<Accepted> {
  try {
    const accepted = await accept();
    if (!accepted.isNew) await onSight.meet(desk, berth, accepted.operation);
    return accepted;
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== "OPERATION_IN_PROGRESS") throw error;
    const { operation } = error.details;
    if (operation === undefined || !(await onSight.meet(desk, berth, operation))) throw error;
    return await accept();
  }
}
