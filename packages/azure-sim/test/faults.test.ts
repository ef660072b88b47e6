import { expect, it } from "vitest";
import { createFaults } from "../src/faults.ts";

async function isHit(pattern: string, operation: string): Promise<boolean> {
  const faults = createFaults();
  faults.add({ wire: "sql", operation: pattern, effect: { kind: "cutBefore" } });
  return (await faults.meet({ wire: "sql", operation, target: "sql-dev/orders" })) !== undefined;
}

it.each([
  ["CREATE USER", "create user", true],
  ["CREATE USER", "CREATE USER x", false],
  ["CREATE*", "CREATE", true],
  ["*user*", "CREATE USER x", true],
  ["CREATE * x", "CREATE USER x", true],
  ["*", "", true],
  ["ab*ba", "aba", false],
  ["ab*ba", "abba", true],
  ["*ab*ab", "ab", false],
  ["*ab*ab", "xabab", true],
  ["a*b*c", "a-c-b", false],
  ["a**c", "abc", true],
  ["a.c", "abc", false],
  ["a*c", "a\nc", true],
])("matches %s against %j: %s", async (pattern, operation, expected) => {
  expect(await isHit(pattern, operation)).toBe(expected);
});

it("takes no longer with many stars", async () => {
  const began = performance.now();

  expect(await isHit(`${"*a".repeat(500)}b`, "a".repeat(100_000))).toBe(false);

  expect(performance.now() - began).toBeLessThan(1_000);
});
