/** Where tests keep what they install and build: outside the checkout, so that a clean one uses it again. */
import { createHash } from "node:crypto";
import { homedir } from "node:os";
import { join } from "node:path";

export function cachePath(...names: readonly string[]): string {
  return join(process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "mooring", ...names);
}

/** Names what is made of these things and nothing else. */
export function keyOf(...contents: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(contents)).digest("hex").slice(0, 12);
}
