/** LOGIN7 (MS-TDS 2.2.6.4) and the token message that may follow it (2.2.6.3). */
import { ByteReader, ProtocolError } from "./bytes.ts";

const feature = { fedAuth: 0x02, utf8Support: 0x0a, end: 0xff } as const;
const fedAuthLibrary = { securityToken: 1, adal: 2 } as const;
const usesExtension = 0x10;

export interface Login {
  readonly tdsVersion: number;
  readonly packetSize: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly application: string;
  readonly asksForUtf8: boolean;
  /** `token`: the login contains the token. `adal`: the client asks where to get one. */
  readonly fedAuth: { readonly kind: "token"; readonly token: string } | { readonly kind: "adal" } | undefined;
}

export function readLogin7(body: Buffer): Login {
  if (body.length < 94) throw new ProtocolError(`LOGIN7 of ${body.length} bytes`);
  const features = (body.readUInt8(27) & usesExtension) !== 0 ? readFeatures(body) : new Map<number, Buffer>();
  const fedAuth = features.get(feature.fedAuth);
  return {
    tdsVersion: body.readUInt32LE(4),
    packetSize: body.readUInt32LE(8),
    user: textAt(body, 40),
    password: unscramble(bytesAt(body, 44)),
    application: textAt(body, 48),
    database: textAt(body, 68),
    asksForUtf8: features.has(feature.utf8Support),
    fedAuth: fedAuth && readFedAuth(fedAuth),
  };
}

/** The answer to FEDAUTHINFO: total length, token length, token, and an optional nonce. */
export function readFedAuthToken(body: Buffer): string {
  const reader = new ByteReader(body);
  reader.u32();
  return readToken(reader);
}

/** Microsoft's ODBC driver ends some tokens with a NUL. */
function readToken(reader: ByteReader): string {
  return reader.take(reader.u32()).toString("utf16le").replace(/\0+$/, "");
}

function textAt(body: Buffer, at: number): string {
  return bytesAt(body, at).toString("utf16le");
}

function bytesAt(body: Buffer, at: number): Buffer {
  const offset = body.readUInt16LE(at);
  const length = body.readUInt16LE(at + 2) * 2;
  if (offset + length > body.length) throw new ProtocolError(`LOGIN7 field ${at} points outside`);
  return body.subarray(offset, offset + length);
}

/** "Encrypted" by swapping the halves of each byte and XOR 0xA5. */
function unscramble(bytes: Buffer): string {
  const clear = Buffer.from(bytes.map((byte) => ((byte ^ 0xa5) >> 4) | (((byte ^ 0xa5) & 0x0f) << 4)));
  return clear.toString("utf16le");
}

function readFeatures(body: Buffer): Map<number, Buffer> {
  // The field at 56 is not the list but points to a pointer to it.
  const pointer = body.readUInt16LE(56);
  const list = pointer + 4 <= body.length ? body.readUInt32LE(pointer) : body.length;
  if (list >= body.length) throw new ProtocolError("LOGIN7 extension points outside");
  const reader = new ByteReader(body.subarray(list));
  const features = new Map<number, Buffer>();
  for (let id = reader.u8(); id !== feature.end; id = reader.u8()) features.set(id, reader.take(reader.u32()));
  return features;
}

function readFedAuth(data: Buffer): Login["fedAuth"] {
  const reader = new ByteReader(data);
  const library = reader.u8() >> 1;
  if (library === fedAuthLibrary.adal) return { kind: "adal" };
  if (library !== fedAuthLibrary.securityToken) throw new ProtocolError(`unknown federated login library ${library}`);
  return { kind: "token", token: readToken(reader) };
}
