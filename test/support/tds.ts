/** TDS without a driver: shows the bytes of a reply that no driver exposes. */
import { once } from "node:events";
import tls, { type TLSSocket } from "node:tls";
import { headerBytes, packetType, toPackets } from "../../packages/azure-sim/src/sql/packets.ts";

const text = (value: string) => Buffer.from(value, "utf16le");

export interface RawLogin {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly packetSize?: number;
}

/** A LOGIN7 with a user name and password, as FreeTDS sends it, without its optional parts. */
export function login7({ user, password, database, packetSize = 4096 }: RawLogin): Buffer {
  const scrambled = text(password).map((byte) => (((byte & 0x0f) << 4) | (byte >> 4)) ^ 0xa5);
  const fields: [at: number, data: Uint8Array][] = [
    [40, text(user)],
    [44, scrambled],
    [68, text(database)],
  ];
  const head = Buffer.alloc(94);
  head.writeUInt32LE(0x74000004, 4);
  head.writeUInt32LE(packetSize, 8);
  let offset = head.length;
  for (const [at, data] of fields) {
    head.writeUInt16LE(offset, at);
    head.writeUInt16LE(data.length / 2, at + 2);
    offset += data.length;
  }
  head.writeUInt32LE(offset, 0);
  return Buffer.concat([head, ...fields.map(([, data]) => data)]);
}

/** A LOGIN7 of a client that asks where and for what to get a token (FEDAUTH, library ADAL). */
export function login7WithoutToken(database: string): Buffer {
  return withFedAuth(database, Buffer.of(2 << 1, 2));
}

/** A LOGIN7 that contains the token (FEDAUTH, library security token). */
export function login7WithToken(database: string, token: string): Buffer {
  const bytes = text(token);
  const head = Buffer.alloc(5);
  head.writeUInt8(1 << 1, 0);
  head.writeUInt32LE(bytes.length, 1);
  return withFedAuth(database, Buffer.concat([head, bytes]));
}

function withFedAuth(database: string, data: Buffer): Buffer {
  const login = login7({ user: "", password: "", database });
  const usesExtension = 0x10;
  login.writeUInt8(usesExtension, 27);
  // The field points to a pointer, which points to the list of features: FEDAUTH alone.
  login.writeUInt16LE(login.length, 56);
  login.writeUInt16LE(4, 58);
  const pointer = Buffer.alloc(4);
  pointer.writeUInt32LE(login.length + 4);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(data.length);
  const made = Buffer.concat([login, pointer, Buffer.of(0x02), size, data, Buffer.of(0xff)]);
  made.writeUInt32LE(made.length, 0);
  return made;
}

/** ALL_HEADERS with a transaction descriptor of zeros, as it precedes batches and RPCs. */
export const headers = Buffer.from([22, 0, 0, 0, 18, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);

/** TDS 8.0 is TLS from the first byte, so that a test needs no more than node:tls to connect. */
export async function openStrict(port: number): Promise<TLSSocket> {
  const socket = tls.connect({ host: "localhost", port, ALPNProtocols: ["tds/8.0"] });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  return socket;
}

export interface RawReply {
  /** One per TLS record. */
  readonly records: readonly Buffer[];
  /** The tokens, without packet headers. */
  readonly tokens: Buffer;
}

/** Sends one message, and collects the answer to its end. */
export async function exchange(
  socket: TLSSocket,
  { type, body, packetSize = 4096 }: { type: number; body: Buffer; packetSize?: number | undefined },
): Promise<RawReply> {
  const records: Buffer[] = [];
  const onData = (record: Buffer) => records.push(record);
  socket.on("data", onData);
  socket.write(toPackets(type, body, packetSize));
  for (;;) {
    await once(socket, "data");
    const tokens = unpack(Buffer.concat(records));
    if (!tokens) continue;
    socket.off("data", onData);
    return { records, tokens };
  }
}

/** A client that has logged in. */
export async function openRaw(port: number, login: RawLogin) {
  const socket = await openStrict(port);
  const ask = (type: number, body: Buffer) => exchange(socket, { type, body, packetSize: login.packetSize });
  await ask(packetType.login7, login7(login));
  return {
    batch: (sql: string) => ask(packetType.batch, Buffer.concat([headers, text(sql)])),
    /** A transaction manager request: 5 begins, 7 commits, 8 rolls back, 9 saves (MS-TDS 2.2.6.9). */
    transaction: (type: number, ...parts: (number | string)[]) =>
      ask(packetType.transactionManager, Buffer.concat([headers, Buffer.of(type, 0), ...parts.map(part)])),
    close: () => socket.destroy(),
  };
}

/** A byte, or a name after its length in bytes. */
function part(value: number | string): Buffer {
  if (typeof value === "number") return Buffer.of(value);
  return Buffer.concat([Buffer.of(value.length * 2), text(value)]);
}

/** Undefined until the message's last packet is complete. */
function unpack(bytes: Buffer): Buffer | undefined {
  const pieces: Buffer[] = [];
  for (let at = 0; at + headerBytes <= bytes.length; ) {
    const length = bytes.readUInt16BE(at + 2);
    if (at + length > bytes.length) return undefined;
    pieces.push(bytes.subarray(at + headerBytes, at + length));
    if ((bytes.readUInt8(at + 1) & 1) === 1) return Buffer.concat(pieces);
    at += length;
  }
  return undefined;
}
