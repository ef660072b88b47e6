/** What server-sent events carry: the state of the thing that changed. */
import { z } from "zod";
import { BatchTotals } from "../operation/batch.ts";
import { OperationStatus, Phase } from "../operation/operation.ts";
import { BatchItemDocument, BatchSummary } from "./batch.ts";
import { OperationSummary, StepDocument } from "./operation.ts";

const OperationChange = OperationSummary.extend({ phase: Phase });
export type OperationChange = z.infer<typeof OperationChange>;

/** Who follows the batch itself gets its totals, too. */
const BatchChange = BatchSummary.extend({ phase: Phase, totals: BatchTotals.optional() });
export type BatchChange = z.infer<typeof BatchChange>;

/** Of the event `operation`. */
export const AnyChange = z.union([OperationChange, BatchChange]);
export type AnyChange = z.infer<typeof AnyChange>;

/** Of the event `step`. */
export const StepChange = StepDocument.extend({ operation: z.string(), cluster: z.string(), namespace: z.string() });
export type StepChange = z.infer<typeof StepChange>;

/** Of the event `item`. */
export const ItemChange = BatchItemDocument.extend({ batch: z.string() });
export type ItemChange = z.infer<typeof ItemChange>;

/** Of the event `end`. */
export const OperationEnd = z.object({ operation: z.string(), status: OperationStatus });
export type OperationEnd = z.infer<typeof OperationEnd>;
