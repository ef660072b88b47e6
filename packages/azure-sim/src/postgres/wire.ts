/** The messages of PostgreSQL's protocol 3 (postgresql.org "Frontend/Backend Protocol", "Message Formats"). */

/** In place of a version, in the first message of a connection. */
export const requestCodes = { cancel: 80_877_102, tls: 80_877_103, gssEncryption: 80_877_104 } as const;

/** What a client sends before its first typed message: its length, a code, and for a start its parameters. */
export interface StartPacket {
  readonly code: number;
  /** As it came, to be sent on. */
  readonly bytes: Buffer;
}

export interface Message {
  /** One letter. */
  readonly type: string;
  readonly body: Buffer;
  readonly bytes: Buffer;
}

export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

const longestStart = 10_000;
/** Of a server; a client's statement may be as long. */
const longestMessage = 64 * 1024 * 1024;

/** Cuts a stream into messages. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0);

  append(chunk: Buffer): void {
    this.#rest = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
  }

  nextStart(): StartPacket | undefined {
    if (this.#rest.length < 8) return undefined;
    const length = this.#rest.readInt32BE(0);
    if (length < 8 || length > longestStart) throw new ProtocolError(`a first message of ${length} bytes`);
    const bytes = this.#take(length);
    return bytes && { code: bytes.readInt32BE(4), bytes };
  }

  next(): Message | undefined {
    if (this.#rest.length < 5) return undefined;
    const length = this.#rest.readInt32BE(1);
    if (length < 4 || length > longestMessage) throw new ProtocolError(`a message of ${length} bytes`);
    const bytes = this.#take(length + 1);
    return bytes && { type: String.fromCharCode(bytes.readUInt8(0)), body: bytes.subarray(5), bytes };
  }

  #take(length: number): Buffer | undefined {
    if (this.#rest.length < length) return undefined;
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }
}

/** The parameters of a start: `user`, `database` and settings. */
export function readParameters({ bytes }: StartPacket): ReadonlyMap<string, string> {
  const parts = bytes.subarray(8).toString("utf8").split("\0");
  const parameters = new Map<string, string>();
  for (let at = 0; at + 1 < parts.length; at += 2) {
    const name = parts[at];
    if (name === undefined || name === "") break;
    parameters.set(name, parts[at + 1] ?? "");
  }
  return parameters;
}

/** A string of a message, which ends with a zero. */
export function readString(body: Buffer, from = 0): string {
  const end = body.indexOf(0, from);
  if (end < 0) throw new ProtocolError("a string without an end");
  return body.toString("utf8", from, end);
}

export function writeMessage(type: string, body: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, "latin1");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

/** Authentication request 3: the password as it is, which needs TLS. */
export function askForPassword(): Buffer {
  return writeMessage("R", Buffer.from([0, 0, 0, 3]));
}

export interface ServerError {
  readonly severity: "FATAL" | "ERROR";
  /** An SQLSTATE. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export function writeError({ severity, code, message, hint }: ServerError): Buffer {
  const fields = [`S${severity}`, `V${severity}`, `C${code}`, `M${message}`, ...(hint ? [`H${hint}`] : []), ""];
  return writeMessage("E", Buffer.from(fields.map((field) => `${field}\0`).join("")));
}

/** `T` in a transaction, `E` in one that has failed, `I` outside. */
export function writeReady(status: string): Buffer {
  return writeMessage("Z", Buffer.from(status, "latin1"));
}
