/** A received message as the Functions host hands it to a handler. */
import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import type { InvocationInput, TypedData } from "../app.ts";

/** The app's SDK parses text that is JSON, so a body of `123` arrives as a number, as with the real host. */
export function toInvocationInput(message: ServiceBusReceivedMessage): InvocationInput {
  const traceParent =
    message.applicationProperties?.["Diagnostic-Id"] ?? message.applicationProperties?.["traceparent"];
  return {
    trigger: toBody(message.body),
    triggerMetadata: toTriggerMetadata(message),
    ...(typeof traceParent === "string" ? { traceParent } : {}),
  };
}

function toBody(body: unknown): TypedData {
  if (body instanceof Uint8Array) return { string: Buffer.from(body).toString("utf8") };
  if (typeof body === "string") return { string: body };
  return { json: JSON.stringify(body ?? null) };
}

/** Named as by the .NET extension; the SDK lowercases the first letters, even those of application properties. */
function toTriggerMetadata(message: ServiceBusReceivedMessage): Record<string, TypedData> {
  const properties = { json: JSON.stringify(message.applicationProperties ?? {}) };
  const texts = {
    MessageId: message.messageId,
    LockToken: message.lockToken,
    ContentType: message.contentType,
    CorrelationId: message.correlationId,
    Subject: message.subject,
    Label: message.subject,
    To: message.to,
    ReplyTo: message.replyTo,
    SessionId: message.sessionId,
    ReplyToSessionId: message.replyToSessionId,
    PartitionKey: message.partitionKey,
    DeadLetterSource: message.deadLetterSource,
    DeadLetterReason: message.deadLetterReason,
    DeadLetterErrorDescription: message.deadLetterErrorDescription,
    EnqueuedTimeUtc: toDotNetTime(message.enqueuedTimeUtc),
    ExpiresAtUtc: toDotNetTime(message.expiresAtUtc),
  };
  const metadata: Record<string, TypedData> = {
    // On the wire, earlier deliveries are counted; .NET, and so the host, counts this one as well.
    DeliveryCount: { int: (message.deliveryCount ?? 0) + 1 },
    ApplicationProperties: properties,
    UserProperties: properties,
  };
  const sequenceNumber = message.sequenceNumber?.toNumber();
  if (sequenceNumber !== undefined) metadata["SequenceNumber"] = { int: sequenceNumber };
  for (const [name, value] of Object.entries(texts)) {
    // As JSON, because plain text such as a message id of `42` would be parsed into a number.
    if (value !== undefined && value !== null) metadata[name] = { json: JSON.stringify(String(value)) };
  }
  return metadata;
}

/** A message that never expires has an expiry beyond the range of a .NET DateTime. */
function toDotNetTime(time: Date | undefined): string | undefined {
  return time === undefined ? undefined : new Date(Math.min(time.getTime(), lastTime)).toISOString();
}

const lastTime = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
