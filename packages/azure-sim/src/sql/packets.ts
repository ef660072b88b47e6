/**
 * TDS packets (MS-TDS 2.2.3): an 8-byte header with a big-endian length, then part of a message; a message ends with the
 * packet that has the end-of-message bit.
 */
import { ProtocolError } from "./bytes.ts";

export const packetType = {
  batch: 0x01,
  rpc: 0x03,
  reply: 0x04,
  attention: 0x06,
  bulkLoad: 0x07,
  fedAuthToken: 0x08,
  transactionManager: 0x0e,
  login7: 0x10,
  prelogin: 0x12,
} as const;

export const headerBytes = 8;
const endOfMessage = 0x01;
const ignore = 0x02;
const resetConnection = 0x08;
const resetConnectionKeepTransaction = 0x10;

export interface Message {
  readonly type: number;
  readonly body: Buffer;
  /** The client abandoned the request while sending it. */
  readonly isIgnored: boolean;
  readonly reset: "none" | "all" | "keepTransaction";
}

/** Joins packets into messages, one at a time, so that the caller can stop before the end of what has arrived. */
export class PacketReader {
  #pending: Buffer = Buffer.alloc(0);
  #pieces: Buffer[] = [];
  #pieceBytes = 0;
  #firstStatus = 0;
  #type: number | undefined;

  /** True until the first byte of a message arrives. */
  get isEmpty(): boolean {
    return this.#pending.length === 0 && this.#type === undefined;
  }

  append(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /** The next complete message, or undefined until more bytes arrive. */
  next({ maxBytes }: { maxBytes: number }): Message | undefined {
    while (this.#pending.length >= headerBytes) {
      const type = this.#pending.readUInt8(0);
      const status = this.#pending.readUInt8(1);
      const length = this.#pending.readUInt16BE(2);
      if (length < headerBytes) throw new ProtocolError(`packet of ${length} bytes`);
      if (this.#type !== undefined && this.#type !== type) {
        throw new ProtocolError(`packet of type ${type} inside a message of type ${this.#type}`);
      }
      if (this.#pieceBytes + length - headerBytes > maxBytes) {
        throw new ProtocolError(`message of more than ${maxBytes} bytes`);
      }
      if (this.#pending.length < length) return undefined;
      if (this.#type === undefined) this.#firstStatus = status;
      this.#type = type;
      this.#pieces.push(this.#pending.subarray(headerBytes, length));
      this.#pieceBytes += length - headerBytes;
      this.#pending = this.#pending.subarray(length);
      if ((status & endOfMessage) !== 0) return this.#finish(type, status);
    }
    return undefined;
  }

  /** Removes and returns what follows the last message: after PRELOGIN, it is already TLS. */
  takeRest(): Buffer {
    const rest = this.#pending;
    this.#pending = Buffer.alloc(0);
    return rest;
  }

  #finish(type: number, lastStatus: number): Message {
    const body = Buffer.concat(this.#pieces);
    const first = this.#firstStatus;
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#type = undefined;
    return {
      type,
      body,
      isIgnored: (lastStatus & ignore) !== 0,
      reset: first & resetConnection ? "all" : first & resetConnectionKeepTransaction ? "keepTransaction" : "none",
    };
  }
}

/** Splits a message into packets of at most `packetSize` bytes, including the header. */
export function toPackets(type: number, body: Buffer, packetSize: number): Buffer {
  const room = packetSize - headerBytes;
  const packets: Buffer[] = [];
  let id = 0;
  for (let start = 0; start === 0 || start < body.length; start += room) {
    const piece = body.subarray(start, start + room);
    const header = Buffer.alloc(headerBytes);
    header.writeUInt8(type, 0);
    header.writeUInt8(start + room >= body.length ? endOfMessage : 0, 1);
    header.writeUInt16BE(piece.length + headerBytes, 2);
    id = (id + 1) & 0xff;
    header.writeUInt8(id, 6);
    packets.push(header, piece);
  }
  return Buffer.concat(packets);
}
