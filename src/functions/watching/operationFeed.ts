/**
 * What changed in operations since somebody looked last. An event id holds the times of the newest operation and step
 * records that were sent, by the tables' own clocks, so that any process can go on from there and nothing is remembered
 * for a client that is away. A feed shows states: what changed twice between two looks is one event.
 */
import type { DurableClient } from "durable-functions";
import { settleSteps } from "../../application/operation/settledSteps.ts";
import type { AnyChange, ItemChange, OperationEnd, StepChange } from "../../domain/documents/feed.ts";
import { type BatchTotals, countItems } from "../../domain/operation/batch.ts";
import { isFinal, Phase } from "../../domain/operation/operation.ts";
import type { AnyOperation } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports.ts";
import { phaseOf, publicItem, summaryOfBatch } from "../batches/batchStatus.ts";
import { findPhase, publicStep, summaryOfOperation } from "../operations/operations.ts";
import type { ServerEvent } from "./eventStream.ts";

interface Cursor {
  readonly operations: string;
  readonly steps: string;
  readonly phase?: Phase | undefined;
}

const start: Cursor = { operations: "", steps: "" };
const endMark = "end";

/** Clocks may differ, but not by more. */
const mostAheadMs = 86_400_000;

/** Of a Last-Event-ID; what Mooring did not write begins at the start. */
function readCursor(id: string | null): Cursor {
  const [operations = "", steps = "", phase] = id?.split("~") ?? [];
  const isTime = (text: string) =>
    text === "" || (/^\d{4}-[\d:.TZ-]{6,35}$/.test(text) && Date.parse(text) <= Date.now() + mostAheadMs);
  if (!isTime(operations) || !isTime(steps)) return start;
  return { operations, steps, phase: Phase.safeParse(phase).data };
}

function printCursor({ operations, steps, phase = Phase.enum.preflight }: Cursor): string {
  return `${operations}~${steps}~${phase}`;
}

/** Whether a client that sends this has seen the end; answered 204, its EventSource stops coming back. */
export function hasSeenEnd(id: string | null): boolean {
  return id?.endsWith(`~${endMark}`) ?? false;
}

interface Sent {
  /** What the client had seen before this stream: decides about records that this stream has not sent yet. */
  readonly since: Cursor;
  /** Of the last event. */
  cursor: Cursor;
  /** Times of the records that this stream has sent, by operation, and by operation and step. */
  readonly times: Map<string, string>;
}

function beginAt(since: Cursor): Sent {
  return { since, cursor: since, times: new Map() };
}

type Source = Pick<Ports, "registry">;

export function followOperation({ registry }: Source, client: DurableClient, id: string, lastEventId: string | null) {
  const sent = beginAt(readCursor(lastEventId));
  return async (): Promise<readonly ServerEvent[]> => {
    // The operation first: when it says that it has ended, the steps read after it are the last ones.
    const operation = await registry.findOperation(id);
    if (!operation) return [];
    const events = withIds(sent, changesOf(sent, await look({ registry }, client, operation)));
    if (!isFinal(operation.status)) return events;
    const data: OperationEnd = { operation: id, status: operation.status };
    return [...events, { event: "end", id: `${printCursor(sent.cursor)}~${endMark}`, data }];
  };
}

/** Of operations, at a time; of the older ones that run each has its turn. */
const newest = 100;

interface FeedOfAll {
  readonly isVisible: (operation: AnyOperation) => boolean;
  /** Narrows what is looked at, so that busy teams do not push others out of it. */
  readonly teams?: Teams;
  readonly lastEventId: string | null;
}

type Teams = readonly string[] | undefined;

/** Every operation that `isVisible` lets the caller see. */
export function followAll(
  { registry }: Source,
  client: DurableClient,
  { isVisible, teams, lastEventId }: FeedOfAll,
): () => Promise<readonly ServerEvent[]> {
  // The phase in an id is of the one operation of its event, and says nothing of the others.
  const since = { ...readCursor(lastEventId), phase: undefined };
  const sent = beginAt(lastEventId === null ? { ...start, operations: now() } : since);
  const isToTell = (operation: AnyOperation) =>
    isVisible(operation) && (isNew(sent, operation.id, operation, "operations") || !isFinal(operation.status));
  const readNewest = followNewest({ registry }, teams);
  const turns = createTurns({ registry });
  let isFirst = true;

  /** What changed while the client was away; from then on, what ran at the start has its turns. */
  async function takeUp(): Promise<readonly AnyOperation[]> {
    const [changed, running] = await Promise.all([
      lastEventId === null ? [] : changedSince({ registry }, sent.since.operations, teams),
      listRunning({ registry }, teams),
    ]);
    turns.begin(running);
    return changed;
  }

  return async () => {
    const [missed, latest] = await Promise.all([isFirst ? takeUp() : [], readNewest()]);
    isFirst = false;
    const all = await turns.withOlder([...missed, ...latest]);
    const looks = all.filter(isToTell).map((operation) => lookFromAfar({ registry }, client, operation));
    const oldestFirst = (await Promise.all(looks)).toSorted((a, b) =>
      (a.operation.changedTime ?? "").localeCompare(b.operation.changedTime ?? ""),
    );
    return withIds(
      sent,
      oldestFirst.flatMap((each) => changesOf(sent, each)),
    );
  };
}

