/** Bounds-checked reading of what a client sent: invalid input causes nothing worse than a ProtocolError. */

/** The client does not speak TDS as this server understands it; it loses its connection. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

export class ByteReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  take(length: number): Buffer {
    if (length > this.remaining) {
      throw new ProtocolError(`${length} bytes announced, ${this.remaining} left`);
    }
    const taken = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return taken;
  }

  u8(): number {
    return this.take(1).readUInt8();
  }

  u16(): number {
    return this.take(2).readUInt16LE();
  }

  u32(): number {
    return this.take(4).readUInt32LE();
  }

  i32(): number {
    return this.take(4).readInt32LE();
  }

  u64(): bigint {
    return this.take(8).readBigUInt64LE();
  }

  /** UCS-2 text with this number of characters. */
  text(characters: number): string {
    return this.take(characters * 2).toString("utf16le");
  }

  bVarchar(): string {
    return this.text(this.u8());
  }
}

export function u8(value: number): Buffer {
  return Buffer.of(value);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16LE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function u64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

export function ucs2(text: string): Buffer {
  return Buffer.from(text, "utf16le");
}

/** Text after a one-byte character count, which limits it to 255 characters. */
export function bVarchar(text: string): Buffer {
  const bytes = ucs2(text.slice(0, 255));
  return Buffer.concat([u8(bytes.length / 2), bytes]);
}

/** Text after a two-byte character count. */
export function usVarchar(text: string): Buffer {
  const bytes = ucs2(text.slice(0, 4000));
  return Buffer.concat([u16(bytes.length / 2), bytes]);
}
