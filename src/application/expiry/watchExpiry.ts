/** Warns before access ends and takes it away when it has (README.md). */
import { addDuration } from "../../domain/duration.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { type Berth, berthKey } from "../../domain/naming/names.ts";
import { type ExpiryLook, type ExpiryPace, lookAtExpiry, triedAgain } from "../../domain/operation/expiry.ts";
import type { FreeRecord } from "../../domain/operation/namespaceRecord.ts";
import type { Stored } from "../../domain/operation/records.ts";
import { Refusal } from "../../domain/policy/refusal.ts";
import { expiryEvent } from "../../domain/watching/expiryEvent.ts";
import type { Ports } from "../../ports/index.ts";
import { logLine } from "../../telemetry/logLine.ts";
import { concerning, inSpan } from "../../telemetry/spans.ts";

type Log = Record<"log" | "warn", (line: string) => void>;
type Watching = Pick<Ports, "catalog" | "events" | "registry">;

/** Each may publish an event, write its record and start an operation. */
const mostPerRun = 50;

export interface ExpiryWatch {
  /** Starts what takes away the access that has ended by then. */
  readonly takeAway: (berth: Berth, now: number) => Promise<{ readonly operation: string }>;
  /** This machine's clock. */
  readonly now?: () => number;
}

export async function watchExpiry(
  ports: Watching,
  context: Log,
  { takeAway, now = Date.now }: ExpiryWatch,
): Promise<void> {
  const { warnBefore, confirmMinutes } = ports.catalog.expiry;
  const pace = { warnBefore, confirmMs: confirmMinutes * 60_000 };
  const before = new Date(addDuration(now(), warnBefore)).toISOString();
  const found = await ports.registry.namespacesEnding({ before });
  if (found.length === 0) return;
  // Only what both clocks have reached has passed: each of them may be wrong.
  const time = Math.min(now(), await ports.registry.time());
  const looks = found.flatMap((record) => {
    const look = lookAtExpiry(record, time, pace);
    return look && isAnythingToDo(record, look) ? [{ record, look }] : [];
  });
  const first = looks.toSorted((a, b) => (a.look.end < b.look.end ? -1 : Number(a.look.end > b.look.end)));
  for (const { record, look } of first.slice(0, mostPerRun)) {
    const { cluster, namespace } = record;
    await concerning({ cluster, namespace }, () =>
      inSpan("look at expiry", {}, () => act(ports, context, { record, look, time, pace, takeAway })),
    );
  }
}

function isAnythingToDo({ expiry }: FreeRecord, { isToWarn, isToTakeAway, note }: ExpiryLook): boolean {
  const isNoted = expiry?.end === note.end && expiry.passedTime === note.passedTime;
  return isToWarn || isToTakeAway || (!isNoted && (note.passedTime !== undefined || expiry?.passedTime !== undefined));
}

interface Acting extends Pick<ExpiryWatch, "takeAway"> {
  readonly record: Stored<FreeRecord>;
  readonly look: ExpiryLook;
  readonly time: number;
  readonly pace: ExpiryPace;
}

async function act(ports: Watching, context: Log, { record, look, time, takeAway }: Acting): Promise<void> {
  const namespace = berthKey(record);
  const { end, note } = look;
  try {
    // Publish before writing: after a crash in between, the event is published again under the same ID.
    if (look.isToWarn) {
      await ports.events.publish(expiryEvent(record, end, new Date(time).toISOString()));
      context.warn(logLine("access ends", { namespace, end }));
    }
    if (!look.isToTakeAway) {
      // An operation that was faster reads the new record, and so does the next run.
      await ports.registry.replaceNamespace({ ...record, expiry: note });
      return;
    }
    const { operation } = await takeAway(record, time);
    context.log(logLine("access has ended", { namespace, end, operation }));
  } catch (error) {
    const reason = messageOf(error);
    const code = error instanceof Refusal ? error.code : undefined;
    if (code === "OPERATION_IN_PROGRESS" || code === "NAMESPACE_CHANGED") {
      context.log(logLine("access that has ended stays for now", { namespace, end, reason }));
      return;
    }
    context.warn(logLine("access that has ended is still there", { namespace, end, reason }));
    if (code !== undefined) await noteRefused(ports, context, { record, look, time });
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
    context.warn(logLine("refused attempt not noted", { namespace: berthKey(record), reason: messageOf(error) }));
  }
}
