/**
 * What the loop behind the feed of all reads: at each look the newest operations, and those of the older ones that are
 * running.
 */
import { defined } from "../../domain/defined.ts";
import { isFinal } from "../../domain/operation/operation.ts";
import type { AnyOperation } from "../../domain/operation/records.ts";
import type { RuntimeClient } from "../../durable/orchestration.ts";
import { phaseOf } from "../documents/batchDocument.ts";
import { findPhase } from "../operation/findPhase.ts";
import { unlessUnreadable } from "../unlessUnreadable.ts";
import {
  beginAt,
  type Change,
  changesOf,
  forgetParts,
  isUnsent,
  type OperationSnapshot,
  readSnapshot,
  type Source,
  start,
} from "./operationFeed.ts";

/** How many operations to read at a time; older running ones take turns. */
const newest = 100;
/** More than a page of the newest, so that an ended operation is not sent again. */
const mostEnded = 1_000;

export type Teams = readonly string[] | undefined;

/** An operation in which a look found something new. */
export interface OperationUpdate {
  readonly snapshot: OperationSnapshot;
  readonly changes: readonly Change[];
}

export interface OperationPoller {
  /** What is new since the last look, beginning with the operation that changed longest ago. */
  poll(client: RuntimeClient): Promise<readonly OperationUpdate[]>;
  hasPolled(): boolean;
  /** The running operations, as last seen. */
  running(): readonly OperationSnapshot[];
}

export function createOperationPoller({ registry }: Source): OperationPoller {
  const sent = beginAt({ ...start, operations: new Date().toISOString() });
  const current = new Map<string, OperationSnapshot>();
  const ended: string[] = [];
  const readNewest = followNewest({ registry });
  const turns = createTurns({ registry });
  let hasLooked = false;

  /** The first look covers everything that is running: new clients get it from here. */
  async function readAll(): Promise<readonly AnyOperation[]> {
    if (!hasLooked) turns.begin(await listRunning({ registry }));
    return await turns.withOlder(await readNewest(), hasLooked ? newest : Number.POSITIVE_INFINITY);
  }

  function remember(snapshot: OperationSnapshot): void {
    const { operation } = snapshot;
    if (!isFinal(operation.status)) {
      current.set(operation.id, snapshot);
      return;
    }
    current.delete(operation.id);
    forgetParts(sent, snapshot);
    if (ended.push(operation.id) > mostEnded) sent.times.delete(ended.shift() ?? "");
  }

  return {
    hasPolled: () => hasLooked,
    running: () => [...current.values()],
    async poll(client) {
      const all = await readAll();
      const wanted = all.filter((each) => isUnsent(sent, each) || current.has(each.id));
      const oldestFirst = (await lookAtAll({ registry }, client, wanted)).toSorted((a, b) =>
        (a.operation.changedTime ?? "").localeCompare(b.operation.changedTime ?? ""),
      );
      hasLooked = true;
      return oldestFirst.flatMap((snapshot) => {
        const changes = changesOf(sent, snapshot);
        remember(snapshot);
        return changes.length > 0 ? [{ snapshot, changes }] : [];
      });
    },
  };
}

/** What ended after that time; running operations come from the looks. */
export async function endedSince(
  { registry }: Source,
  client: RuntimeClient,
  {
    time,
    isVisible,
    teams,
    lastEventId,
  }: {
    readonly time: string;
    readonly isVisible: (operation: AnyOperation) => boolean;
    readonly teams?: Teams;
    readonly lastEventId: string | null;
  },
): Promise<readonly OperationSnapshot[]> {
  // A client that never received a time has no past.
  if (lastEventId === null || time === "") return [];
  const changed = await listPages({ registry }, { changedSince: time, ...defined({ teams }) });
  const ended = changed.filter((each) => isFinal(each.status) && isVisible(each));
  return await lookAtAll({ registry }, client, ended);
}

