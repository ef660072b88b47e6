/** Packages that are no dependencies of the project: they are where the bench has installed them, and told here what they are. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

export async function importPeer<T>(peers: string, name: string): Promise<T> {
  const { resolve } = createRequire(join(peers, "package.json"));
  return (await import(pathToFileURL(resolve(name)).href)) as T;
}

/** As the worker of a peer is started: with the folder of the packages, and more. */
export function workerArguments(): readonly [peers: string, folder: string] {
  const [peers = "", folder = ""] = process.argv.slice(2);
  return [peers, folder];
}
