/** One polling loop shared by everyone who follows the same thing, from the first to join until the last leaves. */

import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../domain/messageOf.ts";
import type { RuntimeClient } from "../../durable/orchestration.ts";
import type { Changes } from "../../ports/registry.ts";
import { logLine } from "../../telemetry/logLine.ts";

export interface PollPace {
  /** How long a change made by another process may go unseen. */
  readonly pollMs: number;
  /** Changes that follow each other this fast are handled in one look. */
  readonly gatherMs: number;
}

export interface Follower {
  /** The runtime's client from the follower's own call; all of them see the same. */
  readonly client: RuntimeClient;
  /** Writes a line to the log, such as the first of consecutive failed looks. */
  readonly warn: (line: string) => void;
}

export interface SharedPolling {
  /** Polls until the follower leaves by calling the returned function. */
  join(follower: Follower): () => void;
}

export function sharePolling({
  begin,
  changes,
  pace,
}: {
  /** Called for the first follower to join; returns the function that looks from then on. */
  readonly begin: () => (follower: Follower) => Promise<void>;
  readonly changes: Changes;
  readonly pace: PollPace;
}): SharedPolling {
  const followers = new Set<Follower>();
  let isLooking = false;

  async function lookOn(): Promise<void> {
    isLooking = true;
    const look = begin();
    let isFailing = false;
    for (let [first] = followers; first; [first] = followers) {
      try {
        await look(first);
        isFailing = false;
      } catch (error) {
        // The next look finds what is new. A lasting fault goes to the log, but only once.
        const reason = messageOf(error);
        if (!isFailing) first.warn(logLine("look for events failed", { reason }));
        isFailing = true;
      }
      await changes.wait(pace.pollMs);
      await sleep(pace.gatherMs);
    }
    isLooking = false;
  }

  return {
    join({ client, warn }) {
      const follower = { client, warn };
      followers.add(follower);
      if (!isLooking) void lookOn();
      return () => void followers.delete(follower);
    },
  };
}
