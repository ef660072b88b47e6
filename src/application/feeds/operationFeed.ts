/**
 * What changed in an operation since somebody last looked. An event ID holds the times of the newest operation and step
 * records that were sent, by the tables' own clocks, so that any process can continue from there and nothing is remembered
 * for a client that is away. A feed shows states: several changes between two looks are one event.
 */
import type { AnyChange, ItemChange, OperationEnd, StepChange } from "../../domain/documents/feed.ts";
import { type BatchTotals, countItems } from "../../domain/operation/batch.ts";
import { isFinal, Phase } from "../../domain/operation/operation.ts";
import type { AnyOperation } from "../../domain/operation/records.ts";
import type { RuntimeClient } from "../../durable/orchestration.ts";
import type { Ports } from "../../ports/index.ts";
import { phaseOf, publicItem, summaryOfBatch } from "../documents/batchDocument.ts";
import { publicStep, summaryOfOperation } from "../documents/operationDocument.ts";
import { endedSteps } from "../operation/endedSteps.ts";
import { findPhase } from "../operation/findPhase.ts";
import type { ServerEvent } from "./subscription.ts";

export interface Cursor {
  readonly operations: string;
  readonly steps: string;
  readonly phase?: Phase | undefined;
}

export const start: Cursor = { operations: "", steps: "" };
const endMark = "end";

/** Clocks may differ, but by no more than this. */
const mostAheadMs = 86_400_000;

/** Reads a Last-Event-ID; one that Mooring did not write begins at the start. */
export function readCursor(id: string | null): Cursor {
  const [operations = "", steps = "", phase] = id?.split("~") ?? [];
  const isTime = (text: string) =>
    text === "" || (/^\d{4}-[\d:.TZ-]{6,35}$/.test(text) && Date.parse(text) <= Date.now() + mostAheadMs);
  if (!isTime(operations) || !isTime(steps)) return start;
  return { operations, steps, phase: Phase.safeParse(phase).data };
}

function printCursor({ operations, steps, phase = Phase.enum.preflight }: Cursor): string {
  return `${operations}~${steps}~${phase}`;
}

/** Whether a client that sends this has seen the end; after a 204, its EventSource stops reconnecting. */
export function hasSeenEnd(id: string | null): boolean {
  return id?.endsWith(`~${endMark}`) ?? false;
}

export interface Sent {
  /** What the client had seen before this stream; decides about records that this stream has not sent yet. */
  readonly since: Cursor;
  /** The cursor of the last event. */
  cursor: Cursor;
  /** Times of the records that this stream has sent, by operation, and by operation and step. */
  readonly times: Map<string, string>;
}

export function beginAt(since: Cursor): Sent {
  return { since, cursor: since, times: new Map() };
}

export type Source = Pick<Ports, "registry">;

/** The events of one operation for one client, from looks that it may share with others. */
export function followSnapshots(id: string, lastEventId: string | null) {
  const sent = beginAt(readCursor(lastEventId));
  return (snapshot: OperationSnapshot): readonly ServerEvent[] => {
    const events = withIds(sent, changesOf(sent, snapshot));
    const { status } = snapshot.operation;
    if (!isFinal(status)) return events;
    const data: OperationEnd = { operation: id, status };
    return [...events, { event: "end", id: `${printCursor(sent.cursor)}~${endMark}`, data }];
  };
}

/** The current state of an operation. Its parts are its steps, or the items of a batch. */
export interface OperationSnapshot {
  readonly operation: AnyOperation;
  readonly phase: Phase;
  readonly totals?: BatchTotals;
  readonly parts: readonly Part[];
}

interface Part {
  readonly key: string;
  readonly event: "step" | "item";
  readonly changedTime?: string | undefined;
  readonly data: StepChange | ItemChange;
}

export async function readSnapshot(
  { registry }: Source,
  client: RuntimeClient,
  operation: AnyOperation,
): Promise<OperationSnapshot> {
  const { id } = operation;
  if (operation.kind === "batch") {
    const items = await registry.listBatchItems(id);
    const parts = items.flatMap((item): Part[] => {
      if (item.status === "NotStarted") return [];
      const { index, changedTime } = item;
      const data: ItemChange = { batch: id, ...publicItem(item) };
      return [{ key: `${id} ${index}`, event: "item", changedTime, data }];
    });
    return { operation, phase: phaseOf(operation), totals: countItems(items), parts };
  }
  const { cluster, namespace } = operation;
  const [phase, steps] = await Promise.all([findPhase(client, operation), registry.listSteps(id)]);
  const parts = endedSteps(operation, steps).map((step): Part => {
    const { name, target, changedTime } = step;
    const data: StepChange = { operation: id, cluster, namespace, ...publicStep(step) };
    return { key: `${id} ${name} ${target}`, event: "step", changedTime, data };
  });
  return { operation, phase, parts };
}

