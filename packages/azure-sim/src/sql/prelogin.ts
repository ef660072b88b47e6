/** The first exchange (MS-TDS 2.2.6.5), which negotiates TLS and a federated login. */
import { ProtocolError } from "./bytes.ts";

const option = { version: 0, encryption: 1, instance: 2, threadId: 3, mars: 4, fedAuthRequired: 6, end: 0xff } as const;
const encryption = { off: 0, on: 1, notSupported: 2, required: 3 } as const;

export interface Prelogin {
  readonly encryption: number;
  readonly asksForFedAuth: boolean;
}

export function readPrelogin(body: Buffer): Prelogin {
  const options = new Map<number, Buffer>();
  for (let at = 0; ; at += 5) {
    const token = body[at];
    if (token === undefined) throw new ProtocolError("PRELOGIN without an end");
    if (token === option.end) break;
    if (at + 5 > body.length) throw new ProtocolError("PRELOGIN cut short");
    const offset = body.readUInt16BE(at + 1);
    const length = body.readUInt16BE(at + 3);
    if (offset + length > body.length) throw new ProtocolError(`PRELOGIN option ${token} points outside`);
    options.set(token, body.subarray(offset, offset + length));
  }
  return {
    encryption: options.get(option.encryption)?.[0] ?? encryption.notSupported,
    asksForFedAuth: options.get(option.fedAuthRequired)?.[0] === 1,
  };
}

/**
 * Azure SQL always encrypts. A client that asked for less than ON gets REQUIRED and switches to TLS; encrypting only the
 * login is not offered. FEDAUTHREQUIRED may be answered only if the client sent it.
 */
export function answerPrelogin({ encryption: asked, asksForFedAuth }: Prelogin): Buffer {
  const wantsTls = asked === encryption.on || asked === encryption.required;
  const parts: [number, Buffer][] = [
    [option.version, Buffer.of(12, 0, 0x07, 0xd0, 0, 0)],
    [option.encryption, Buffer.of(wantsTls ? encryption.on : encryption.required)],
    [option.instance, Buffer.of(0)],
    [option.threadId, Buffer.alloc(0)],
    [option.mars, Buffer.of(0)],
  ];
  if (asksForFedAuth) parts.push([option.fedAuthRequired, Buffer.of(1)]);
  const heads = Buffer.alloc(parts.length * 5 + 1, option.end);
  let offset = heads.length;
  parts.forEach(([token, data], index) => {
    heads.writeUInt8(token, index * 5);
    heads.writeUInt16BE(offset, index * 5 + 1);
    heads.writeUInt16BE(data.length, index * 5 + 3);
    offset += data.length;
  });
  return Buffer.concat([heads, ...parts.map(([, data]) => data)]);
}
