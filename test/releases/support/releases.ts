/** What each release left behind, as tools/freezeRelease.ts stores it. */
import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";

export const checkout = join(import.meta.dirname, "../../..");
export const releasesFolder = join(checkout, "test/fixtures/releases");

/** Relative to the app's folder, like `main` in package.json. */
export const bundle = "dist/main.cjs";
export const packedBundle = "main.cjs.br";
/** The limit for a packed bundle, since every clone of the repository has to fetch it. */
export const mostBytes = 2 * 1024 * 1024;
/** The files of a function app other than its bundle. */
const appFiles = ["package.json", "host.json", "mooring.yaml"] as const;

export const releases: readonly string[] = readdirSync(releasesFolder);

/** A JSON file of a release. */
export function readFixture(release: string, file: string): unknown {
  return JSON.parse(readFileSync(join(releasesFolder, release, file), "utf8"));
}

export interface ReleasedApp {
  /** A function app that a host can load. */
  readonly folder: string;
  remove(): Promise<void>;
}

export async function unpackApp(release: string): Promise<ReleasedApp> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), `mooring-${release}-`)));
  const from = join(releasesFolder, release);
  for (const file of appFiles) await cp(join(from, file), join(folder, file));
  await mkdir(join(folder, "dist"));
  await writeFile(join(folder, bundle), await promisify(brotliDecompress)(await readFile(join(from, packedBundle))));
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
