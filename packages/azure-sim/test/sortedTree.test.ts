import { describe, expect, it } from "vitest";
import { put, remove, type Tree, valuesAt } from "../src/sortedTree.ts";

describe("a sorted tree", () => {
  it.each([
    ["ascending", (index: number) => index],
    ["descending", (index: number) => -index],
    ["mixed", (index: number) => (index * 7919) % 4096],
  ])("stays low when keys arrive %s and half of them leave", (_order, keyOf) => {
    let tree: Tree<number>;
    for (let index = 0; index < 4096; index += 1) tree = put(tree, [keyOf(index)], index);
    expect(tree?.height).toBeLessThan(1.45 * Math.log2(4096 + 2));
    for (let index = 0; index < 4096; index += 2) tree = remove(tree, [keyOf(index)]);

    expect(valuesAt(tree, [])).toHaveLength(2048);
    expect(tree?.height).toBeLessThan(1.45 * Math.log2(2048 + 2));
  });
});
