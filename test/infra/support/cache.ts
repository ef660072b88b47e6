/** Where tests keep tools from NuGet: outside the checkout, so that a clean checkout can reuse them. */
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

export async function cacheFolder(name: string): Promise<string> {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "mooring", name);
  await mkdir(folder, { recursive: true });
  return folder;
}
