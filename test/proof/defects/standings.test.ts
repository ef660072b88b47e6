/** A document that the worlds of standings must find wrong. */

import { expect, it } from "vitest";
import { standingOf } from "../../../src/domain/operation/standing.ts";
import { compare } from "../support/standingWorld.ts";

const seeds = Array.from({ length: 20 }, (_, seed) => seed);

it("would find a document that shows what is asked for", async () => {
  const asGiven: typeof standingOf = (record, progress) =>
    standingOf(record, progress).map((each) => ({ ...each, state: each.state === "unknown" ? "unknown" : "inForce" }));

  const isFound = async ([seed, ...rest]: readonly number[]): Promise<boolean> =>
    seed !== undefined && ((await compare(seed, asGiven)).problems.length > 0 || (await isFound(rest)));

  expect(await isFound(seeds)).toBe(true);
});
