/** One operation as it happens; one loop looks at it, however many clients follow. */
import type { AnyOperation } from "../../domain/operation/records.ts";
import type { Ports } from "../../ports/index.ts";
import type { RequestRecovery } from "../recovery/recoverOnRequest.ts";
import { createInbox } from "./inbox.ts";
import { followSnapshots, type OperationSnapshot, readSnapshot, type Source } from "./operationFeed.ts";
import { type Follower, type PollPace, type SharedPolling, sharePolling } from "./sharedPolling.ts";
import type { Subscription } from "./subscription.ts";

const paceOfOne: PollPace = { pollMs: 1_000, gatherMs: 25 };
/** Each look at a large batch reads a thousand items. */
const paceOfBatch: PollPace = { pollMs: 1_000, gatherMs: 1_000 };

interface Feed {
  readonly shared: SharedPolling;
  readonly listeners: Set<(snapshot: OperationSnapshot) => void>;
  last?: OperationSnapshot;
}

export type FeedOfOperation = (operation: AnyOperation, lastEventId: string | null, follower: Follower) => Subscription;

export function createFeedOfOperation(
  { registry, changes }: Source & Pick<Ports, "changes">,
  requestRecovery: RequestRecovery,
): FeedOfOperation {
  const feeds = new Map<string, Feed>();

  function open(record: AnyOperation): Feed {
    const { id } = record;
    const listeners: Feed["listeners"] = new Set();
    const shared = sharePolling({
      begin: () => async (follower) => {
        if (record.kind === "batch") await requestRecovery.recoverBatch(follower, id);
        else await requestRecovery.recoverOperation(follower, record, id);
        // The operation first: if it has ended, the steps read after it are final.
        const operation = await registry.findOperation(id);
        if (!operation) return;
        feed.last = await readSnapshot({ registry }, follower.client, operation);
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
    const toEvents = followSnapshots(id, lastEventId);
    const inbox = createInbox<OperationSnapshot>();
    const listen = (snapshot: OperationSnapshot) => {
      // A look shows the whole state, so the previous one need not be sent any more.
      inbox.drain();
      inbox.put([snapshot]);
    };
    feed.listeners.add(listen);
    if (feed.last) listen(feed.last);
    const leave = feed.shared.join(follower);
    return {
      poll: async () => inbox.drain().flatMap(toEvents),
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
