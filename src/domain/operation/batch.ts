/** A batch: many onboarding requests, or one action on many namespaces (namespaceBatch.ts), under one operation. */

import { z } from "zod";
import { count } from "../count.ts";
import { AnyRequest } from "../request/sentRequest.ts";
import { BatchEstimate } from "./batchEstimate.ts";
import { OperationError, OperationKind, type OperationStatus } from "./operation.ts";
import { Plan, toOperationError } from "./plan.ts";

export const mostRequests = 1_000;
/** About 1 KB for each request; one that names three databases has 400 bytes. */
export const maxBatchBytes = 1024 * 1024;

/** The kinds of operations of a namespace, and that of a batch. */
export const AnyKind = z.enum([...OperationKind.options, "batch"]);
export type AnyKind = z.infer<typeof AnyKind>;

export const BatchBody = z
  .strictObject({
    requests: z.array(AnyRequest).min(1).max(mostRequests).meta({ description: "One request for each namespace." }),
  })
  .meta({ id: "BatchRequest" });

export const ItemOutcome = z.enum([
  "onboarded",
  "changed",
  "unchanged",
  "verified",
  "repaired",
  "migrated",
  "offboarded",
]);
export type ItemOutcome = z.infer<typeof ItemOutcome>;

export const BatchTotals = z.object({
  requests: z.int(),
  notStarted: z.int(),
  running: z.int(),
  succeeded: z.int(),
  unchanged: z.int().meta({ description: "Succeeded, with nothing to do." }),
  failed: z.int(),
  canceled: z.int(),
});
export type BatchTotals = z.infer<typeof BatchTotals>;

/** The outcome of an item whose operation of that kind succeeded; no item is a compensation. */
export const itemOutcomes: Readonly<Record<OperationKind, ItemOutcome>> = {
  onboard: "onboarded",
  change: "changed",
  compensate: "unchanged",
  repair: "repaired",
  migrate: "migrated",
  offboard: "offboarded",
};

const countedAs = {
  NotStarted: "notStarted",
  Running: "running",
  Succeeded: "succeeded",
  Failed: "failed",
  Canceled: "canceled",
} as const;

export function countItems(
  items: readonly { readonly status: OperationStatus; readonly outcome?: ItemOutcome }[],
): BatchTotals {
  const totals = {
    requests: items.length,
    notStarted: 0,
    running: 0,
    succeeded: 0,
    unchanged: 0,
    failed: 0,
    canceled: 0,
  };
  for (const { status, outcome } of items) {
    totals[countedAs[status]] += 1;
    if (outcome === "unchanged") totals.unchanged += 1;
  }
  return totals;
}

export interface BatchEnd {
  readonly status: "Succeeded" | "Failed" | "Canceled";
  readonly error?: OperationError;
}

/** The outcome of a batch whose items have all ended. It is canceled if the cancellation stopped at least one item. */
export function judgeBatch(
  totals: BatchTotals,
  cancel: { readonly by: string; readonly comment?: string } | undefined,
): BatchEnd {
  const { requests, succeeded, failed, canceled } = totals;
  if (cancel && canceled > 0) {
    const why = cancel.comment === undefined ? "" : `: ${cancel.comment}`;
    const kept = `Of ${count(requests, "namespace")} ${succeeded} had succeeded and stay, ${failed} had failed`;
    const message = `Canceled by ${cancel.by}${why}. ${kept}, ${canceled} were canceled or never began.`;
    return { status: "Canceled", error: toOperationError("OPERATION_CANCELED", message) };
  }
  if (succeeded === requests) return { status: "Succeeded" };
  const message = `${requests - succeeded} of ${count(requests, "namespace")} did not succeed (${failed} failed, ${canceled} canceled).`;
  return { status: "Failed", error: toOperationError("BATCH_INCOMPLETE", message) };
}

const PlannedItem = z.object({
  index: z.int(),
  cluster: z.string(),
  namespace: z.string(),
  status: z.enum(["ready", "blocked", "refused", "notPlanned"]).meta({
    description:
      "refused: the request would not be accepted. notPlanned: the time limit of a call was reached; request the plan of these again.",
  }),
  plan: Plan.optional(),
  error: OperationError.optional(),
});
export type PlannedItem = Omit<z.infer<typeof PlannedItem>, "plan"> & { readonly plan?: Plan | undefined };

export const BatchPlan = z
  .object({
    totals: z.object({
      requests: z.int(),
      ready: z.int(),
      blocked: z.int(),
      refused: z.int(),
      notPlanned: z.int(),
    }),
    estimate: BatchEstimate.exactOptional().meta({ description: "For all ready namespaces; absent if none is ready." }),
    items: z.array(PlannedItem),
    etag: z.string().exactOptional().meta({
      description:
        "The version of what was planned: the action, the namespaces, and what each of them is. Send it as If-Match, so that the batch changes nothing else.",
    }),
  })
  .meta({ id: "BatchPlan" });
export type BatchPlan = Omit<z.infer<typeof BatchPlan>, "items"> & { readonly items: readonly PlannedItem[] };
