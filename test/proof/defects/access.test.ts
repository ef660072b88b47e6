/** What races at an end of access, and the worlds of standings, must find. */

import { expect, it } from "vitest";
import { standingOf } from "../../../src/domain/operation/standing.ts";
import type { Ports } from "../../../src/ports/index.ts";
import { raceAtEnd } from "../support/expiryRace.ts";
import { compare, type Say } from "../support/standingWorld.ts";

const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);

it("finds a claim that overwrites what was written since it looked, within 100 races", async () => {
  const overwriting = ({ registry, ...ports }: Ports): Ports => ({
    ...ports,
    registry: {
      ...registry,
      async replaceNamespace(record) {
        const current = await registry.getNamespace(record);
        return await registry.replaceNamespace({ ...record, etag: current?.etag ?? record.etag });
      },
    },
  });
  const problems: string[] = [];
  for (let seed = first; seed < first + 100 && problems.length === 0; seed += 1) {
    const verdict = await raceAtEnd(seed, { spoil: overwriting }).catch((error: unknown) => ({
      problems: [String(error)],
    }));
    problems.push(...verdict.problems);
  }

  expect(problems.join("\n")).toMatch(
    / is missing|the identity lacks a role|has SID undefined|operation \S+ is (NotStarted|Running)|the renewal has succeeded/,
  );
});

const seeds = Array.from({ length: 20 }, (_, seed) => seed);

it("would find a document that shows what is asked for", async () => {
  const asGiven: Say = (record, progress) =>
    standingOf(record, progress).map((each) => ({ ...each, state: each.state === "unknown" ? "unknown" : "inForce" }));

  const isFound = async ([seed, ...rest]: readonly number[]): Promise<boolean> =>
    seed !== undefined && ((await compare(seed, { say: asGiven })).problems.length > 0 || (await isFound(rest)));

  expect(await isFound(seeds)).toBe(true);
});
