import { setImmediate as nextRound } from "node:timers/promises";
import { expect, it } from "vitest";
import { createRounds, createYieldingSlots } from "../src/yieldingSlots.ts";

/** Work that ends when it is told to, on a loop whose rounds take as long as the test says. */
function createLoop(limit: number) {
  let time = 0;
  const pace = { roundMs: 0 };
  const begun: number[] = [];
  const ends: (() => void)[] = [];
  const slots = createYieldingSlots(
    limit,
    createRounds(() => time),
  );
  const round = async () => {
    time += pace.roundMs;
    await nextRound();
  };
  return {
    pace,
    begun,
    slots,
    add(count: number) {
      for (let index = 0; index < count; index += 1) {
        slots.run(async () => {
          begun.push(index);
          await new Promise<void>((resolve) => ends.push(resolve));
        });
      }
    },
    async end() {
      ends.shift()?.();
      await round();
    },
    async pass(count: number) {
      for (let passed = 0; passed < count; passed += 1) await round();
    },
  };
}

it("begins one more piece of work in each short round, up to the limit, in order", async () => {
  const loop = createLoop(10);
  loop.add(20);
  expect(loop.begun.length).toBeLessThanOrEqual(3);
  await loop.pass(20);

  expect(loop.begun).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

it("begins no more while rounds are long, and goes on when they are short again", async () => {
  const loop = createLoop(10);
  loop.pace.roundMs = 5;
  loop.add(20);
  await loop.pass(3);
  expect(loop.begun.length).toBeLessThanOrEqual(2);
  const first = loop.begun.length;

  for (let ended = 0; ended < first; ended += 1) await loop.end();
  expect(loop.begun.length).toBeLessThanOrEqual(first + 2);

  loop.pace.roundMs = 0.1;
  await loop.pass(500);
  expect(loop.begun.length).toBe(first + 10);
});

it("begins one more every now and then however long rounds are", async () => {
  const loop = createLoop(10);
  loop.pace.roundMs = 20;
  loop.add(20);
  await loop.pass(6);
  const early = loop.begun.length;
  await loop.pass(12);

  expect(loop.begun.length).toBeGreaterThan(early);
});

it("begins work of a lower rank first, and of the same rank in order", async () => {
  const begun: string[] = [];
  const slots = createYieldingSlots(1, createRounds());
  for (const [name, rank] of [
    ["first", 9],
    ["c", 3],
    ["a", 1],
    ["d", 3],
    ["b", 2],
  ] as const) {
    slots.run(async () => void begun.push(name), rank);
  }
  for (let round = 0; round < 20; round += 1) await nextRound();

  expect(begun).toEqual(["first", "a", "b", "c", "d"]);
});

it("begins nothing more when it is closed, and waits for what is under way", async () => {
  const loop = createLoop(1);
  loop.add(5);
  let isClosed = false;
  const closing = loop.slots.close().then(() => (isClosed = true));
  await loop.pass(5);
  expect(isClosed).toBe(false);
  await loop.end();
  await closing;

  expect(loop.begun).toEqual([0]);
});