/** An event without an ID yet, with the times that a client knows once it has received it. */
export interface Change extends Pick<ServerEvent, "event" | "data"> {
  readonly operations?: string;
  readonly steps?: string;
  readonly phase?: Phase;
}

/**
 * An ID must not pass anything that is sent after it: a client that leaves in between would miss that. So it names the newest
 * time before the oldest that is still to come; a client that reconnects with it may get some events twice.
 */
export function withIds(sent: Sent, changes: readonly Change[]): readonly ServerEvent[] {
  const [operations, steps] = [passed(changes, "operations"), passed(changes, "steps")];
  return changes.map(({ event, data, phase }, index) => {
    const { cursor } = sent;
    sent.cursor = {
      operations: later(cursor.operations, operations[index]),
      steps: later(cursor.steps, steps[index]),
      phase: phase ?? cursor.phase,
    };
    return { event, id: printCursor(sent.cursor), data };
  });
}

/** For each of the changes, the newest time up to which everything has been sent. */
function passed(changes: readonly Change[], of: "operations" | "steps"): readonly string[] {
  const times = changes.flatMap((change) => change[of] ?? []).toSorted();
  let oldestToCome: string | undefined;
  return changes
    .toReversed()
    .map((change) => {
      const limit = oldestToCome;
      const time = change[of];
      if (time !== undefined && (limit === undefined || time < limit)) oldestToCome = time;
      return (limit === undefined ? times.at(-1) : times.findLast((each) => each < limit)) ?? "";
    })
    .toReversed();
}

export function changesOf(sent: Sent, { operation, phase, totals, parts }: OperationSnapshot): readonly Change[] {
  const { id } = operation;
  const changed = parts
    .filter((part) => isNew(sent, part.key, part, "steps"))
    .toSorted((a, b) => (a.changedTime ?? "").localeCompare(b.changedTime ?? ""));
  const events: Change[] = [];
  const known = sent.times.get(`phase ${id}`) ?? sent.since.phase;
  const sayOperation = () => {
    sent.times.set(id, operation.changedTime ?? "").set(`phase ${id}`, phase);
    const { changedTime: operations = "" } = operation;
    const data: AnyChange =
      operation.kind === "batch"
        ? { ...summaryOfBatch(operation), phase, totals }
        : { ...summaryOfOperation(operation), phase };
    events.push({ event: "operation", data, operations, phase });
  };
  const isChanged = isNew(sent, id, operation, "operations") || known !== phase;
  // An operation that has ended is sent after its parts, any other before them.
  if (isChanged && !isFinal(operation.status)) sayOperation();
  for (const { key, event, changedTime, data } of changed) {
    sent.times.set(key, changedTime ?? "");
    events.push({ event, data, steps: changedTime ?? "" });
  }
  if (isChanged && isFinal(operation.status)) sayOperation();
  return events;
}

/** The operation is running, or it has ended since it was last sent to the client. */
export function isUnsent(sent: Sent, operation: AnyOperation): boolean {
  return isNew(sent, operation.id, operation, "operations") || !isFinal(operation.status);
}

/** Forgets an operation that is no longer sent. */
export function forget(sent: Sent, snapshot: OperationSnapshot): void {
  forgetParts(sent, snapshot);
  sent.times.delete(snapshot.operation.id);
}

/** Forgets everything but the time of its last event. */
export function forgetParts({ times }: Sent, { operation: { id }, parts }: OperationSnapshot): void {
  times.delete(`phase ${id}`);
  for (const { key } of parts) times.delete(key);
}

function isNew(
  { since, times }: Sent,
  key: string,
  { changedTime = "" }: { changedTime?: string | undefined },
  of: "operations" | "steps",
) {
  return changedTime > (times.get(key) ?? since[of]);
}

function later(a: string, b = ""): string {
  return a > b ? a : b;
}
