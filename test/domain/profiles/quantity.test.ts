import { expect, it } from "vitest";
import { canonicalAmounts, milliOf, Quantity } from "../../../src/domain/profiles/quantity.ts";

/** What a real API server answers (k8s.io/apimachinery resource.Quantity), by what was sent. */
const canonical = {
  "1000m": "1",
  "1": "1",
  "0": "0",
  "0.5": "500m",
  "1.5": "1500m",
  "1500m": "1500m",
  "1000": "1k",
  "1024": "1024",
  "1024Mi": "1Gi",
  "1000Mi": "1000Mi",
  "1.5Gi": "1536Mi",
  "0.5Gi": "512Mi",
  "0.5Ki": "512",
  "1Ki": "1Ki",
  "2000M": "2G",
  "0.125Gi": "128Mi",
};

it.each(Object.entries(canonical))("writes %s as %s", (given, expected) => {
  expect(canonicalAmounts({ cpu: given })).toEqual({ cpu: expected });
});

it("takes numbers, and sorts by name", () => {
  expect(JSON.stringify(canonicalAmounts({ pods: 20, cpu: 1.5 }))).toBe('{"cpu":"1500m","pods":"20"}');
});

it.each(["", "-1", "1e3", "0.0001", "1.0001Ki", "1KiB", "one", "1 Gi", "0x10"])("refuses %j", (given) => {
  expect(Quantity.safeParse(given).success).toBe(false);
});

it("counts what an API server has, however fine", () => {
  expect([milliOf("1"), milliOf("250m"), milliOf("1500u"), milliOf("1n"), milliOf("1Ki"), milliOf("?")]).toEqual([
    ...[1000n, 250n, 2n, 1n, 1_024_000n],
    undefined,
  ]);
});
