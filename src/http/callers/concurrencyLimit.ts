/** Limits how many long-lived things, such as streams, each caller and all callers together may have at a time. */
import type { ConcurrencyLimits } from "../../domain/access/access.ts";

export interface ConcurrencyLimit {
  /** Returns a function that gives the place back, or says whose share is used up. */
  take(caller: string): (() => void) | "caller's" | "everybody's";
}

export function createConcurrencyLimit({ perCaller, inAll }: ConcurrencyLimits): ConcurrencyLimit {
  const taken = new Map<string, number>();
  let all = 0;
  return {
    take(caller) {
      const own = taken.get(caller) ?? 0;
      if (own >= perCaller) return "caller's";
      if (all >= inAll) return "everybody's";
      taken.set(caller, own + 1);
      all += 1;
      let isTaken = true;
      return () => {
        if (!isTaken) return;
        isTaken = false;
        all -= 1;
        const left = (taken.get(caller) ?? 0) - 1;
        if (left > 0) taken.set(caller, left);
        else taken.delete(caller);
      };
    },
  };
}
