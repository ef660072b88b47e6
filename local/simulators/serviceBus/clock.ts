/** Time as the broker sees it, so that lock expiry and schedules can be tested without waiting. */
export interface Clock {
  now(): number;
  /** Calls `wake` once, at or after `time`; the returned function takes the call back. */
  wakeAt(time: number, wake: () => void): () => void;
}

/** Node's timers fire at once when the delay does not fit into 31 bits. */
const longestDelayMs = 2 ** 31 - 1;

export function createClock(now: () => Date): Clock {
  return {
    now: () => now().getTime(),
    wakeAt(time, wake) {
      const delay = Math.min(Math.max(0, time - now().getTime()), longestDelayMs);
      // Locks must not keep a process alive that has nothing else to do.
      const timer = setTimeout(wake, delay).unref();
      return () => clearTimeout(timer);
    },
  };
}
