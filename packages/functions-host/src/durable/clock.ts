/** Time as the engine sees it, so that a test can own it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, possibly early, so the caller has to check `now` again. Returns a function that cancels it. */
  after(ms: number, callback: () => void): () => void;
}

/** The longest time until a timer checks the clock again, which may have been set forward. */
const longestTimeout = 30_000;

/**
 * The machine's clock, except that it never goes back: when someone sets it back by three days, a timer that was due in a
 * minute is still due in a minute. It catches up when the clock is set forward, or when the host restarts.
 */
export function createClock({ wall = () => Date.now(), steady = () => performance.now() } = {}): Clock {
  /** How far the steady clock is behind. */
  let offset = wall() - steady();
  return {
    now() {
      const passed = steady();
      offset = Math.max(offset, wall() - passed);
      return Math.floor(passed + offset + 0.001);
    },
    after(ms, callback) {
      const timeout = setTimeout(callback, Math.min(Math.max(ms, 0), longestTimeout));
      return () => clearTimeout(timeout);
    },
  };
}
