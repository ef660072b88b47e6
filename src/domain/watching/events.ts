/**
 * CloudEvents 1.0 (github.com/cloudevents/spec), structured mode: the messages of the topic `onboarding-events`. Served as a JSON
 * Schema at /api/events/schema.json and described in docs/events.md. Fields are only ever added; a change that would break
 * existing readers gets a type with a new version.
 */
import { z } from "zod";
import { FindingDocument, Severity } from "../finding.ts";
import { BatchTotals } from "../operation/batch.ts";
import { NamespaceAction } from "../operation/namespaceBatch.ts";
import { OperationKind, OperationStatus, Phase } from "../operation/operation.ts";
import { Time } from "../time.ts";

const ApprovalData = z
  .strictObject({
    reasons: z.array(z.string()).readonly(),
    requestHash: z.string().meta({ description: "What an approval has to name." }),
    requestedBy: z.string(),
    expiresTime: Time,
  })
  .readonly();

const envelope = {
  specversion: z.literal("1.0"),
  id: z.string().min(1).meta({
    description: "The change itself, also the Service Bus message id: a second send of the same change is one message.",
  }),
  source: z.string().min(1).meta({ description: "/mooring" }),
  subject: z
    .string()
    .regex(/^[^/]+\/[^/]+$/)
    .meta({ description: "cluster/namespace" }),
  time: Time,
  datacontenttype: z.literal("application/json"),
  traceparent: z
    .string()
    .regex(/^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/)
    .optional()
    .meta({ description: "Distributed tracing extension: the trace of the request that started the operation." }),
};

function event<T extends z.ZodType, D extends z.ZodRawShape>(
  type: T,
  data: D,
  { subject }: { readonly subject: z.ZodString } = envelope,
) {
  return z.strictObject({ ...envelope, subject, type, data: z.strictObject(data).readonly() }).readonly();
}

const operationTypes = z.enum([
  "mooring.operation.status-changed.v1",
  "mooring.operation.approval-requested.v1",
  "mooring.operation.approval-reminder.v1",
]);
const OperationEvent = event(operationTypes, {
  operation: z.string().min(1),
  kind: OperationKind,
  status: OperationStatus,
  phase: Phase,
  approval: ApprovalData.optional().meta({ description: "Of a request that waits for approval." }),
});
export type OperationEvent = z.infer<typeof OperationEvent>;

/** The findings of a look differ from those of the previous one. */
const DriftDetected = event(z.literal("mooring.namespace.drift-detected.v1"), {
  severity: Severity.meta({ description: "Of the worst finding." }),
  findings: z.array(FindingDocument).readonly().meta({ description: "At most 40, the worst first." }),
});
export type DriftDetected = z.infer<typeof DriftDetected>;

/** A look no longer found anything. */
const DriftResolved = event(z.literal("mooring.namespace.drift-resolved.v1"), {});
export type DriftResolved = z.infer<typeof DriftResolved>;

/** Access is about to end; a change renews it. */
const ExpiryApproaching = event(z.literal("mooring.namespace.expiry-approaching.v1"), {
  expiresTime: Time.meta({ description: "When it ends." }),
  targets: z.array(z.string()).readonly().optional().meta({
    description: "What the namespace loses then; absent if it loses everything and is offboarded.",
  }),
});
export type ExpiryApproaching = z.infer<typeof ExpiryApproaching>;

/** Separate from the events of operations, whose readers expect the subject to be a namespace. */
const BatchEvent = event(
  z.literal("mooring.batch.status-changed.v1"),
  {
    operation: z.string().min(1),
    kind: z.literal("batch"),
    action: NamespaceAction.optional().meta({
      description: "What it does with namespaces that are onboarded; absent of a batch of requests.",
    }),
    status: OperationStatus,
    phase: Phase,
    totals: BatchTotals,
  },
  { subject: z.string().min(1).meta({ description: "The batch's operation id." }) },
);
export type BatchEvent = z.infer<typeof BatchEvent>;

export const CloudEvent = z
  .union([OperationEvent, BatchEvent, DriftDetected, DriftResolved, ExpiryApproaching])
  .meta({ title: "Mooring event" });
export type CloudEvent = z.infer<typeof CloudEvent>;
