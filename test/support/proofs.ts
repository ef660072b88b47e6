/**
 * How much of each proof a run covers: `MOORING_PROOFS=quick` a tenth of the worlds, races and cells (the default), `full`
 * all of them (`.ci/run`), `soak` far more (`npm run soak`).
 */
import { z } from "zod";

const extent = z.enum(["quick", "full", "soak"]).parse(process.env["MOORING_PROOFS"] ?? "quick");

export const isSoak = extent === "soak";
export const isWhole = extent !== "quick";

/** This run's share of the `full` number. */
export function shareOf(full: number): number {
  return extent === "quick" ? Math.ceil(full / 10) : full;
}
