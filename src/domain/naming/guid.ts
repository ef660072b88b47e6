/**
 * The GUID that `guid()` of Bicep and ARM templates makes of the same texts (learn.microsoft.com "String functions for Bicep"): a
 * UUID of version 5 (RFC 4122, 4.3), of the texts joined with hyphens.
 */
import { createHash } from "node:crypto";

/** Azure Resource Manager's own namespace. */
const namespace = Buffer.from("11fb06fb712d4ddd98c7e71bbd588830", "hex");

export function guid(...texts: readonly string[]): string {
  const bytes = createHash("sha1").update(namespace).update(texts.join("-")).digest().subarray(0, 16);
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x50, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
