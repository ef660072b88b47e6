/**
 * How often managed identities may be called: Azure's limits of a subscription, and of one identity (learn.microsoft.com
 * "Important considerations and restrictions for federated identity credentials").
 *
 * A subscription's pace is always kept. That of one identity is kept for some minutes after Azure has refused a call: an
 * onboarding that runs alone would otherwise wait seconds between its two writes for what Azure may not insist on.
 */
import type { ManagedIdentities, Turns } from "../../ports.ts";
import { createPacer, type Pacer } from "./pacer.ts";

export type IdentityCall = "get" | "list" | "write" | "delete";

export interface IdentityPace {
  /** Waits until the call may be made. */
  turn(call: IdentityCall, of: { readonly subscription: string; readonly identity: string }): Promise<void>;
  readonly ofWrites: ManagedIdentities["pace"];
  /** Azure has refused a call. */
  onThrottle(): void;
}

/**
 * Of one identity, in intervals between two writes of a subscription: 0.25 calls a second, or 0.5, where that takes 2. A little
 * more, because one call may take longer to get there than the next.
 */
const intervalsOfEach = { get: 4.1, list: 8.2, write: 8.2, delete: 8.2 } as const;
/** Of a subscription: 10 and 5 a second, and after a pause as many at once. */
const reads = { get: { intervals: 0.2, burst: 10 }, list: { intervals: 0.4, burst: 5 } } as const;
const insistsMs = 10 * 60_000;

export function createIdentityPace({
  writeIntervalMs,
  turns,
}: {
  writeIntervalMs: number;
  turns?: Turns | undefined;
}): IdentityPace {
  const writes = createPacer({ intervalMs: writeIntervalMs, turns });
  const paced = (intervals: number, burst = 1): Pacer =>
    createPacer({ intervalMs: writeIntervalMs * intervals, burst });
  const ofSubscription = {
    get: paced(reads.get.intervals, reads.get.burst),
    list: paced(reads.list.intervals, reads.list.burst),
    write: writes,
    delete: writes,
  };
  const ofEach = {
    get: paced(intervalsOfEach.get),
    list: paced(intervalsOfEach.list),
    write: paced(intervalsOfEach.write),
    delete: paced(intervalsOfEach.delete),
  };
  let insistsUntil = 0;

  return {
    ofWrites: (subscription) => ({
      intervalMs: writes.intervalMs,
      waitMs: writes.waitMs(`${subscription}/write`),
    }),
    onThrottle() {
      insistsUntil = performance.now() + insistsMs;
    },
    async turn(call, { subscription, identity }) {
      if (performance.now() < insistsUntil) await ofEach[call].slot(identity);
      await ofSubscription[call].slot(`${subscription}/${call}`);
      // From when the call is made, and not from when its turn was given out.
      ofEach[call].spent(identity);
    },
  };
}
