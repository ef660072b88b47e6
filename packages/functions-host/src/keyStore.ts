import { createHmac, randomBytes } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { HostKeys } from "./http/keys.ts";
import { findSetting, type Settings } from "./settings.ts";

/** The system key is generated once per data directory, so that the management links in an answer still work after a restart. */
export async function readKeys(dataDirectory: string, { settings }: { settings: Settings }): Promise<HostKeys> {
  const system =
    findSetting(settings, "MOORING_SYSTEM_KEY") ?? (await readOrMakeKey(join(dataDirectory, "system.key")));
  return { system, rpc: rpcKeyOf(system) };
}

/** Not the system key itself, because addresses are recorded in more places than keys. */
export function rpcKeyOf(system: string): string {
  return createHmac("sha256", system).update("durabletask").digest("base64url");
}

async function readOrMakeKey(path: string): Promise<string> {
  // A file that cannot be read cannot be written either, and that error is reported.
  const stored = await readFile(path, "utf8").catch(() => "");
  if (/^[\w-]{32,}$/.test(stored)) return stored;
  const made = randomBytes(32).toString("base64url");
  await writeFile(path, made, { mode: 0o600 });
  return made;
}
