/** One loop of looks for everybody who follows the same, from the first that comes to the last that goes. */
import { setTimeout as sleep } from "node:timers/promises";
import type { DurableClient } from "durable-functions";
import type { Changes } from "../../ports.ts";
import { logLine } from "../../telemetry/logLine.ts";

export interface PollPace {
  /** How long a change that another process made may go unseen. */
  readonly pollMs: number;
  /** Changes that follow one another this fast are looked at together. */
  readonly settleMs: number;
}

export interface Follower {
  /** The runtime's client of the follower's own call; any of them sees the same. */
  readonly client: DurableClient;
  /** Takes a line for the log, such as the first look of a row that failed. */
  readonly warn: (line: string) => void;
}

export interface SharedPolling {
  /** Looks until the follower leaves, by calling what it is given. */
  join(follower: Follower): () => void;
}

export function sharePolling({
  begin,
  changes,
  pace,
}: {
  /** Called for the first that comes while nobody is there; gives how to look from then on. */
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
        // What is new is found at the next look; a fault that lasts is for the log, and once is enough there.
        const reason = error instanceof Error ? error.message : String(error);
        if (!isFailing) first.warn(logLine("look for events failed", { reason }));
        isFailing = true;
      }
      await changes.wait(pace.pollMs);
      await sleep(pace.settleMs);
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
