/** Packages that are not dependencies of the project: the bench installs them elsewhere, and the caller gives their types. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export async function importPeer<T>(peers: string, name: string): Promise<T> {
  const { resolve } = createRequire(join(peers, "package.json"));
  return (await import(pathToFileURL(resolve(name)).href)) as T;
}

/** The arguments of a peer's worker: the folder of the packages, and perhaps one for its store. */
export function workerArguments(): readonly [peers: string, folder: string] {
  const [peers = "", folder = ""] = process.argv.slice(2);
  return [peers, folder];
}
