/** The broker's clock, replaceable so that tests of lock expiry and schedules need not wait. */
export interface Clock {
  now(): number;
  /** Calls `wake` once, at or after `time`; the returned function cancels the call. */
  wakeAt(time: number, wake: () => void): () => void;
}

/** Node's timers fire immediately if the delay does not fit in 31 bits. */
const longestDelayMs = 2 ** 31 - 1;

export function createClock(now: () => Date): Clock {
  return {
    now: () => now().getTime(),
    wakeAt(time, wake) {
      const delay = Math.min(Math.max(0, time - now().getTime()), longestDelayMs);
      // Locks must not keep an otherwise idle process alive.
      const timer = setTimeout(wake, delay).unref();
      return () => clearTimeout(timer);
    },
  };
}

/** Rings once, at the earliest of the times that it is armed for. */
export function createAlarm(clock: Clock, ring: () => void) {
  let cancel = () => {};
  let next = Number.POSITIVE_INFINITY;
  return {
    arm(time: number): void {
      if (time >= next) return;
      cancel();
      next = time;
      cancel = clock.wakeAt(time, () => {
        next = Number.POSITIVE_INFINITY;
        ring();
      });
    },
    stop: () => cancel(),
  };
}
