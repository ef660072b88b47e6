/** The search for a world that shows a planted defect, in the processes of a proof (worldWorker.ts). */
import { expect } from "vitest";
import { createWorkers, range, type Workers } from "./workers.ts";
import type { Report, Share } from "./worldWorker.ts";

export type Searching = Pick<Workers<Share, Report>, "work">;

interface Wanted {
  /** The problems that reveal it. */
  readonly finds: RegExp;
  /** The first world to search, 0 by default. */
  readonly from?: number;
}

/** Returns the seed of one. `MOORING_SEARCH=20000` tries more, and the failure says where one shows it. */
export async function findWorld(
  { work }: Searching,
  defect: string,
  { finds, from = 0, within }: Wanted & { readonly within: number },
): Promise<number> {
  const most = Math.max(within, Number(process.env["MOORING_SEARCH"] ?? 0));
  const share = { seeds: range(from, from + 40 * most), defect, stopAtFirst: true, most };
  const {
    bad: [bad],
    count,
  } = await work(share);
  if (!bad) throw new Error(`found in none of ${count} worlds; MOORING_SEARCH=20000 searches more`);
  expect(bad.problems.join("\n")).toMatch(finds);
  expect(count, `world ${bad.seed} shows it: begin the search \`from\` there`).toBeLessThanOrEqual(within);
  return bad.seed;
}

/** The same with the defect in the source (plantSource.ts). */
export async function findPlanted(
  script: URL,
  defect: string,
  wanted: Wanted & { readonly within: number },
): Promise<number> {
  const spoiled = createWorkers<Share, Report>(script, defect);
  try {
    return await findWorld(spoiled, defect, wanted);
  } finally {
    spoiled.close();
  }
}
