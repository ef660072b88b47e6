/**
 * Keeps what the version of package.json leaves behind when it is released, so that every later one is held to it:
 * `node tools/run.mjs tools/freezeRelease.ts`. What is there already is never written again.
 *
 * | below test                              | what                                                              |
 * | fixtures/releases/<version>/main.cjs.br | the built app, with the other files that a host reads             |
 * | …/registered.json                       | names of the functions that it registers                          |
 * | proof/histories/<version>               | a history of every scenario, in the place of those of `next`      |
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import { buildApp } from "../local/build.ts";
import packageJson from "../package.json" with { type: "json" };
import "../test/support/core.ts";

const { bundle, mostBytes, packedBundle, releasesFolder } = await import("../test/releases/support/releases.ts");
const { registeredBy } = await import("../test/releases/support/registered.ts");
const { historiesFolder, upcoming } = await import("../test/proof/support/histories.ts");
const { recordHistories } = await import("../test/proof/support/record.ts");
const { scenarios } = await import("../test/proof/support/scenarios.ts");

const checkout = dirname(import.meta.dirname);
const { name, version, type, main } = packageJson;
const release = join(releasesFolder, version);

await mkdir(release, { recursive: true });
await buildApp();
await keep("package.json", async () => toJson({ name, version, private: true, type, main }));
await keep("host.json", () => readFile(join(checkout, "host.json")));
await keep("mooring.yaml", () => readFile(join(checkout, "mooring.yaml")));
await keep(packedBundle, packBundle);
await keep("registered.json", async () => toJson(await registeredBy(checkout)));
await keepHistories();

async function keep(file: string, make: () => Promise<string | Uint8Array>): Promise<void> {
  const path = join(release, file);
  if (existsSync(path)) {
    console.log(`${path} is kept as it is`);
    return;
  }
  await writeFile(path, await make());
  console.log(path);
}

async function packBundle(): Promise<Uint8Array> {
  const packed = await promisify(brotliCompress)(await readFile(join(checkout, bundle)));
  if (packed.length > mostBytes)
    throw new Error(`The packed bundle has ${packed.length} bytes, more than ${mostBytes}.`);
  return packed;
}

async function keepHistories(): Promise<void> {
  const folder = join(historiesFolder, version);
  if (existsSync(folder)) {
    console.log(`${folder} is kept as it is`);
    return;
  }
  await recordHistories(Object.keys(scenarios), folder);
  // They are among those of this release now.
  await rm(join(historiesFolder, upcoming), { recursive: true, force: true });
  console.log(folder);
}

function toJson(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
