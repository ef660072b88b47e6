import type { OperationStatus } from "./operation.ts";

/** CloudEvents 1.0 (github.com/cloudevents/spec), structured mode: what the topic `onboarding-events` carries. */
export interface CloudEvent {
  readonly specversion: "1.0";
  /** Also the Service Bus message id, so that a second send of the same change is one message. */
  readonly id: string;
  readonly source: string;
  readonly type:
    | "mooring.operation.status-changed.v1"
    | "mooring.operation.approval-requested.v1"
    | "mooring.operation.approval-reminder.v1";
  /** `cluster/namespace` */
  readonly subject: string;
  /** RFC 3339 */
  readonly time: string;
  readonly datacontenttype: "application/json";
  readonly data: {
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
  };
}
