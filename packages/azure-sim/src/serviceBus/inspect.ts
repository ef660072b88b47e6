/** Inspects an entity and sends messages from the same process, for tests and the demo. */
import rhea from "rhea";
import type { Content } from "../amqp/content.ts";
import type { Properties } from "../amqp/values.ts";
import type { Broker } from "./broker.ts";
import type { MessageState, QueuedMessage } from "./entries.ts";
import { readMessage } from "./messages.ts";

export interface SeenMessage {
  readonly messageId: string;
  readonly sequenceNumber: number;
  readonly state: MessageState;
  readonly deliveryCount: number;
  readonly enqueuedAt: Date;
  /** Parsed if it is JSON, text otherwise. */
  readonly body: unknown;
  readonly contentType: string | undefined;
  readonly correlationId: string | undefined;
  readonly subject: string | undefined;
  readonly applicationProperties: Properties;
}

export interface OutboundMessage {
  /** Sent as JSON, as the SDK does it; a Buffer is sent unchanged. */
  readonly body: unknown;
  readonly messageId?: string;
  readonly contentType?: string;
  readonly correlationId?: string;
  readonly subject?: string;
  readonly applicationProperties?: Properties;
}

export interface EntityView {
  /** Every message, including locked, deferred and scheduled ones, oldest first. */
  messages(): SeenMessage[];
  /** With the reason in the application properties DeadLetterReason and DeadLetterErrorDescription. */
  deadLetters(): SeenMessage[];
  send(message: OutboundMessage): void;
}

export function viewEntity(broker: Broker<Content>, path: string, deadLetterPath: string): EntityView {
  const queue = broker.find(path)?.queue;
  const deadLetters = broker.find(deadLetterPath)?.queue;
  if (!queue || !deadLetters) throw new Error(`There is no queue or subscription "${path}"; check the settings.`);
  return {
    messages: () => queue.peek().map(toSeen),
    deadLetters: () => deadLetters.peek().map(toSeen),
    send({ body, messageId, contentType, correlationId, subject, applicationProperties }) {
      const data = Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
      queue.send(
        readMessage(
          rhea.message.encode({
            body: rhea.message.data_section(data),
            ...(messageId === undefined ? {} : { message_id: messageId }),
            ...(contentType === undefined ? {} : { content_type: contentType }),
            ...(correlationId === undefined ? {} : { correlation_id: correlationId }),
            ...(subject === undefined ? {} : { subject }),
            ...(applicationProperties === undefined ? {} : { application_properties: applicationProperties }),
          }),
        ),
      );
    },
  };
}

function toSeen({ content: { message: content }, addedProperties, ...message }: QueuedMessage<Content>): SeenMessage {
  return {
    messageId: message.messageId,
    sequenceNumber: message.sequenceNumber,
    state: message.state,
    deliveryCount: message.deliveryCount,
    enqueuedAt: new Date(message.enqueuedAt),
    body: readBody(content.body),
    contentType: content.content_type,
    correlationId: content.correlation_id === undefined ? undefined : String(content.correlation_id),
    subject: content.subject,
    applicationProperties: { ...content.application_properties, ...plain(addedProperties) },
  };
}

function plain(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, rhea.types.unwrap(value)]));
}

function readBody(body: unknown): unknown {
  const isSection = typeof body === "object" && body !== null && "content" in body;
  const content = isSection ? body.content : body;
  if (!Buffer.isBuffer(content)) return content;
  const text = content.toString("utf8");
  try {
    return JSON.parse(text);
  } catch {
    // Not JSON: a message may be any text.
    return text;
  }
}
