/**
 * Slots for background work, which yields to requests while the processor cannot keep up. Everything under way in this process takes
 * part in every round of its event loop, and a request needs dozens of rounds: with fifty activities under way it takes seconds,
 * and they are not done any sooner than if two or three were. So the next one waits until rounds are short (docs/adr/0021).
 */
import { createSlots, type Slots } from "./slots.ts";

/** This many may be under way however long rounds are. */
const least = 1;
/** Rounds are short up to this mean. */
const shortMs = 1;
/** One more begins after this time in any case, so that no flood of requests, and nothing that hangs, stops all others. */
const longestMs = 50;
/** Of the last rounds, together about this long. Over a longer time, one long round keeps work back that the thread has time for. */
const windowMs = 4;

export interface Rounds {
  now(): number;
  /** Calls `again` in the next round. */
  inNext(again: () => void): void;
  /** Whether one more piece of work may begin in this round; true only once a round. */
  mayBegin(): boolean;
}

/** Measures rounds while somebody waits for the next one: an idle loop is not kept awake. */
export function createRounds(now: () => number = () => performance.now()): Rounds {
  let waiting: (() => void)[] = [];
  let begun: number | undefined;
  let meanMs = 0;
  let hasBegun = false;

  function next(): void {
    const time = now();
    const tookMs = time - (begun ?? time);
    begun = time;
    meanMs += (tookMs - meanMs) * Math.min(1, tookMs / windowMs);
    hasBegun = false;
    const callers = waiting;
    waiting = [];
    for (const again of callers) again();
    if (waiting.length > 0) setImmediate(next);
    else begun = undefined;
  }

  return {
    now,
    inNext(again) {
      waiting.push(again);
      if (begun !== undefined) return;
      begun = now();
      setImmediate(next);
    },
    mayBegin() {
      if (hasBegun || meanMs > shortMs) return false;
      hasBegun = true;
      return true;
    },
  };
}

interface Waiting {
  readonly work: () => Promise<void>;
  readonly rank: number;
}

export interface RankedSlots extends Slots {
  /** Work of a lower rank begins first; of the same rank, in order of arrival. */
  run(work: () => Promise<void>, rank?: number): void;
}

export function createYieldingSlots(limit: number, rounds: Rounds): RankedSlots {
  const slots = createSlots(limit);
  const waiting: Waiting[] = [];
  let running = 0;
  let lastBegun = 0;
  let isClosed = false;
  let isAsking = false;

  const mayBegin = () => running < least || rounds.now() - lastBegun >= longestMs || rounds.mayBegin();

  function begin(): void {
    while (waiting.length > 0 && running < limit && mayBegin()) {
      const next = waiting.shift();
      if (next === undefined) return;
      running += 1;
      lastBegun = rounds.now();
      slots.run(() =>
        next.work().finally(() => {
          running -= 1;
          begin();
        }),
      );
    }
    if (waiting.length === 0 || running >= limit || isAsking || isClosed) return;
    isAsking = true;
    rounds.inNext(() => {
      isAsking = false;
      begin();
    });
  }

  return {
    run(work, rank = 0) {
      const before = waiting.findLastIndex((other) => other.rank <= rank);
      waiting.splice(before + 1, 0, { work, rank });
      begin();
    },
    async close() {
      isClosed = true;
      waiting.length = 0;
      await slots.close();
    },
  };
}