/** Reads newest first, back to what the reading before began with: many may come at once. */
function followNewest({ registry }: Source, teams: Teams): () => Promise<readonly AnyOperation[]> {
  let newestSeen: string | undefined;
  return async () => {
    const found = await listPages(
      { registry },
      narrow(teams),
      (read) => newestSeen === undefined || read.some(({ id }) => id === newestSeen),
    );
    newestSeen = found[0]?.id ?? newestSeen;
    return found;
  };
}

/** One that has waited for days for its approval is not among the newest, and runs all the same. */
function createTurns({ registry }: Source) {
  /** Ran when they were seen last, the longest unseen first. */
  let running: readonly string[] = [];
  return {
    begin(ids: readonly string[]): void {
      running = ids;
    },
    /** The recent ones, each once as it came last, and those of the others whose turn it is. */
    async withOlder(recent: readonly AnyOperation[]): Promise<readonly AnyOperation[]> {
      const known = new Map(recent.map((each) => [each.id, each]));
      const turn = running.filter((id) => !known.has(id)).slice(0, newest);
      const older = await Promise.all(turn.map((id) => registry.findOperation(id)));
      const all = [...known.values(), ...older.filter((each) => each !== undefined)];
      const looked = new Set(all.map(({ id }) => id));
      const stillRunning = all.filter(({ status }) => !isFinal(status)).map(({ id }) => id);
      running = [...running.filter((id) => !looked.has(id)), ...stillRunning];
      return all;
    },
  };
}

/** What holds a namespace, and the batches that run. */
async function listRunning({ registry }: Source, teams: Teams): Promise<readonly string[]> {
  const [held, batches] = await Promise.all([registry.heldNamespaces(), registry.openBatches()]);
  const own = held.filter(({ team }) => !teams || (team !== undefined && teams.includes(team)));
  return [...batches.map(({ id }) => id), ...own.map(({ operation }) => operation)];
}

/** What ended while the client was away; asked for once, when it comes back. */
async function changedSince(source: Source, time: string, teams: Teams): Promise<readonly AnyOperation[]> {
  // A client that was never told a time has no past.
  if (time === "") return [];
  return await listPages(source, { changedSince: time, ...narrow(teams) });
}

function narrow(teams: Teams): { teams?: readonly string[] } {
  return teams ? { teams } : {};
}

/** Page after page, until it is enough. */
async function listPages(
  { registry }: Source,
  query: { readonly changedSince?: string; readonly teams?: readonly string[] },
  isEnough: (found: readonly AnyOperation[]) => boolean = () => false,
): Promise<readonly AnyOperation[]> {
  const found: AnyOperation[] = [];
  let continuation: string | undefined;
  do {
    const next = continuation === undefined ? {} : { continuation };
    const page = await registry.listOperations({ limit: newest, ...query, ...next });
    found.push(...page.value);
    continuation = page.continuation;
  } while (continuation !== undefined && !isEnough(found));
  return found;
}

/** Without a cursor the feed of all begins with what happens from now on, and the operations that run. */
function now(): string {
  return new Date().toISOString();
}

/** An operation as it is now. Its parts are its steps, or the items of a batch. */
interface Looked {
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

/** As the feed of all shows it: the operations of a batch's items speak for themselves. */
async function lookFromAfar(source: Source, client: DurableClient, operation: AnyOperation): Promise<Looked> {
  if (operation.kind === "batch") return { operation, phase: phaseOf(operation), parts: [] };
  return await look(source, client, operation);
}

async function look({ registry }: Source, client: DurableClient, operation: AnyOperation): Promise<Looked> {
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
  const parts = settleSteps(operation, steps).map((step): Part => {
    const { name, target, changedTime } = step;
    const data: StepChange = { operation: id, cluster, namespace, ...publicStep(step) };
    return { key: `${id} ${name} ${target}`, event: "step", changedTime, data };
  });
  return { operation, phase, parts };
}

/** An event that has no id yet, with the times that a client knows once it has it. */
interface Change extends Pick<ServerEvent, "event" | "data"> {
  readonly operations?: string;
  readonly steps?: string;
  readonly phase?: Phase;
}

/**
 * An id must not pass what is sent after it: a client that leaves in between would miss that. So it names the newest time
 * before the oldest that is still to come; who comes back with it may get some twice.
 */
function withIds(sent: Sent, changes: readonly Change[]): readonly ServerEvent[] {
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

/** For each of the changes, the newest time such that all up to it have been sent. */
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

function changesOf(sent: Sent, { operation, phase, totals, parts }: Looked): readonly Change[] {
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
  // What ended is said after its parts, everything else before them.
  if (isChanged && !isFinal(operation.status)) sayOperation();
  for (const { key, event, changedTime, data } of changed) {
    sent.times.set(key, changedTime ?? "");
    events.push({ event, data, steps: changedTime ?? "" });
  }
  if (isChanged && isFinal(operation.status)) sayOperation();
  return events;
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
