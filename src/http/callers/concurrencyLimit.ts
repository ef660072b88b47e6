/** Limits how many long-lived things, such as streams, each caller and all callers together may have at a time. */
import type { ConcurrencyLimits } from "../../domain/access/access.ts";

export interface ConcurrencyLimit {
  /** Returns a function that releases the place, or says whose share is used up. */
  acquire(caller: string): (() => void) | "caller's" | "everybody's";
}

export function createConcurrencyLimit({ perCaller, inAll }: ConcurrencyLimits): ConcurrencyLimit {
  const held = new Map<string, number>();
  let all = 0;
  return {
    acquire(caller) {
      const own = held.get(caller) ?? 0;
      if (own >= perCaller) return "caller's";
      if (all >= inAll) return "everybody's";
      held.set(caller, own + 1);
      all += 1;
      let isHeld = true;
      return () => {
        if (!isHeld) return;
        isHeld = false;
        all -= 1;
        const left = (held.get(caller) ?? 0) - 1;
        if (left > 0) held.set(caller, left);
        else held.delete(caller);
      };
    },
  };
}
