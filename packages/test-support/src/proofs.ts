/**
 * How much of each proof a run covers (MOORING_PROOFS): `quick`, the default, an eightieth of the worlds, races and cells; `broad` a
 * tenth; `full` all of them; `soak` far more (`npm run soak`).
 */
import { z } from "zod";

const shares = { quick: 1 / 80, broad: 1 / 10, full: 1, soak: 1 };
/** Of things that are tried one by one, the first of how many is. */
const steps = { quick: 8, broad: 3, full: 1, soak: 1 };
const extents = Object.keys(shares) as (keyof typeof shares)[];
const extent = z.enum(extents).parse(process.env["MOORING_PROOFS"] ?? "quick");

export const isSoak = extent === "soak";
/** Where a part says less than the whole: the proof is not sampled, but shorter. */
export const isShort = extent === "quick";

/** This run's share of the `full` number. */
export function shareOf(full: number): number {
  return Math.ceil(full * shares[extent]);
}

/** This run's part of a list whose members rarely change what they show: planted defects, pages. */
export function someOf<T>(all: readonly T[]): readonly T[] {
  return all.filter((_, index) => index % steps[extent] === 0);
}
