import type { Berth } from "../../domain/naming/names.ts";
import { operationIdOf, type SentMessage } from "../../domain/naming/operationId.ts";
import type { WaitingRequest } from "../../domain/operation/records.ts";
import type { Received } from "../http/readRequest.ts";

/** A request from the queue that has begun nothing yet. */
export type Arriving = Omit<WaitingRequest, keyof Berth | "since">;

/** The same at every delivery of the message. */
export function arrivingOf(
  { request, namespaceField }: Received,
  { expiresTime, traceparent, ...message }: SentMessage & { readonly expiresTime: Date; readonly traceparent: string },
): Arriving {
  return {
    request,
    ...(namespaceField ? { namespaceField } : {}),
    sequenceNumber: message.sequenceNumber,
    operation: operationIdOf(message),
    traceparent,
    expires: expiresTime.toISOString(),
  };
}
