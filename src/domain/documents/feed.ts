/** What server-sent events carry: the state of the thing that changed. */
import { z } from "zod";
import { BatchTotals } from "../operation/batch.ts";
import { OperationStatus, Phase } from "../operation/operation.ts";
import { BatchItemDocument, BatchSummary } from "./batch.ts";
import { OperationSummary, StepDocument } from "./operation.ts";

/** Of the event `operation`. Who follows a batch itself gets its totals, too. */
export const OperationChange = z.union([
  OperationSummary.extend({ phase: Phase }),
  BatchSummary.extend({ phase: Phase, totals: BatchTotals.optional() }),
]);
export type OperationChange = z.infer<typeof OperationChange>;

/** Of the event `step`. */
export const StepChange = StepDocument.extend({ operation: z.string(), cluster: z.string(), namespace: z.string() });
export type StepChange = z.infer<typeof StepChange>;

/** Of the event `item`. */
export const ItemChange = BatchItemDocument.extend({ batch: z.string() });
export type ItemChange = z.infer<typeof ItemChange>;

/** Of the event `end`. */
export const OperationEnd = z.object({ operation: z.string(), status: OperationStatus });
export type OperationEnd = z.infer<typeof OperationEnd>;
