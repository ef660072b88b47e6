/**
 * Every operation as it happens. One loop reads the registry, however many clients follow: each client gets as much of what
 * is new as its caller may see. A new client gets the running operations from what the loop has seen, and those that ended
 * while it was away from a read of its own.
 */
import type { AnyOperation } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports/index.ts";
import { createInbox } from "./inbox.ts";
import {
  beginAt,
  type Change,
  changesOf,
  forget,
  isUnsent,
  type OperationSnapshot,
  readCursor,
  type Source,
  start,
  withIds,
} from "./operationFeed.ts";
import { createOperationPoller, endedSince, type OperationUpdate, type Teams } from "./operationPoller.ts";
import { type Follower, type PollPace, sharePolling } from "./sharedPolling.ts";
import type { Subscription } from "./subscription.ts";

/** A client with this much waiting does not read. */
const mostWaiting = 10_000;

/** A look at everything costs more than a look at one operation, and nobody waits for a single step here. */
const defaultPace: PollPace = { pollMs: 1_000, gatherMs: 500 };

export interface Reader {
  readonly isVisible: (operation: AnyOperation) => boolean;
  /** Narrows what is read of the past, so that other teams' operations need not be read. */
  readonly teams?: Teams;
  readonly lastEventId: string | null;
}

export type FeedOfAll = (reader: Reader, follower: Follower) => Subscription;

export function createFeedOfAll(
  { registry, changes }: Source & Pick<Ports, "changes">,
  { pace = defaultPace }: { readonly pace?: PollPace } = {},
): FeedOfAll {
  const listeners = new Set<(updates: readonly OperationUpdate[]) => void>();
  let poller = createOperationPoller({ registry });
  const shared = sharePolling({
    begin() {
      poller = createOperationPoller({ registry });
      return async ({ client }) => {
        const updates = await poller.poll(client);
        for (const listen of listeners) listen(updates);
      };
    },
    changes,
    pace,
  });

  return (reader, follower) => {
    const leave = shared.join(follower);
    const inbox = createInbox<OperationUpdate>();
    const listen = (updates: readonly OperationUpdate[]) => {
      inbox.put(updates.filter(({ snapshot }) => reader.isVisible(snapshot.operation)));
      // Even without news: the client waits for the first look.
      inbox.wake();
    };
    listeners.add(listen);
    const view = createView(reader);
    let running: readonly OperationSnapshot[] | undefined;
    let isCaughtUp = false;
    return {
      async poll() {
        if (!poller.hasPolled()) return [];
        // In one synchronous step, so that everything that arrives from here on comes after it.
        if (!running) {
          running = poller.running().filter(({ operation }) => reader.isVisible(operation));
          view.lead(running, inbox.drain());
        }
        if (!isCaughtUp) {
          view.addPast(await endedSince({ registry }, follower.client, { ...reader, time: view.since.operations }));
          isCaughtUp = true;
        }
        return view.eventsOf(inbox.drain());
      },
      changes: inbox,
      isBehind: () => inbox.size() > mostWaiting,
      leave() {
        listeners.delete(listen);
        leave();
        inbox.wake();
      },
    };
  };
}

/** What one client has received. */
function createView({ lastEventId }: Reader) {
  // The phase in an ID belongs to the one operation of its event, and says nothing about the others.
  const since =
    lastEventId === null
      ? { ...start, operations: new Date().toISOString() }
      : { ...readCursor(lastEventId), phase: undefined };
  const sent = beginAt(since);
  /** Operations of which the client knows what the loop knows; whatever the loop finds new in them is new to the client. */
  const led = new Set<string>();
  let begin: OperationSnapshot[] = [];
  const ownChanges = (snapshot: OperationSnapshot) =>
    isUnsent(sent, snapshot.operation) ? changesOf(sent, snapshot) : [];
  return {
    since,
    lead(running: readonly OperationSnapshot[], early: readonly OperationUpdate[]) {
      for (const { operation } of running) led.add(operation.id);
      begin = [...running, ...early.map(({ snapshot }) => snapshot).filter(({ operation }) => !led.has(operation.id))];
    },
    addPast(ended: readonly OperationSnapshot[]) {
      begin = [...begin, ...ended.filter(({ operation }) => !led.has(operation.id))];
    },
    eventsOf(updates: readonly OperationUpdate[]) {
      const before = begin
        .toSorted((a, b) => (a.operation.changedTime ?? "").localeCompare(b.operation.changedTime ?? ""))
        .flatMap(ownChanges);
      for (const snapshot of begin) if (led.has(snapshot.operation.id)) forget(sent, snapshot);
      begin = [];
      const now = updates.flatMap(({ snapshot, changes }): readonly Change[] => {
        if (led.has(snapshot.operation.id)) return changes;
        const own = ownChanges(snapshot);
        led.add(snapshot.operation.id);
        // From here on, the loop remembers it for all clients.
        forget(sent, snapshot);
        return own;
      });
      return withIds(sent, [...before, ...now]);
    },
  };
}
