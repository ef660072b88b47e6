/**
 * Azure takes two identity writes per second and subscription (learn.microsoft.com "Important considerations and
 * restrictions for federated identity credentials"). Waiting here is cheaper than being refused: a call that is too
 * early is answered 429 and counts.
 */
import { setTimeout as sleep } from "node:timers/promises";

export interface Pacer {
  /** Waits for the next free slot of that key. */
  slot(key: string): Promise<void>;
  readonly intervalMs: number;
  /** How long `slot` would wait now. */
  waitMs(key: string): number;
}

export function createPacer({ intervalMs }: { intervalMs: number }): Pacer {
  const freeAt = new Map<string, number>();
  return {
    intervalMs,
    waitMs: (key) => Math.max(0, (freeAt.get(key) ?? 0) - performance.now()),
    async slot(key) {
      if (intervalMs === 0) return;
      const now = performance.now();
      const at = Math.max(now, freeAt.get(key) ?? 0);
      freeAt.set(key, at + intervalMs);
      if (at > now) await sleep(at - now);
    },
  };
}
