/** How long the rest of a running batch will take, at the pace of its namespaces that ended last. */
import { z } from "zod";
import { round } from "./estimate.ts";
import { isFinal } from "./operation.ts";
import type { BatchItem, BatchRecord } from "./records.ts";

export const BatchRemaining = z
  .object({
    seconds: z
      .number()
      .meta({ description: "Seconds until all namespaces are done, at the pace of those that ended last." }),
    namespaces: z.int().meta({ description: "How many namespaces have not begun." }),
  })
  .meta({
    id: "BatchRemaining",
    description:
      "Absent until ten of the batch's own operations have ended, after a cancel, and once every namespace has begun, because approvals take an unknown time.",
  });
export type BatchRemaining = z.infer<typeof BatchRemaining>;

const fewest = 10;
/** Older namespaces say less about the current pace. */
const newest = 50;

export function estimateRemaining(
  { status, cancel }: Pick<BatchRecord, "status" | "cancel">,
  items: readonly BatchItem[],
  now: number,
): BatchRemaining | undefined {
  const namespaces = items.filter((item) => item.status === "NotStarted").length;
  if (isFinal(status) || cancel || namespaces === 0) return undefined;
  // Items that were refused or had nothing to do took none of a lane's time.
  const worked = items.flatMap(({ status: ended, operation, claim, startTime, endTime }) => {
    // A verification has neither operation nor claim.
    if (!isFinal(ended) || operation !== claim || !startTime || !endTime) return [];
    return [{ from: Date.parse(startTime), to: Date.parse(endTime) }];
  });
  const last = worked.toSorted((a, b) => a.to - b.to).slice(-newest);
  const [first] = last;
  if (!first || last.length < fewest) return undefined;
  // Up to now, not just to the last end: so the pace of a stalled batch drops with every second.
  const each = Math.max(0, now - first.to) / (last.length - 1);
  const usual = last.reduce((sum, { from, to }) => sum + to - from, 0) / last.length;
  return { seconds: round((namespaces * each + usual) / 1_000), namespaces };
}
