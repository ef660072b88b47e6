/**
 * How much of each proof a run covers (MOORING_PROOFS): `quick`, the default, a twentieth of the worlds, races and cells; `broad` a
 * fifth (`.ci/run`); `full` all of them; `soak` far more (`npm run soak`).
 */
import { z } from "zod";

const shares = { quick: 1 / 20, broad: 1 / 5, full: 1, soak: 1 };
const extents = Object.keys(shares) as (keyof typeof shares)[];
const extent = z.enum(extents).parse(process.env["MOORING_PROOFS"] ?? "quick");

export const isSoak = extent === "soak";
/** Where a part says less than the whole: the proof is not sampled, but shorter. */
export const isShort = extent === "quick";

/** This run's share of the `full` number. */
export function shareOf(full: number): number {
  return Math.ceil(full * shares[extent]);
}
