/** Where the checks of infra keep the tools that they get from NuGet: outside the checkout, so that a clean one finds them again. */
import { mkdir } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

export async function cacheFolder(name: string): Promise<string> {
  const folder = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "mooring", name);
  await mkdir(folder, { recursive: true });
  return folder;
}
