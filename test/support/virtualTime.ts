/**
 * Time that jumps with an orchestration's timers, for the activities of an orchestration in memory: what they read from the clock
 * has passed when the timer has. Pass it to `runOrchestration`.
 */
import type { RunOptions } from "./durableRunner.ts";

const RealDate = Date;
let skewMs = 0;
let frozen: number | undefined;

class VirtualDate extends RealDate {
  constructor(...given: [] | [string | number | Date]) {
    if (given.length === 0) super(VirtualDate.now());
    else super(given[0]);
  }

  static override now(): number {
    return (frozen ?? RealDate.now()) + skewMs;
  }
}

/**
 * Replaces the clock of this process; call what it returns to put it back. `isFrozen`: only timers make time pass, so that a seed
 * reproduces everything.
 */
export function useVirtualTime({ isFrozen = false }: { isFrozen?: boolean } = {}): () => void {
  frozen = isFrozen ? RealDate.now() : undefined;
  globalThis.Date = VirtualDate as DateConstructor;
  return () => {
    globalThis.Date = RealDate;
    endVirtualTime();
  };
}

/** It is now again. */
export function endVirtualTime(): void {
  skewMs = 0;
}

const hourMs = 3_600_000;

export const inVirtualTime: Pick<RunOptions, "startTime" | "onTimer"> = {
  startTime: () => Date.now(),
  // Several orchestrations live in the same time: a jump of one is none where another has been. What takes an hour or more waits for
  // people and not for a service: nothing else should grow old with it.
  onTimer(time) {
    const ms = time - Date.now();
    if (ms > 0 && ms < hourMs) skewMs += ms;
  },
};
