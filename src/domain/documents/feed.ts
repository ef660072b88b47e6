/** The data of server-sent events: the new state of what changed. */
import { z } from "zod";
import { BatchTotals } from "../operation/batch.ts";
import { OperationStatus, Phase } from "../operation/operation.ts";
import { BatchItemDocument, BatchSummary } from "./batch.ts";
import { OperationSummary, StepDocument } from "./operation.ts";

const OperationChange = OperationSummary.extend({ phase: Phase });
export type OperationChange = z.infer<typeof OperationChange>;

/** Followers of the batch itself also get its totals. */
const BatchChange = BatchSummary.extend({ phase: Phase, totals: BatchTotals.optional() });
export type BatchChange = z.infer<typeof BatchChange>;

/** The data of the event `operation`. */
export const AnyChange = z.union([OperationChange, BatchChange]);
export type AnyChange = z.infer<typeof AnyChange>;

/** The data of the event `step`. */
export const StepChange = StepDocument.extend({ operation: z.string(), cluster: z.string(), namespace: z.string() });
export type StepChange = z.infer<typeof StepChange>;

/** The data of the event `item`. */
export const ItemChange = BatchItemDocument.extend({ batch: z.string() });
export type ItemChange = z.infer<typeof ItemChange>;

/** The data of the event `end`. */
export const OperationEnd = z.object({ operation: z.string(), status: OperationStatus });
export type OperationEnd = z.infer<typeof OperationEnd>;
