/** One operation as it happens; one loop of looks at it, however many clients follow. */
import type { AnyOperation } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports.ts";
import type { OnSight } from "../acceptance/mendOnSight.ts";
import { createInbox } from "./inbox.ts";
import { followLooks, type Looked, look, type Source } from "./operationFeed.ts";
import { type Follower, type LookPace, type SharedLooks, shareLooks } from "./shareLooks.ts";
import type { Subscription } from "./subscription.ts";

const paceOfOne: LookPace = { pollMs: 1_000, settleMs: 25 };
/** A thousand items are read at each look. */
const paceOfBatch: LookPace = { pollMs: 1_000, settleMs: 1_000 };

interface Feed {
  readonly shared: SharedLooks;
  readonly listeners: Set<(looked: Looked) => void>;
  last?: Looked;
}

export type FeedOfOperation = (operation: AnyOperation, lastEventId: string | null, follower: Follower) => Subscription;

export function createFeedOfOperation(
  { registry, changes }: Source & Pick<Ports, "changes">,
  onSight: OnSight,
): FeedOfOperation {
  const feeds = new Map<string, Feed>();

  function open(record: AnyOperation): Feed {
    const { id } = record;
    const listeners: Feed["listeners"] = new Set();
    const shared = shareLooks({
      begin: () => async (follower) => {
        if (record.kind === "batch") await onSight.meetBatch(follower, id);
        else await onSight.meet(follower, record, id);
        // The operation first: when it says that it has ended, the steps read after it are the last ones.
        const operation = await registry.findOperation(id);
        if (!operation) return;
        feed.last = await look({ registry }, follower.client, operation);
        for (const listen of listeners) listen(feed.last);
      },
      changes,
      pace: record.kind === "batch" ? paceOfBatch : paceOfOne,
    });
    const feed: Feed = { shared, listeners };
    feeds.set(id, feed);
    return feed;
  }

  return (operation, lastEventId, follower) => {
    const { id } = operation;
    const feed = feeds.get(id) ?? open(operation);
    const tell = followLooks(id, lastEventId);
    const inbox = createInbox<Looked>();
    const listen = (looked: Looked) => {
      // A look shows all that there is: the one before it need not be told any more.
      inbox.take();
      inbox.put([looked]);
    };
    feed.listeners.add(listen);
    if (feed.last) listen(feed.last);
    const leave = feed.shared.join(follower);
    return {
      poll: async () => inbox.take().flatMap(tell),
      changes: inbox,
      isBehind: () => false,
      leave() {
        feed.listeners.delete(listen);
        leave();
        inbox.wake();
        if (feed.listeners.size === 0 && feeds.get(id) === feed) feeds.delete(id);
      },
    };
  };
}
