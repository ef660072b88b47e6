/** Where tests keep tools from NuGet: outside the checkout, so that a clean checkout can reuse them. */
import { mkdir } from "node:fs/promises";
import { cachePath } from "../../support/cache.ts";

export async function cacheFolder(name: string): Promise<string> {
  const folder = cachePath(name);
  await mkdir(folder, { recursive: true });
  return folder;
}
