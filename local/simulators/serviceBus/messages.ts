/**
 * Messages as clients send them and as Service Bus delivers them: what a sender wrote is delivered byte for byte. Learn
 * "AMQP 1.0 in Azure Service Bus protocol guide" lists the annotations that the broker adds.
 */
import { randomUUID } from "node:crypto";
import rhea, { type Message } from "rhea";
import { uuidFromLockToken } from "./amqp.ts";
import { BrokerError } from "./errors.ts";
import type { LockedMessage, NewMessage, QueuedMessage } from "./queue.ts";
import {
  findSection,
  joinSections,
  readEntries,
  replaceFirst,
  type Section,
  sectionCode,
  splitSections,
  withSection,
  writeEntries,
  writeText,
} from "./sections.ts";

/** The limit of the Standard tier. */
export const maxMessageBytes = 256 * 1024;

/** The `message_format` of a transfer whose data sections are encoded messages (sendMessages with an array or a batch). */
const batchFormat = 0x80013700;

/** What a client sent. */
export interface Content {
  /** As decoded by rhea: to look at, not to pass on. */
  readonly message: Message;
  readonly sections: readonly Section[];
}

/** The messages in a transfer. */
export function readTransfer(payload: unknown, format: number): NewMessage<Content>[] {
  const size = Buffer.isBuffer(payload) ? payload.length : 0;
  if (size > maxMessageBytes) {
    throw new BrokerError(
      "amqp:link:message-size-exceeded",
      `The message of ${size} bytes exceeds the limit of ${maxMessageBytes} bytes.`,
    );
  }
  if (format !== batchFormat) return [readMessage(payload)];
  const { body } = decodeMessage(payload);
  const content: unknown = body.content;
  // rhea returns one data section as a Buffer, several as an array.
  return (Array.isArray(content) ? content : [content]).map(readMessage);
}

export function readMessage(payload: unknown): NewMessage<Content> {
  const message = decodeMessage(payload);
  const sections = decoding(() => splitSections(asBytes(payload)));
  const content = message.message_id === undefined ? withMessageId(message, sections) : { message, sections };
  const scheduledFor: unknown = message.message_annotations?.["x-opt-scheduled-enqueue-time"];
  return {
    messageId: String(content.message.message_id),
    content,
    scheduledFor: scheduledFor instanceof Date ? scheduledFor.getTime() : undefined,
    timeToLiveMs: message.ttl,
  };
}

/** The service gives every message an id: the SDK's lock renewal throws without one. */
function withMessageId(message: Message, sections: readonly Section[]): Content {
  const id = randomUUID().replaceAll("-", "");
  const properties = replaceFirst(findSection(sections, sectionCode.properties), writeText(id));
  return {
    message: { ...message, message_id: id },
    sections: withSection(sections, sectionCode.properties, properties),
  };
}

export function decodeMessage(payload: unknown): Message {
  const message = decoding(() => rhea.message.decode(asBytes(payload)));
  if (hasBody(message)) return message;
  throw new BrokerError("amqp:decode-error", "The message has no body section.");
}

/** rhea's typings require only the body; all other sections are optional there and checked here. */
function hasBody(message: object): message is Message {
  return "body" in message;
}

function asBytes(payload: unknown): Buffer {
  if (Buffer.isBuffer(payload)) return payload;
  throw new BrokerError("amqp:decode-error", "The transfer has no payload.");
}

function decoding<Read>(read: () => Read): Read {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof BrokerError) throw cause;
    throw new BrokerError("amqp:decode-error", `The transfer is not an AMQP message: ${String(cause)}`);
  }
}

/** With the broker's own sections: header, annotations, and the properties that settling added. */
export function encodeMessage(queued: QueuedMessage<Content> | LockedMessage<Content>): Buffer {
  const { message, sections } = queued.content;
  const { durable, priority, ttl, first_acquirer } = message;
  const own = splitSections(
    rhea.message.encode({
      durable,
      priority,
      ttl,
      first_acquirer,
      delivery_count: queued.deliveryCount,
      application_properties: queued.addedProperties,
      ...(isReceivedDeferred(queued)
        ? { delivery_annotations: { "x-opt-lock-token": uuidFromLockToken(queued.lockToken) } }
        : {}),
      message_annotations: {
        "x-opt-sequence-number": rhea.types.wrap_long(queued.sequenceNumber),
        "x-opt-enqueue-sequence-number": rhea.types.wrap_long(queued.firstSequenceNumber),
        "x-opt-enqueued-time": rhea.types.wrap_timestamp(queued.enqueuedAt),
        "x-opt-message-state": rhea.types.wrap_int(stateNumbers[queued.state]),
        ...("lockedUntil" in queued ? { "x-opt-locked-until": rhea.types.wrap_timestamp(queued.lockedUntil) } : {}),
      },
    }),
  );
  const header = findSection(own, sectionCode.header) ?? Buffer.alloc(0);
  const merged = mergedCodes.reduce((all, code) => merge(all, code, findSection(own, code)), sections);
  return joinSections(withSection(merged, sectionCode.header, header));
}

const mergedCodes = [
  sectionCode.deliveryAnnotations,
  sectionCode.messageAnnotations,
  sectionCode.applicationProperties,
];

/** A message that is received by its sequence number comes in no delivery, whose tag would be the lock token. */
function isReceivedDeferred(queued: QueuedMessage<Content> | LockedMessage<Content>): queued is LockedMessage<Content> {
  return queued.state === "deferred" && "lockToken" in queued;
}

/** A map section in which the broker's entries are added to the sender's or replace them. */
function merge(sections: readonly Section[], code: number, added: Buffer | undefined): readonly Section[] {
  const entries = readEntries(added);
  if (entries.size === 0) return sections;
  return withSection(sections, code, writeEntries(new Map([...readEntries(findSection(sections, code)), ...entries])));
}

const stateNumbers = { active: 0, deferred: 1, scheduled: 2 } as const;
