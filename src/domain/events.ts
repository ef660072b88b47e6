/** CloudEvents 1.0 (github.com/cloudevents/spec), structured mode: what the topic `onboarding-events` carries. */
import type { FindingDocument, Severity } from "./finding.ts";
import type { OperationStatus } from "./operation.ts";

interface Envelope<Type extends string, Data> {
  readonly specversion: "1.0";
  /** Also the Service Bus message id, so that a second send of the same change is one message. */
  readonly id: string;
  readonly source: string;
  readonly type: Type;
  /** `cluster/namespace` */
  readonly subject: string;
  /** RFC 3339 */
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly data: Data;
}

export type StatusChanged = Envelope<
  | "mooring.operation.status-changed.v1"
  | "mooring.operation.approval-requested.v1"
  | "mooring.operation.approval-reminder.v1",
  {
    readonly operation: string;
    readonly kind: string;
    readonly status: OperationStatus;
    readonly phase: string;
    /** Of a request that waits for approval. */
    readonly approval?: {
      readonly reasons: readonly string[];
      readonly requestHash: string;
      readonly requestedBy: string;
      readonly expiresTime: string;
    };
  }
>;

/** A look found something else than the look before. */
export type DriftDetected = Envelope<
  "mooring.namespace.drift-detected.v1",
  { readonly severity: Severity; readonly findings: readonly FindingDocument[] }
>;

/** A look found nothing any more. */
export type DriftResolved = Envelope<"mooring.namespace.drift-resolved.v1", Record<string, never>>;

export type CloudEvent = StatusChanged | DriftDetected | DriftResolved;
