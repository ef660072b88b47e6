/** What clients send, as bytes: what a sender wrote is delivered byte for byte, with what the service adds. */
import rhea, { type Message } from "rhea";
import { BrokerError } from "./errors.ts";
import { findSection, readEntries, type Section, splitSections, withSection, writeEntries } from "./sections.ts";

/** The `message_format` of a transfer whose data sections are encoded messages (an array or a batch of messages). */
const batchFormat = 0x80013700;

/** What a client sent. */
export interface Content {
  /** As decoded by rhea: to look at, not to pass on. */
  readonly message: Message;
  readonly sections: readonly Section[];
}

/** The messages in a transfer, encoded. */
export function splitTransfer(payload: unknown, format: number, maxBytes: number): readonly unknown[] {
  const size = Buffer.isBuffer(payload) ? payload.length : 0;
  if (size > maxBytes) {
    throw new BrokerError(
      "amqp:link:message-size-exceeded",
      `The message of ${size} bytes exceeds the limit of ${maxBytes} bytes.`,
    );
  }
  if (format !== batchFormat) return [payload];
  const content: unknown = decodeMessage(payload).body.content;
  // rhea returns one data section as a Buffer, several as an array.
  return Array.isArray(content) ? content : [content];
}

export function readContent(payload: unknown): Content {
  return { message: decodeMessage(payload), sections: decoding(() => splitSections(asBytes(payload))) };
}

export function decodeMessage(payload: unknown): Message {
  const message = decoding(() => rhea.message.decode(asBytes(payload)));
  if (hasBody(message)) return message;
  throw new BrokerError("amqp:decode-error", "The message has no body section.");
}

/** A request says what it wants in its properties: Python's client for Event Hubs sends none with a body. */
export function decodeRequest(payload: unknown): Message {
  return { body: null, ...decoding(() => rhea.message.decode(asBytes(payload))) };
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

/** A map section in which the service's entries are added to the sender's or replace them. */
export function mergeEntries(
  sections: readonly Section[],
  code: number,
  added: Buffer | undefined,
): readonly Section[] {
  const entries = readEntries(added);
  if (entries.size === 0) return sections;
  return withSection(sections, code, writeEntries(new Map([...readEntries(findSection(sections, code)), ...entries])));
}
