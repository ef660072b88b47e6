/**
 * A name that is a mark: for things that are called by a GUID and have no field for anything else. It is a UUID of version 8
 * (RFC 9562, 5.8). Its first half says whose the thing is, its second half which operation made it. Both are hashes: whoever has both
 * the thing and an operation can compare, and nobody can read them back.
 */
import { createHash } from "node:crypto";

export interface OwnName {
  /** Everything that the thing is, and the namespace that it was made for. */
  readonly thing: readonly string[];
  readonly operation: string;
}

export function ownName({ thing, operation }: OwnName): string {
  const bytes = Buffer.concat([hash(...thing).subarray(0, 8), hash(operation).subarray(0, 8)]);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Whether it is the name of such a thing, whichever operation made it. */
export function isOwnName(name: string, thing: OwnName["thing"]): boolean {
  return halvesOf(name)[0] === halvesOf(ownName({ thing, operation: "" }))[0];
}

/** Whether the operation made whatever has this name. */
export function isNameOf(name: string, operation: string): boolean {
  return halvesOf(name)[1] === halvesOf(ownName({ thing: [], operation }))[1];
}

function halvesOf(name: string): readonly string[] {
  const digits = name.toLowerCase().replaceAll("-", "");
  return [digits.slice(0, 16), digits.slice(16)];
}

/** Of the texts one by one: no other list of texts has it. */
function hash(...texts: readonly string[]): Buffer {
  return createHash("sha256").update(JSON.stringify(texts)).digest();
}
