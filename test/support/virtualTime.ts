/**
 * Time that jumps with an orchestration's timers, for the activities of an orchestration in memory: what they read from the clock
 * has passed when the timer has. Pass it to `runOrchestration`.
 */
import type { RunOptions } from "./durableRunner.ts";

const RealDate = Date;
let skewMs = 0;

class VirtualDate extends RealDate {
  constructor(...given: [] | [string | number | Date]) {
    if (given.length === 0) super(VirtualDate.now());
    else super(given[0]);
  }

  static override now(): number {
    return RealDate.now() + skewMs;
  }
}

/** Replaces the clock of this process; call what it returns to put it back. */
export function useVirtualTime(): () => void {
  globalThis.Date = VirtualDate as DateConstructor;
  return () => {
    globalThis.Date = RealDate;
    skewMs = 0;
  };
}

export const inVirtualTime: Pick<RunOptions, "startTime" | "onJump"> = {
  startTime: () => Date.now(),
  onJump(ms) {
    skewMs += ms;
  },
};
