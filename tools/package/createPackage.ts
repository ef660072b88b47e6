/** The zip for Flex Consumption: the bundles, the dashboard, host.json, package.json and the catalog; only what the app reads. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { zipSync } from "fflate";
import { z } from "zod";
import { bundles } from "../../sandbox/build.ts";
import { isAnonymous, loadCatalog } from "../../src/catalog.ts";
import { type Backend, hostJsonFor } from "./hostJson.ts";

const root = dirname(dirname(import.meta.dirname));

const PackageJson = z.object({
  name: z.string(),
  version: z.string(),
  license: z.string(),
  main: z.string(),
  engines: z.record(z.string(), z.string()),
});

/** Rejects a catalog with which Mooring would not start; a deployed app never allows anonymous access. */
export function checkCatalog(file: string): void {
  isAnonymous(loadCatalog(file), { MOORING_ALLOW_ANONYMOUS: false });
}

/** The contents by their paths in the zip; the bundles must be built. */
export async function listContents(options: {
  readonly backend: Backend;
  readonly catalog: string;
}): Promise<Readonly<Record<string, Buffer>>> {
  const read = (name: string) => readFile(join(root, name));
  const { main, ...described } = PackageJson.parse(JSON.parse((await read("package.json")).toString()));
  return {
    ...Object.fromEntries(await Promise.all(bundles.map(async (file) => [file, await read(file)] as const))),
    ...(await listDashboard()),
    "host.json": Buffer.from(hostJsonFor(options.backend, (await read("host.json")).toString())),
    "mooring.yaml": await readFile(options.catalog),
    "package.json": Buffer.from(`${JSON.stringify({ ...described, private: true, main }, null, 2)}\n`),
  };
}

async function listDashboard(): Promise<Readonly<Record<string, Buffer>>> {
  const folder = "dist/dashboard";
  const assets = await readdir(join(root, folder, "assets"));
  const names = [`${folder}/index.html`, ...assets.map((name) => `${folder}/assets/${name}`)];
  const read = names.map(async (name) => [name, await readFile(join(root, name))] as const);
  return Object.fromEntries(await Promise.all(read));
}

/** Reproducible, so that the digest identifies the contents: all files have the earliest date that a zip allows. */
export function zip(contents: Readonly<Record<string, Uint8Array>>): Uint8Array {
  return zipSync({ ...contents }, { level: 9, mtime: new Date(1980, 0, 1) });
}
