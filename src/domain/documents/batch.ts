/** A batch and its items, as their status tells of them. */
import { z } from "zod";
import { Severity } from "../finding.ts";
import { BatchOutcome, BatchTotals } from "../operation/batch.ts";
import { BatchRemaining } from "../operation/batchRemaining.ts";
import { NamespaceAction } from "../operation/namespaceBatch.ts";
import { OperationError, OperationKind, OperationStatus, Phase } from "../operation/operation.ts";
import { Time } from "../time.ts";
import { Etag } from "./etag.ts";
import { Signature } from "./signature.ts";

const BatchAction = z
  .enum(["onboard", ...NamespaceAction.options])
  .meta({ description: "onboard: each item has a request of its own, which may also change what is onboarded." });

export const BatchSummary = z
  .object({
    id: z.string(),
    kind: z.literal("batch"),
    action: BatchAction,
    status: OperationStatus,
    requests: z.int().meta({ description: "How many it has." }),
    requestedBy: z.string(),
    team: z.string().optional().meta({ description: "Absent where it is an operator's, or of several teams." }),
    createdTime: Time,
    startTime: Time.optional(),
    endTime: Time.optional(),
    traceId: z.string().optional(),
    error: OperationError.optional(),
    cancel: Signature.optional(),
    etag: Etag,
  })
  .meta({ id: "BatchSummary" });
export type BatchSummary = z.infer<typeof BatchSummary>;

export const BatchItemDocument = z.object({
  index: z.int().meta({ description: "Its place in `requests`, or among the namespaces that were chosen." }),
  cluster: z.string(),
  namespace: z.string(),
  status: OperationStatus,
  operation: z
    .string()
    .optional()
    .meta({ description: "Whose status says more. Absent before it begins, and when it was refused." }),
  isOwn: z.boolean().optional().meta({
    description: "False: the very thing had run, or was running, as an operation that is not this batch's.",
  }),
  kind: OperationKind.optional(),
  outcome: BatchOutcome.optional().meta({ description: "unchanged: the namespace was as it is asked for." }),
  needsApproval: z.boolean().optional().meta({
    description: "True: its operation waits for a person, or has waited; approve or reject it at its own address.",
  }),
  severity: Severity.optional().meta({
    description: "Of the worst finding of a verification. One that finds an Error has failed.",
  }),
  findings: z.int().optional().meta({
    description: "How much a verification has found; what, stands in the namespace's document.",
  }),
  error: OperationError.optional(),
  startTime: Time.optional(),
  endTime: Time.optional(),
});
export type BatchItemDocument = z.infer<typeof BatchItemDocument>;

export const BatchDocument = BatchSummary.extend({
  phase: Phase,
  traceUrl: z.string().optional(),
  totals: BatchTotals,
  remaining: BatchRemaining.optional(),
  items: z.array(BatchItemDocument),
  nextLink: z.string().optional(),
}).meta({ id: "Batch" });
export type BatchDocument = z.infer<typeof BatchDocument>;