/** Looks at a limited number at a time: a client may have been away for long. */
async function lookAtAll(
  source: Source,
  client: RuntimeClient,
  operations: readonly AnyOperation[],
): Promise<readonly OperationSnapshot[]> {
  const snapshots: OperationSnapshot[] = [];
  for (let at = 0; at < operations.length; at += newest) {
    const some = operations.slice(at, at + newest);
    snapshots.push(...(await Promise.all(some.map((each) => lookFromAfar(source, client, each)))));
  }
  return snapshots;
}

/**
 * As the feed of all shows it: without the items of a batch, since their operations appear themselves, and without the steps of an
 * operation if one of them cannot be read.
 */
async function lookFromAfar(
  source: Source,
  client: RuntimeClient,
  operation: AnyOperation,
): Promise<OperationSnapshot> {
  if (operation.kind === "batch") return { operation, phase: phaseOf(operation), parts: [] };
  const snapshot = await unlessUnreadable(readSnapshot(source, client, operation));
  return snapshot ?? { operation, phase: await findPhase(client, operation), parts: [] };
}

/** Reads newest first, back to where the previous read began: many may come at the same time. */
function followNewest({ registry }: Source): () => Promise<readonly AnyOperation[]> {
  let newestSeen: string | undefined;
  return async () => {
    const found = await listPages(
      { registry },
      {},
      (read) => newestSeen === undefined || read.some(({ id }) => id === newestSeen),
    );
    newestSeen = found[0]?.id ?? newestSeen;
    return found;
  };
}

interface Running {
  readonly id: string;
  readonly team?: string | undefined;
}

/** An operation that has waited for days for its approval is not among the newest, but is still running. */
function createTurns({ registry }: Source) {
  /** Operations that were running when last seen; those not seen for longest come first. */
  let running: readonly Running[] = [];
  return {
    begin(found: readonly Running[]): void {
      running = found;
    },
    /** The recent operations, each once in its latest version, and those of the others whose turn it is. */
    async withOlder(recent: readonly AnyOperation[], most: number): Promise<readonly AnyOperation[]> {
      const known = new Map(recent.map((each) => [each.id, each]));
      const waiting = running.filter(({ id }) => !known.has(id));
      const older: AnyOperation[] = [];
      const turn = shareOut(waiting, most);
      for (let at = 0; at < turn.length; at += newest) {
        const found = await Promise.all(
          turn.slice(at, at + newest).map(({ id }) => unlessUnreadable(registry.findOperation(id))),
        );
        older.push(...found.filter((each) => each !== undefined));
      }
      const all = [...known.values(), ...older];
      const looked = new Set([...all, ...turn].map(({ id }) => id));
      const stillRunning = all.filter(({ status }) => !isFinal(status)).map(({ id, team }) => ({ id, team }));
      running = [...running.filter(({ id }) => !looked.has(id)), ...stillRunning];
      return all;
    },
  };
}

/** One from each team in turn, so that a busy team does not keep the others waiting. */
function shareOut(waiting: readonly Running[], most: number): readonly Running[] {
  if (waiting.length <= most) return waiting;
  const queues = [...Map.groupBy(waiting, ({ team }) => team).values()];
  const shared: Running[] = [];
  for (let round = 0; shared.length < most; round += 1) {
    for (const queue of queues) shared.push(...queue.slice(round, round + 1));
  }
  return shared.slice(0, most);
}

/** The operations that hold namespaces, and the batches that are running. */
async function listRunning({ registry }: Source): Promise<readonly Running[]> {
  const [held, batches] = await Promise.all([registry.heldNamespaces(), registry.openBatches()]);
  return [...batches, ...held.map(({ operation, team }) => ({ id: operation, team }))];
}

/** Reads page after page until it is enough. */
async function listPages(
  { registry }: Source,
  query: { readonly changedSince?: string; readonly teams?: readonly string[] },
  isEnough: (found: readonly AnyOperation[]) => boolean = () => false,
): Promise<readonly AnyOperation[]> {
  const found: AnyOperation[] = [];
  let continuation: string | undefined;
  do {
    const next = defined({ continuation });
    const page = await registry.listOperations({ limit: newest, ...query, ...next });
    found.push(...page.value);
    continuation = page.continuation;
  } while (continuation !== undefined && !isEnough(found));
  return found;
}
