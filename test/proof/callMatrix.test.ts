/**
 * Every call that an operation makes of a port × every way to fail, in seeded worlds in which nothing else goes wrong
 * (support/callMatrix.ts): what the fault matrix does on real wires, without sockets, so that a run can take whole worlds. The default run
 * takes a sample. `MOORING_WORLDS=50` takes every cell of so many worlds, from `MOORING_FIRST_SEED` on.
 */

import { shareOf } from "test-support/proofs";
import { createDice } from "test-support/random";
import { describe, expect, it } from "vitest";
import { type CallCell, deeds, tryCall } from "./support/callMatrix.ts";
import { defects } from "./support/defects.ts";
import { scriptedWays } from "./support/faults.ts";

const worlds = Number(process.env["MOORING_WORLDS"] ?? 0);
const first = Number(process.env["MOORING_FIRST_SEED"] ?? 0);
const seed = Number(process.env["MOORING_TEST_SEED"] ?? 1);
const sample = shareOf(600);

function titleOf({ seed: world, whose, deed, at, way }: CallCell, met: string | undefined): string {
  return `world ${world}, ${whose} ${deed}, call ${at} (${met}): ${way}`;
}

async function tryCell(cell: CallCell): Promise<string | undefined> {
  const verdict = await tryCall(cell).catch((error: unknown) => ({ met: undefined, problems: [String(error)] }));
  return verdict.problems.length === 0 ? undefined : [titleOf(cell, verdict.met), ...verdict.problems].join("\n  ");
}

const everybody = ["own", "guest", "home"] as const;

/** How many calls it makes where nothing fails; none where the world does not allow it. */
async function countCalls(run: Omit<CallCell, "at" | "way">): Promise<number> {
  const { calls, problems } = await tryCall({ ...run, at: 0 });
  expect(problems, titleOf({ ...run, at: 0, way: "answer lost" }, undefined)).toEqual([]);
  return calls;
}

async function* sampled(size: number, who: readonly CallCell["whose"][] = everybody): AsyncGenerator<CallCell> {
  const dice = createDice(seed);
  for (let count = 0; count < size; ) {
    const run = { seed: dice.roll(1_000_000), whose: dice.pick(who), deed: dice.pick(deeds) };
    const calls = await countCalls(run);
    // A few each, since counting costs as much as a cell.
    for (let some = 0; some < 10 && count < size && calls > 0; some += 1, count += 1) {
      yield { ...run, at: 1 + dice.roll(calls), way: dice.pick(scriptedWays) };
    }
  }
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
  for await (const cell of worlds > 0 ? whole() : sampled(sample)) {
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

describe("finds", () => {
  const most = 1_000;

  it.each(["a service account that is never removed", "an object that is replaced without a look"])(
    "%s",
    async (defect) => {
      const { finds = /./, from: _seeds, ...control } = defects[defect] ?? {};
      const found = async (cell: CallCell) => {
        const { problems } = await tryCall(cell, control).catch((error: unknown) => ({ problems: [String(error)] }));
        return problems.some((problem) => finds.test(problem));
      };
      let tried = 0;
      for await (const cell of sampled(most, ["own"])) {
        tried += 1;
        if (await found(cell)) break;
      }
      expect(tried).toBeLessThan(most);
    },
    600_000,
  );
});
