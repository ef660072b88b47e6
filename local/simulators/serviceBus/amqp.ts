/**
 * What rhea can do and its typings leave out, in one place; and the encoding of messages as Service Bus delivers them.
 * Learn "AMQP 1.0 in Azure Service Bus protocol guide" has the annotations.
 */
import { randomUUID } from "node:crypto";
import rhea, { type Delivery, type Message, type Sender, type Typed } from "rhea";
import { BrokerError } from "./errors.ts";
import type { LockedMessage, NewMessage, QueuedMessage } from "./queue.ts";

declare module "rhea/typings/link.js" {
  interface link {
    readonly local: { readonly attach: Attach; readonly detach: { closed: boolean; error?: unknown } };
  }
  interface Sender {
    readonly credit: number;
  }
}

declare module "rhea/typings/message.js" {
  interface message {
    accepted(): { described(): unknown };
    rejected(fields: { error: unknown }): { described(): unknown };
  }
}

/** The attach frame that answers the peer's; written on the next tick, so an attach handler can still change it. */
interface Attach {
  snd_settle_mode?: number | undefined;
  rcv_settle_mode?: number | undefined;
  max_message_size?: number | undefined;
  source?: unknown;
  target?: unknown;
}

/** The limit of the Standard tier. */
export const maxMessageBytes = 256 * 1024;

/** `message_format` of a transfer whose data sections are encoded messages (sendMessages with an array or a batch). */
export const batchFormat = 0x80013700;

/** One transfer as the messages that it carries. */
export function readTransfer(payload: unknown, format: number): NewMessage<Message>[] {
  const size = Buffer.isBuffer(payload) ? payload.length : rhea.message.encode(payload).length;
  if (size > maxMessageBytes) {
    throw new BrokerError(
      "amqp:link:message-size-exceeded",
      `The message of ${size} bytes exceeds the limit of ${maxMessageBytes} bytes.`,
    );
  }
  if (format !== batchFormat) return [readMessage(payload)];
  const { body } = decode(payload);
  const content: unknown = body.content;
  // rhea gives one data section as a Buffer, several as an array of them.
  return (Array.isArray(content) ? content : [content]).map(readMessage);
}

export function readMessage(payload: unknown): NewMessage<Message> {
  const content = Buffer.isBuffer(payload) ? decode(payload) : asMessage(payload);
  // The service gives every message an id: the SDK's lock renewal throws when there is none.
  content.message_id ??= randomUUID().replaceAll("-", "");
  const scheduledFor: unknown = content.message_annotations?.["x-opt-scheduled-enqueue-time"];
  return {
    messageId: String(content.message_id),
    content,
    scheduledFor: scheduledFor instanceof Date ? scheduledFor.getTime() : undefined,
  };
}

function decode(payload: unknown): Message {
  if (!Buffer.isBuffer(payload)) throw new BrokerError("amqp:decode-error", "The transfer has no payload.");
  try {
    return asMessage(rhea.message.decode(payload));
  } catch (cause) {
    throw new BrokerError("amqp:decode-error", `The transfer is not an AMQP message: ${String(cause)}`);
  }
}

function asMessage(value: unknown): Message {
  // rhea's typings want the body only; every other section is optional there, and read with care here.
  if (typeof value === "object" && value !== null && "body" in value) return value as Message;
  throw new BrokerError("amqp:decode-error", "The message has no body section.");
}

/** With the sections that the broker owns: header, annotations, and what settling added to the properties. */
export function encodeMessage(queued: QueuedMessage<Message> | LockedMessage<Message>): Buffer {
  const { content, addedProperties } = queued;
  return rhea.message.encode({
    ...content,
    delivery_count: queued.deliveryCount,
    application_properties:
      content.application_properties || Object.keys(addedProperties).length > 0
        ? { ...content.application_properties, ...addedProperties }
        : undefined,
    message_annotations: {
      ...content.message_annotations,
      "x-opt-sequence-number": rhea.types.wrap_long(queued.sequenceNumber),
      "x-opt-enqueued-time": rhea.types.wrap_timestamp(queued.enqueuedAt),
      "x-opt-message-state": rhea.types.wrap_int(stateNumbers[queued.state]),
      ...("lockedUntil" in queued ? { "x-opt-locked-until": rhea.types.wrap_timestamp(queued.lockedUntil) } : {}),
    },
  });
}

const stateNumbers = { active: 0, deferred: 1, scheduled: 2 } as const;

/** A delivery tag is the lock token in the byte order of a .NET Guid: the first three groups little endian. */
export function tagFromLockToken(token: string): Buffer {
  const bytes = Buffer.from(token.replaceAll("-", ""), "hex");
  return Buffer.concat([
    bytes.subarray(0, 4).reverse(),
    bytes.subarray(4, 6).reverse(),
    bytes.subarray(6, 8).reverse(),
    bytes.subarray(8),
  ]);
}

export function lockTokenFromTag(tag: Buffer | string): string {
  // The reordering is its own inverse.
  const bytes = tagFromLockToken(Buffer.from(tag).toString("hex"));
  return lockTokenFromUuid(bytes);
}

/** $management carries lock tokens as AMQP uuid, in the order that people write. */
export function lockTokenFromUuid(uuid: unknown): string {
  if (!Buffer.isBuffer(uuid) || uuid.length !== 16) throw new TypeError("A lock token is a uuid of 16 bytes.");
  return uuid.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function uuidFromLockToken(token: string): Typed {
  return rhea.types.wrap_uuid(Buffer.from(token.replaceAll("-", ""), "hex"));
}

/** Ends a delivery that the peer wants settled; without an answer, its settling call hangs. */
export function settleDelivery(delivery: Delivery, error?: { condition: string; description: string }): void {
  const outcome = error ? rhea.message.rejected({ error }) : rhea.message.accepted();
  delivery.update(true, outcome.described());
  // Clients leave it at that: they send no disposition of their own for what this side settled. rhea waits for one
  // before it frees the delivery's slot in the session, and stops sending when no slot is free.
  Reflect.set(delivery, "remote_settled", true);
}

/** Says that nothing more will come for the credit that the peer wants back. */
export function answerDrain(sender: Sender): void {
  sender.set_drained(true);
  // set_drained only marks the link. Outside of an event nothing else makes rhea write the flow frame.
  sender.connection["_register"]();
}
