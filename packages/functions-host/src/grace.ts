import { setTimeout as sleep } from "node:timers/promises";

export interface Grace {
  /** Waits for `work`, but no longer than the grace lasts; false when it ran out. Never rejects. */
  waitFor(work: Promise<unknown>): Promise<boolean>;
  end(): void;
}

/** One grace period, shared by everything that has to end within it. */
export function startGrace(ms: number): Grace {
  const ending = new AbortController();
  const isOver = sleep(ms, false, { signal: ending.signal }).catch(() => true);
  return {
    waitFor: (work) =>
      Promise.race([
        work.then(
          () => true,
          () => true,
        ),
        isOver,
      ]),
    end: () => ending.abort(),
  };
}
