/** A defect that races at an end of access must find. */

import { expect, it } from "vitest";
import type { Ports } from "../../../src/ports/index.ts";
import { raceAtEnd } from "../support/expiryRace.ts";

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
