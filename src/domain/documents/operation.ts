/** The status of an operation and its steps. */
import { z } from "zod";
import { OperationError, OperationKind, OperationStatus, Phase, StepAction } from "../operation/operation.ts";
import { OperationResult } from "../operation/operationResult.ts";
import { PlannedStep } from "../operation/plan.ts";
import { StillToUndo } from "../operation/stillToUndo.ts";
import { Approval } from "../policy/approval.ts";
import { OnboardingRequest } from "../request/request.ts";
import { Time } from "../time.ts";
import { BatchDocument, BatchSummary } from "./batch.ts";
import { Etag } from "./etag.ts";
import { page } from "./page.ts";
import { Signature } from "./signature.ts";

export const StepDocument = z.object({
  name: z.string(),
  target: z.string(),
  action: StepAction.optional(),
  status: OperationStatus,
  attempts: z.int(),
  startTime: Time.optional(),
  endTime: Time.optional(),
  error: OperationError.optional(),
  notices: z
    .array(OperationError)
    .optional()
    .meta({ description: "What the step could not find out; it did not stop the step." }),
  nextRetryTime: Time.optional(),
  undo: z.literal(true).optional().meta({
    description: "Not a regular step of the operation: it undoes what one of them did.",
  }),
});
export type StepDocument = z.infer<typeof StepDocument>;

export const OperationSummary = z
  .object({
    id: z.string(),
    kind: OperationKind,
    status: OperationStatus,
    cluster: z.string(),
    namespace: z.string(),
    batch: z.string().optional().meta({ description: "The batch that the operation belongs to." }),
    requestedBy: z.string(),
    team: z.string().optional(),
    createdTime: Time,
    startTime: Time.optional(),
    endTime: Time.optional(),
    traceId: z
      .string()
      .optional()
      .meta({ description: "W3C trace ID of the request; the log and the events carry it." }),
    result: OperationResult.optional(),
    error: OperationError.optional(),
    approval: Approval.optional(),
    cancel: Signature.optional(),
    leftUndone: z.array(z.string()).optional().meta({ description: "Undos that failed; compensate runs them again." }),
    leftInPlace: z.array(z.string()).optional().meta({
      description:
        "What the operation left: as it was, because the catalog has dropped its place, or to be tidied up after access was revoked. The step, its target and why.",
    }),
    stillToUndo: StillToUndo.optional().meta({
      description:
        "While undos go on: what the operation still has to remove, since when it waits, and why. An operator's cancel ends the waiting.",
    }),
    compensates: z.string().optional().meta({ description: "The operation whose undos this one runs again." }),
    phase: Phase.optional().meta({
      description:
        "In lists, only what the record shows: awaitingApproval while the operation waits for a person, done once it has ended, absent while it runs.",
    }),
    etag: Etag,
  })
  .meta({ id: "OperationSummary" });
export type OperationSummary = z.infer<typeof OperationSummary>;

/** Includes the request, which an approver must see. */
const AskedOperation = OperationSummary.extend({
  request: OnboardingRequest,
  replaces: OnboardingRequest.optional().meta({ description: "For a change: the request that it replaces." }),
});
export type AskedOperation = z.infer<typeof AskedOperation>;

export const OperationDocument = AskedOperation.extend({
  phase: Phase,
  plan: z.array(PlannedStep).readonly().optional().meta({
    description: "For an operation that needed approval: its plan at the time when it asked for approval.",
  }),
  traceUrl: z.string().optional().meta({ description: "Where to see its trace (MOORING_TRACE_URL)." }),
  steps: z.array(StepDocument),
}).meta({ id: "Operation" });
export type OperationDocument = z.infer<typeof OperationDocument>;

/** An operation that waits for the caller's approval. */
export const AwaitingDocument = AskedOperation.extend({ approval: Approval }).meta({ id: "Awaiting" });
export type AwaitingDocument = z.infer<typeof AwaitingDocument>;

export const AwaitingPage = page(AwaitingDocument);
export type AwaitingPage = z.infer<typeof AwaitingPage>;

/** The operation of a namespace or of a batch. */
export const AnySummary = z.union([OperationSummary, BatchSummary]);
export type AnySummary = z.infer<typeof AnySummary>;

export const AnyOperationDocument = z.union([OperationDocument, BatchDocument]);
export type AnyOperationDocument = z.infer<typeof AnyOperationDocument>;

export const OperationPage = page(AnySummary);
export type OperationPage = z.infer<typeof OperationPage>;
