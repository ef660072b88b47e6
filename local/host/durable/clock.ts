/** Time as the engine sees it, so that a test can own it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, possibly early: whoever waits looks at `now` again. Returns how to call it off. */
  after(ms: number, callback: () => void): () => void;
}

/** So often a timer looks at the clock again, because that may have been set forward. */
const longestTimeout = 30_000;

/**
 * The machine's clock, but that it never goes back: where somebody sets it back by three days, a timer that was due in a
 * minute is still due in a minute. It catches up when it is set forward, or when the host starts anew.
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
