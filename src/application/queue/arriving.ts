import { defined } from "../../domain/defined.ts";
import type { NamespaceRef } from "../../domain/naming/names.ts";
import { operationIdOf, type SentMessage } from "../../domain/naming/operationId.ts";
import type { WaitingRequest } from "../../domain/operation/records.ts";
import type { Received } from "../requests/readRequest.ts";

/** A request from the queue that has begun nothing yet. */
export type Arriving = Omit<WaitingRequest, keyof NamespaceRef | "since">;

interface ArrivedMessage extends SentMessage {
  readonly expiresTime: Date;
  readonly isRemovalConfirmed: boolean;
  readonly traceparent: string;
}

/** The same at every delivery of the message. */
export function arrivingOf(
  { request, namespaceField }: Received,
  { expiresTime, traceparent, isRemovalConfirmed, ...message }: ArrivedMessage,
): Arriving {
  return defined({
    request,
    namespaceField: namespaceField || undefined,
    sequenceNumber: message.sequenceNumber,
    operation: operationIdOf(message),
    isRemovalConfirmed,
    traceparent,
    expires: expiresTime.toISOString(),
  });
}
