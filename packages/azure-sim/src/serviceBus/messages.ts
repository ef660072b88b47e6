/**
 * Messages as clients send them and as Service Bus delivers them. Learn "AMQP 1.0 in Azure Service Bus protocol guide" lists the
 * annotations that the broker adds.
 */
import { randomUUID } from "node:crypto";
import rhea from "rhea";
import { type Content, mergeEntries, readContent, splitTransfer } from "../amqp/content.ts";
import { uuidFromLockToken } from "../amqp/rhea.ts";
import {
  findSection,
  joinSections,
  replaceFirst,
  type Section,
  sectionCode,
  splitSections,
  withSection,
  writeText,
} from "../amqp/sections.ts";
import type { LockedMessage, QueuedMessage } from "./entries.ts";
import type { NewMessage } from "./queue.ts";

/** The limit of the Standard tier. */
export const maxMessageBytes = 256 * 1024;

/** The messages in a transfer. */
export function readTransfer(payload: unknown, format: number): NewMessage<Content>[] {
  return splitTransfer(payload, format, maxMessageBytes).map(readMessage);
}

export function readMessage(payload: unknown): NewMessage<Content> {
  const sent = readContent(payload);
  const { message } = sent;
  const content = message.message_id === undefined ? withMessageId(sent) : sent;
  const scheduledFor: unknown = message.message_annotations?.["x-opt-scheduled-enqueue-time"];
  return {
    messageId: String(content.message.message_id),
    content,
    scheduledFor: scheduledFor instanceof Date ? scheduledFor.getTime() : undefined,
    timeToLiveMs: message.ttl,
  };
}

/** The service gives every message an id: the SDK's lock renewal throws without one. */
function withMessageId({ message, sections }: Content): Content {
  const id = randomUUID().replaceAll("-", "");
  const properties = replaceFirst(findSection(sections, sectionCode.properties), writeText(id));
  return {
    message: { ...message, message_id: id },
    sections: withSection(sections, sectionCode.properties, properties),
  };
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
  const merged = mergedCodes.reduce(
    (all: readonly Section[], code) => mergeEntries(all, code, findSection(own, code)),
    sections,
  );
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

const stateNumbers = { active: 0, deferred: 1, scheduled: 2 } as const;
