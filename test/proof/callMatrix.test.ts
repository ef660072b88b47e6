/**
 * Every call that an operation makes of a port × every way to fail, in seeded worlds in which nothing else goes wrong
 * (support/callMatrix.ts): what the fault matrix does on real wires, without sockets, so that a run can take whole worlds. The default run
 * takes a sample. `MOORING_WORLDS=50` takes every cell of so many worlds, from `MOORING_FIRST_SEED` on.
 */

import { shareOf } from "test-support/proofs";
import { expect, it } from "vitest";
import { type CallCell, countCalls, deeds, everybody, sampled, titleOf, tryCall } from "./support/callMatrix.ts";
import { scriptedWays } from "./support/faults.ts";

const worlds = Number(process.env["MOORING_WORLDS"] ?? 0);
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const sample = shareOf(600);

async function tryCell(cell: CallCell): Promise<string | undefined> {
  const verdict = await tryCall(cell).catch((error: unknown) => ({ met: undefined, problems: [String(error)] }));
  return verdict.problems.length === 0 ? undefined : [titleOf(cell, verdict.met), ...verdict.problems].join("\n  ");
}

async function* whole(): AsyncGenerator<CallCell> {
  for (let world = first; world < first + worlds; world += 1) {
    for (const whose of everybody) {
      for (const deed of deeds) {
        const run = { seed: world, whose, deed };
        const calls = await countCalls(run);
        for (let at = 1; at <= calls; at += 1) for (const way of scriptedWays) yield { ...run, at, way };
      }
    }
    console.log(`world ${world} is over`);
  }
}

it(`ends correctly whichever call fails (seed ${seed})`, async () => {
  const bad: string[] = [];
  let tried = 0;
  for await (const cell of worlds > 0 ? whole() : sampled(seed, sample)) {
    tried += 1;
    const problem = await tryCell(cell);
    if (problem === undefined) continue;
    bad.push(problem);
    if (worlds > 0) console.log(problem);
  }
  if (worlds > 0) console.log(`${tried} cells, ${bad.length} bad`);

  expect(bad.join("\n")).toBe("");
  expect(tried).toBeGreaterThanOrEqual(worlds > 0 ? 1 : sample);
}, 7_200_000);
