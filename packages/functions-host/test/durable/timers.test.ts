import { afterEach, beforeEach, expect, test } from "vitest";
import { type Clock, createClock } from "../../src/durable/clock.ts";
import type { WaitingMessage } from "../../src/durable/records.ts";
import { createTimers, type Timers } from "../../src/durable/timers.ts";

/** A clock that stands still until the test moves it, with timers that may fire early. */
let time: number;
let alarm: { readonly at: number; readonly ring: () => void } | undefined;
let timers: Timers;
let fired: number[];

const clock: Clock = {
  now: () => time,
  after(ms, ring) {
    const set = { at: time + ms, ring };
    alarm = set;
    return () => {
      if (alarm === set) alarm = undefined;
    };
  },
};

beforeEach(() => {
  time = 1000;
  alarm = undefined;
  fired = [];
  timers = createTimers(clock, ({ key }) => fired.push(key));
});

afterEach(() => {
  timers.close();
});

function timer(key: number, due: number, instance = 1): WaitingMessage {
  const FireAt = new Date(due).toISOString();
  const event = { EventType: 11, EventId: -1, Timestamp: FireAt, TimerId: key, FireAt } as const;
  return { key, instance, execution: "x", due, event, stored: true, taken: false };
}

function ringAt(now: number): void {
  time = now;
  const set = alarm;
  alarm = undefined;
  set?.ring();
}

test("fires in order of time, and for equal times in order of creation", () => {
  for (const [key, due] of [
    [1, 1300],
    [2, 1100],
    [3, 1200],
    [4, 1100],
    [5, 1050],
  ] as const) {
    timers.arm(timer(key, due));
  }

  ringAt(1300);

  expect(fired).toEqual([5, 2, 4, 3, 1]);
});

test("does not fire early when the system's timer does", () => {
  timers.arm(timer(1, 1100));

  ringAt(1099);
  expect(fired).toEqual([]);
  expect(alarm?.at).toBe(1100);
  ringAt(1100);

  expect(fired).toEqual([1]);
});

test("resets the system's timer when an earlier one is added and when the earliest is cancelled", () => {
  timers.arm(timer(1, 1500));
  timers.arm(timer(2, 1100));
  expect(alarm?.at).toBe(1100);

  expect(timers.cancel(1, 2)?.key).toBe(2);

  expect(alarm?.at).toBe(1500);
  expect(timers.cancel(1, 2)).toBeUndefined();
  ringAt(2000);
  expect(fired).toEqual([1]);
});

test("cancels the timers of one instance among many others", () => {
  for (let key = 0; key < 1000; key++) timers.arm(timer(key, 2000 - key, key % 4));

  const cancelled = [0, 1, 2].flatMap((instance) => timers.cancelAll(instance));

  expect(cancelled).toHaveLength(750);
  ringAt(3000);
  expect(fired).toEqual(Array.from({ length: 250 }, (_, index) => 999 - 4 * index));
  expect(alarm).toBeUndefined();
});

test("waits longer than setTimeout's limit of 2^31 ms", async () => {
  let isCalled = false;
  const callOff = createClock().after(2 ** 31, () => {
    isCalled = true;
  });

  await new Promise((wait) => setTimeout(wait, 20));

  expect(isCalled).toBe(false);
  callOff();
});

const day = 24 * 60 * 60 * 1000;

test.each([
  ["back by three days", -3 * day],
  ["forward by three days", 3 * day],
])("a system clock that is set %s leaves no timer behind", (_, jump) => {
  let wall = Date.parse("2026-11-26T00:00:00Z");
  let steady = 1_000;
  let ring = () => {};
  const machine = createClock({ wall: () => wall, steady: () => steady });
  const own = createTimers(
    {
      now: machine.now,
      after: (_ms, callback) => {
        ring = callback;
        return () => {};
      },
    },
    ({ key }) => fired.push(key),
  );
  own.arm({
    key: 7,
    instance: 1,
    execution: "e",
    due: machine.now() + 60_000,
    event: { EventType: 11, EventId: -1, Timestamp: "", TimerId: 0, FireAt: "" },
    stored: false,
    taken: false,
  });
  const before = machine.now();

  wall += jump + 30_000;
  steady += 30_000;
  ring();
  expect(fired).toEqual(jump > 0 ? [7] : []);
  expect(machine.now()).toBeGreaterThan(before);

  wall += 30_000;
  steady += 30_000;
  ring();
  expect(fired).toEqual([7]);
  own.close();
});
