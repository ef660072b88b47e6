/** The status of a batch and its items. */
import { z } from "zod";
import { Severity } from "../finding.ts";
import { BatchTotals, ItemOutcome } from "../operation/batch.ts";
import { BatchRemaining } from "../operation/batchRemaining.ts";
import { NamespaceAction } from "../operation/namespaceBatch.ts";
import { OperationError, OperationKind, OperationStatus, Phase } from "../operation/operation.ts";
import { Time } from "../time.ts";
import { Etag } from "./etag.ts";
import { Signature } from "./signature.ts";

const BatchAction = z
  .enum(["onboard", ...NamespaceAction.options])
  .meta({ description: "onboard: each item has its own request, which can also change an onboarded namespace." });

export const BatchSummary = z
  .object({
    id: z.string(),
    kind: z.literal("batch"),
    action: BatchAction,
    status: OperationStatus,
    requests: z.int().meta({ description: "The number of items." }),
    requestedBy: z.string(),
    team: z.string().optional().meta({ description: "Absent if the batch is an operator's or spans several teams." }),
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
  index: z.int().meta({ description: "The item's position in `requests`, or among the chosen namespaces." }),
  cluster: z.string(),
  namespace: z.string(),
  status: OperationStatus,
  operation: z.string().optional().meta({
    description: "The operation whose status has the details. Absent before it begins, and if the item was refused.",
  }),
  isOwn: z.boolean().optional().meta({
    description: "False if the same work had run, or was running, as an operation outside this batch.",
  }),
  kind: OperationKind.optional(),
  outcome: ItemOutcome.optional().meta({ description: "unchanged: the namespace already matched the request." }),
  needsApproval: z.boolean().optional().meta({
    description: "True if its operation waits or has waited for a person; approve or reject it at its own address.",
  }),
  severity: Severity.optional().meta({
    description: "The severity of the worst finding of a verification, which fails if it finds an Error.",
  }),
  findings: z.int().optional().meta({
    description: "How many findings a verification has; the namespace's document lists them.",
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
