import { expect, it } from "vitest";
import { inGroups } from "../../src/domain/inGroups.ts";

it("works on so many at the same time, and keeps the order of the items", async () => {
  let running = 0;
  const seen: number[] = [];

  const results = await inGroups([5, 1, 4, 2, 3], 2, async (ms) => {
    running += 1;
    seen.push(running);
    await new Promise((resolve) => setTimeout(resolve, ms));
    running -= 1;
    return ms;
  });

  expect(results).toEqual([5, 1, 4, 2, 3]);
  expect(Math.max(...seen)).toBe(2);
});

it("begins no further group once one has failed", async () => {
  const begun: number[] = [];

  const working = inGroups([1, 2, 3], 2, async (item) => {
    begun.push(item);
    if (item === 1) throw new Error("refused");
  });

  await expect(working).rejects.toThrow("refused");
  expect(begun).toEqual([1, 2]);
});
