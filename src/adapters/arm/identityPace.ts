/**
 * How often managed identities may be called: Azure's limits per subscription and per identity (learn.microsoft.com
 * "Important considerations and restrictions for federated identity credentials").
 *
 * The limit per subscription is always kept. The limit per identity is kept only for some minutes after Azure has refused a
 * call: an onboarding that runs alone would otherwise wait seconds between its two writes for a limit that Azure may not enforce.
 */
import type { ManagedIdentities } from "../../ports/identities.ts";
import type { Turns } from "../../ports/registry.ts";
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
 * Per identity, in multiples of the interval between two writes in a subscription: 0.25 or 0.5 calls a second, where a
 * subscription allows 2 writes. A little more, because one call may take longer to arrive than the next.
 */
const intervalsOfEach = { get: 4.1, list: 8.2, write: 8.2, delete: 8.2 } as const;
/** Per subscription: 10 and 5 a second, and as many in one burst after a pause. */
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
      // The interval starts when the call is made, not when its turn was assigned.
      ofEach[call].spent(identity);
    },
  };
}
