/** Time as the engine sees it, so that a test can own it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back once, possibly early: whoever waits looks at `now` again. Returns how to call it off. */
  after(ms: number, callback: () => void): () => void;
}

/** setTimeout turns anything longer into 1 ms. */
const longestTimeout = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, callback) {
    const timeout = setTimeout(callback, Math.min(Math.max(ms, 0), longestTimeout));
    return () => clearTimeout(timeout);
  },
};
