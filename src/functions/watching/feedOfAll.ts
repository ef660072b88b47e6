/**
 * Every operation as it happens. One loop reads the registry, however many clients follow: what it finds new goes to each of
 * them, and each is told as much of it as its caller may see. A client that comes is told what runs from what the loop has
 * seen, and what ended while it was away from a reading of its own.
 */
import type { AnyOperation } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports.ts";
import { createInbox } from "./inbox.ts";
import { createLooks, endedSince, type News, type Teams } from "./looks.ts";
import {
  beginAt,
  type Change,
  changesOf,
  forget,
  isToTell,
  type Looked,
  readCursor,
  type Source,
  start,
  withIds,
} from "./operationFeed.ts";
import { type Follower, type LookPace, shareLooks } from "./shareLooks.ts";
import type { Subscription } from "./subscription.ts";

/** A client for whom so much waits does not read. */
const mostWaiting = 10_000;

/** A look at everything costs more than one at one operation, and nobody waits for one step here. */
const defaultPace: LookPace = { pollMs: 1_000, settleMs: 500 };

export interface Reader {
  readonly isVisible: (operation: AnyOperation) => boolean;
  /** Narrows what is read of the past, so that other teams' need not be. */
  readonly teams?: Teams;
  readonly lastEventId: string | null;
}

export type FeedOfAll = (reader: Reader, follower: Follower) => Subscription;

export function createFeedOfAll(
  { registry, changes }: Source & Pick<Ports, "changes">,
  { pace = defaultPace }: { readonly pace?: LookPace } = {},
): FeedOfAll {
  const listeners = new Set<(news: readonly News[]) => void>();
  let looks = createLooks({ registry });
  const shared = shareLooks({
    begin() {
      looks = createLooks({ registry });
      return async ({ client }) => {
        const news = await looks.look(client);
        for (const listen of listeners) listen(news);
      };
    },
    changes,
    pace,
  });

  return (reader, follower) => {
    const leave = shared.join(follower);
    const inbox = createInbox<News>();
    const listen = (news: readonly News[]) => {
      inbox.put(news.filter(({ looked }) => reader.isVisible(looked.operation)));
      // Also without news: the first look is what the client waits for.
      inbox.wake();
    };
    listeners.add(listen);
    const view = createView(reader);
    let running: readonly Looked[] | undefined;
    let isCaughtUp = false;
    return {
      async poll() {
        if (!looks.hasLooked()) return [];
        // In one step: what comes from here on is what follows on it.
        if (!running) {
          running = looks.running().filter(({ operation }) => reader.isVisible(operation));
          view.lead(running, inbox.take());
        }
        if (!isCaughtUp) {
          view.addPast(await endedSince({ registry }, follower.client, { ...reader, time: view.since.operations }));
          isCaughtUp = true;
        }
        return view.tell(inbox.take());
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

/** What one client has been told. */
function createView({ lastEventId }: Reader) {
  // The phase in an id is of the one operation of its event, and says nothing of the others.
  const since =
    lastEventId === null
      ? { ...start, operations: new Date().toISOString() }
      : { ...readCursor(lastEventId), phase: undefined };
  const sent = beginAt(since);
  /** The client knows of these what the loop knows; what the loop finds new in them is new to the client. */
  const led = new Set<string>();
  let begin: Looked[] = [];
  const ownChanges = (looked: Looked) => (isToTell(sent, looked.operation) ? changesOf(sent, looked) : []);
  return {
    since,
    lead(running: readonly Looked[], early: readonly News[]) {
      for (const { operation } of running) led.add(operation.id);
      begin = [...running, ...early.map(({ looked }) => looked).filter(({ operation }) => !led.has(operation.id))];
    },
    addPast(ended: readonly Looked[]) {
      begin = [...begin, ...ended.filter(({ operation }) => !led.has(operation.id))];
    },
    tell(news: readonly News[]) {
      const before = begin
        .toSorted((a, b) => (a.operation.changedTime ?? "").localeCompare(b.operation.changedTime ?? ""))
        .flatMap(ownChanges);
      for (const looked of begin) if (led.has(looked.operation.id)) forget(sent, looked);
      begin = [];
      const now = news.flatMap(({ looked, changes }): readonly Change[] => {
        if (led.has(looked.operation.id)) return changes;
        const own = ownChanges(looked);
        led.add(looked.operation.id);
        // From here on the loop remembers it for all.
        forget(sent, looked);
        return own;
      });
      return withIds(sent, [...before, ...now]);
    },
  };
}
