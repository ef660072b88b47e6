/**
 * CloudEvents 1.0 (github.com/cloudevents/spec), structured mode: what the topic `onboarding-events` carries. Served as a
 * JSON Schema at /api/events/schema.json and described in docs/events.md. Fields are only ever added; a change that an
 * existing reader could not take gets a type with another version.
 */
import { z } from "zod";
import { OperationKind, OperationStatus, Phase } from "./operation.ts";

const Time = z.iso.datetime();

const ApprovalData = z
  .strictObject({
    reasons: z.array(z.string()).readonly(),
    requestHash: z.string().meta({ description: "What an approval has to name." }),
    requestedBy: z.string(),
    expiresTime: Time,
  })
  .readonly();

export const CloudEvent = z
  .strictObject({
    specversion: z.literal("1.0"),
    id: z.string().min(1).meta({
      description:
        "The change itself, also the Service Bus message id: a second send of the same change is one message.",
    }),
    source: z.string().min(1).meta({ description: "/mooring" }),
    type: z.enum([
      "mooring.operation.status-changed.v1",
      "mooring.operation.approval-requested.v1",
      "mooring.operation.approval-reminder.v1",
    ]),
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
    data: z
      .strictObject({
        operation: z.string().min(1),
        kind: OperationKind,
        status: OperationStatus,
        phase: Phase,
        approval: ApprovalData.optional().meta({ description: "Of a request that waits for approval." }),
      })
      .readonly(),
  })
  .readonly()
  .meta({ title: "Mooring event" });
export type CloudEvent = z.infer<typeof CloudEvent>;
