/** Features of rhea that its typings leave out, in one place; and lock tokens in their two byte orders. */
import rhea, { type Connection, type Delivery, type Sender, type Session, type Typed } from "rhea";
import { BrokerError, type Condition } from "./errors.ts";
import { asText, type Properties } from "./values.ts";

declare module "rhea/typings/link.js" {
  interface link {
    readonly local: { readonly attach: Attach; readonly detach: { closed: boolean; error?: unknown } };
  }
  interface Sender {
    readonly credit: number;
  }
}

declare module "rhea/typings/session.js" {
  interface Session {
    readonly local: { readonly begin: { handle_max?: number } };
    on_transfer(frame: { performative: { message_format?: number | undefined } }): void;
  }
}

declare module "rhea/typings/types.js" {
  interface types {
    readonly Reader: typeof Reader;
  }
}

declare module "rhea/typings/message.js" {
  interface message {
    accepted(): { described(): unknown };
    rejected(fields: { error?: unknown }): { described(): unknown };
  }
}

/** The attach frame that answers the peer's. rhea writes it on the next tick, so an attach handler can still change it. */
interface Attach {
  snd_settle_mode?: number | undefined;
  rcv_settle_mode?: number | undefined;
  max_message_size?: number | undefined;
  source?: unknown;
  target?: unknown;
}

/** How many fields a frame has, by the code of its kind: from open to detach (AMQP 1.0, 2.7). */
const fieldCounts: ReadonlyMap<number, number> = new Map([
  [0x10, 10],
  [0x11, 8],
  [0x12, 14],
  [0x13, 11],
  [0x14, 11],
  [0x15, 6],
  [0x16, 3],
]);

interface Frame {
  readonly constructor: { readonly descriptor?: { readonly numeric: number } };
  readonly value: unknown[];
}

/**
 * Writes every field of a frame. rhea leaves out those after the last that says something, as it may; Python's client for Event Hubs reads
 * them all the same, and the payload of a transfer at the place after the last one.
 */
export function writeAllFields(connection: Connection): void {
  const write = connection["_write_frame"] as (channel: number, frame?: Frame, payload?: Buffer) => void;
  const writeAll: typeof write = (channel, frame, payload) => {
    const count = fieldCounts.get(frame?.constructor.descriptor?.numeric ?? 0);
    if (frame && count !== undefined) frame.value.length = count;
    write.call(connection, channel, frame, payload);
  };
  Reflect.set(connection, "_write_frame", writeAll);
}

/** Delivers every message of the session as raw bytes: rhea decodes those of format 0, and no others. */
export function keepBytes(session: Session): void {
  const onTransfer = session.on_transfer;
  session.on_transfer = (frame) => {
    if (frame.performative.message_format === 0) frame.performative.message_format = undefined;
    onTransfer.call(session, frame);
  };
}

/** The entries of a map decoded by rhea, each with its AMQP type. */
export function typedEntries(map: unknown): Properties {
  const items = isTyped(map) ? map.value : undefined;
  if (!Array.isArray(items)) return {};
  const entries: [string, Typed][] = [];
  for (let index = 0; index + 1 < items.length; index += 2) {
    const [key, value]: unknown[] = items.slice(index, index + 2);
    if (isTyped(value)) entries.push([String(key), exact(value)]);
  }
  return Object.fromEntries(entries);
}

/** The text of a value that may come with its AMQP type. */
export function plainText(value: unknown): string | undefined {
  return asText(rhea.types.unwrap(value));
}

/** The value with its AMQP type, and nested values with theirs. */
export function readTyped(value: Buffer): Typed {
  return new rhea.types.Reader(value).read();
}

/** rhea decodes a 64-bit integer below 2^53 + 2^32 to the nearest double; above that, it keeps the bytes. */
function exact(value: Typed): Typed {
  if (!Number.isInteger(value.value) || Number.isSafeInteger(value.value)) return value;
  throw new BrokerError(
    "amqp:not-implemented",
    `This simulator cannot keep a 64-bit integer near 2^53 (${value.value}) as a property that settling adds.`,
  );
}

function isTyped(value: unknown): value is Typed {
  return typeof value === "object" && value !== null && "type" in value && "value" in value;
}

/** A field of a composite decoded by rhea, before rhea turns it into a plain value. */
export function fieldOf(composite: unknown, index: number): unknown {
  const isComposite = typeof composite === "object" && composite !== null && "value" in composite;
  return isComposite && Array.isArray(composite.value) ? composite.value[index] : undefined;
}

/** A delivery tag is the lock token in the byte order of a .NET Guid: the first three groups are little endian. */
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

/** $management sends lock tokens as AMQP uuid, in the order in which they are written. */
export function lockTokenFromUuid(uuid: unknown): string {
  if (!Buffer.isBuffer(uuid) || uuid.length !== 16) throw new TypeError("A lock token is a uuid of 16 bytes.");
  return uuid.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function uuidFromLockToken(token: string): Typed {
  return rhea.types.wrap_uuid(Buffer.from(token.replaceAll("-", ""), "hex"));
}

/**
 * Settles a delivery at the peer's request; without an answer, the peer's call would hang. The answer is the outcome that the
 * peer asked for: Java's client takes another one for a refusal, and Python's settles again.
 */
export function settleDelivery(delivery: Delivery, error?: Condition): void {
  const outcome = error ? rhea.message.rejected({ error }) : outcomeOf(delivery);
  delivery.update(true, outcome.described());
  // Clients send no disposition of their own for what this side has settled. rhea waits for one before it frees the
  // delivery's slot in the session, and stops sending when no slot is free.
  Reflect.set(delivery, "remote_settled", true);
}

/** There is none if the peer asked on another link, as with $management. An error in a rejection means a refusal. */
function outcomeOf({ remote_state: asked }: Delivery): Described {
  if (!asked || !isDescribed(asked)) return rhea.message.accepted();
  return "error" in asked ? rhea.message.rejected({}) : asked;
}

interface Described {
  described(): unknown;
}

function isDescribed(outcome: object): outcome is Described {
  return "described" in outcome && typeof outcome.described === "function";
}

/** AMQP has two encodings of a boolean. rhea decodes the longer one, which Python's client writes, to 0 or 1. */
export function isTrue(value: unknown): boolean {
  return value === true || value === 1;
}

/** A copy: rhea decodes every empty list, on all connections, to one array, and writes into it when it answers an attach. */
export function copyTerminus<Terminus extends object>(terminus: Terminus): Terminus {
  const fields: unknown = "value" in terminus ? terminus.value : undefined;
  return Array.isArray(fields) ? { ...terminus, value: [...fields] } : terminus;
}

/** Answers a drain: gives back the credit that the peer wants returned. */
export function answerDrain(sender: Sender): void {
  sender.set_drained(true);
  // set_drained only marks the link. Outside an event, only this makes rhea write the flow frame.
  sender.connection["_register"]();
}
