/** Warns before access ends and revokes it when it has (README.md). */
import { addDuration } from "../../domain/duration.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { type NamespaceRef, namespaceKey } from "../../domain/naming/names.ts";
import {
  type ExpiryLook,
  type ExpiryPace,
  lookAtExpiry,
  soughtFrom,
  triedAgain,
} from "../../domain/operation/expiry.ts";
import { heldBefore } from "../../domain/operation/lifecycle.ts";
import type { FreeRecord, NamespaceRecord } from "../../domain/operation/namespaceRecord.ts";
import type { OperationRecord, Stored } from "../../domain/operation/records.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { expiryEvent } from "../../domain/watching/expiryEvent.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { concerning, inSpan } from "../../telemetry/spans.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import { isWaiting } from "./rejectAtEnd.ts";

type Log = Record<"log" | "warn", (line: string) => void>;
type Watching = Pick<Ports, "catalog" | "events" | "registry">;

/** Each may publish an event, write its record and start an operation. */
const mostPerRun = 50;

export interface ExpiryWatch {
  /** Rejects an operation that waits for approval, because of that end. */
  readonly reject: (waiting: OperationRecord, end: string) => Promise<void>;
  /** Starts what revokes the access that has ended by then. */
  readonly revoke: (namespaceRef: NamespaceRef, now: number) => Promise<{ readonly operation: string }>;
  /** This machine's clock. */
  readonly now?: () => number;
}

export async function watchExpiry(
  ports: Watching,
  context: Log,
  { reject, revoke, now = Date.now }: ExpiryWatch,
): Promise<void> {
  const { warnBefore, confirmMinutes } = ports.catalog.expiry;
  const pace = { warnBefore, confirmMs: confirmMinutes * 60_000 };
  const before = new Date(addDuration(now(), warnBefore)).toISOString();
  const free = (await ports.registry.namespacesEnding({ before })).map((record) => ({ record, has: record }));
  const found: readonly Ending[] = [...free, ...(await findWaiting(ports, before))];
  if (found.length === 0) return;
  // Only what both clocks have reached has passed: each of them may be wrong.
  const time = Math.min(now(), await ports.registry.time());
  const looks = found.flatMap((each) => {
    const look = lookAtExpiry(each.has, time, pace);
    return look && isAnythingToDo(each.has, look) ? [{ ...each, look }] : [];
  });
  const first = looks.toSorted((a, b) => (a.look.end < b.look.end ? -1 : Number(a.look.end > b.look.end)));
  for (const each of first.slice(0, mostPerRun)) {
    const { cluster, namespace } = each.record;
    await concerning({ cluster, namespace }, () =>
      inSpan("look at expiry", {}, () => act(ports, context, { ...each, time, pace, revoke, reject })),
    );
  }
}

interface Ending {
  readonly record: Stored<NamespaceRecord>;
  /** What the namespace has: the same, unless an operation holds it. */
  readonly has: FreeRecord;
  /** That operation, which waits for approval. */
  readonly waiting?: OperationRecord | undefined;
}

/** Namespaces in which an operation waits for approval, and that have something before it that ends. */
async function findWaiting({ registry }: Watching, before: string): Promise<readonly Ending[]> {
  const held = (await registry.heldNamespaces()).flatMap((record) => {
    const has = heldBefore(record);
    const from = has && soughtFrom(has);
    return has && from !== undefined && from < before ? [{ record, has }] : [];
  });
  const found = await Promise.all(
    held.map(async (each) => {
      const waiting = await unlessUnreadable(registry.getOperation(each.record.operation));
      return { ...each, waiting };
    }),
  );
  return found.filter(({ waiting }) => isWaiting(waiting));
}

function isAnythingToDo({ expiry }: FreeRecord, { isToWarn, isToRevoke, note }: ExpiryLook): boolean {
  const isNoted = expiry?.end === note.end && expiry.passedTime === note.passedTime;
  return isToWarn || isToRevoke || (!isNoted && (note.passedTime !== undefined || expiry?.passedTime !== undefined));
}

interface Acting extends Pick<ExpiryWatch, "reject" | "revoke">, Ending {
  readonly look: ExpiryLook;
  readonly time: number;
  readonly pace: ExpiryPace;
}

async function act(
  ports: Watching,
  context: Log,
  { record, has, waiting, look, time, revoke, reject }: Acting,
): Promise<void> {
  const namespace = namespaceKey(record);
  const { end, note } = look;
  try {
    // Publish before writing: after a crash in between, the event is published again under the same ID.
    if (look.isToWarn) {
      await ports.events.publish(expiryEvent(has, end, new Date(time).toISOString()));
      context.warn(logLine("access ends", { namespace, end }));
    }
    if (!look.isToRevoke) {
      // An operation that was faster reads the new record, and so does the next run.
      await ports.registry.replaceNamespace({ ...record, expiry: note });
      return;
    }
    if (waiting) {
      // Its end frees the namespace, and the next run revokes the access.
      await reject(waiting, end);
      context.warn(logLine("change rejected, for access has ended", { namespace, end, operation: waiting.id }));
      return;
    }
    const { operation } = await revoke(record, time);
    context.log(logLine("access has ended", { namespace, end, operation }));
  } catch (error) {
    const reason = messageOf(error);
    const code = error instanceof Refusal ? error.code : undefined;
    if (code === "OPERATION_IN_PROGRESS" || code === "NAMESPACE_CHANGED") {
      context.log(logLine("access that has ended stays for now", { namespace, end, reason }));
      return;
    }
    context.warn(logLine("access that has ended is still there", { namespace, end, reason }));
    if (code !== undefined && !waiting) await noteRefused(ports, context, { record, look, time });
  }
}

/** A refused attempt is repeated ever more slowly, like one that failed. */
async function noteRefused(
  { registry }: Watching,
  context: Log,
  { record, look, time }: Pick<Acting, "record" | "look" | "time">,
): Promise<void> {
  try {
    const expiry = triedAgain(look.note, { time: new Date(time).toISOString() });
    await registry.replaceNamespace({ ...record, expiry });
  } catch (error) {
    context.warn(logLine("refused attempt not noted", { namespace: namespaceKey(record), reason: messageOf(error) }));
  }
}
