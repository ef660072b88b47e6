/**
 * Resource IDs (`_rid`), by which some clients go on to name a database and a container once they have read them: four bytes of the
 * database, and four more of the container, whose first bit is set.
 */
import { createHash } from "node:crypto";

/** `/dbs/shop/colls/carts`, and as many of its parts as there are. */
export function ridOf(scope: string): string {
  const [, database = "", container] = /^(\/dbs\/[^/]+)(\/colls\/[^/]+)?/.exec(scope) ?? [];
  const bytes = fourBytes(database);
  if (container === undefined) return printed(bytes);
  const own = fourBytes(database + container);
  own.writeUInt8(own.readUInt8(0) | 0x80, 0);
  return printed(Buffer.concat([bytes, own]));
}

function fourBytes(text: string): Buffer {
  return Buffer.from(createHash("sha256").update(text).digest().subarray(0, 4));
}

function printed(bytes: Buffer): string {
  return bytes.toString("base64").replaceAll("/", "-");
}

/** The path with names in place of resource IDs, of what an account has. */
export function namedPath(path: string, scopes: readonly string[]): string {
  const nameOf = (rid: string) =>
    scopes
      .find((scope) => ridOf(scope) === rid)
      ?.split("/")
      .at(-1) ?? rid;
  return path.replaceAll(/\/(dbs|colls)\/([^/]+)/g, (_, kind: string, name: string) => `/${kind}/${nameOf(name)}`);
}
