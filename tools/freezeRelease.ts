/**
 * Keeps what the version in package.json leaves behind when it is released, so that later versions are tested against it:
 * `node tools/run.mjs tools/freezeRelease.ts`. Existing files are never overwritten.
 *
 * | below test                              | what                                                              |
 * | fixtures/releases/<version>/main.cjs.br | the built app, with the other files that a host reads             |
 * | …/registered.json                       | names of the functions that it registers                          |
 * | …/tables.json, …/records.json           | rows of every kind that it writes, and how it reads them back     |
 * | proof/histories/<version>               | a history of every scenario, which replaces those of `next`       |
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import packageJson from "../package.json" with { type: "json" };
import { buildApp } from "../sandbox/build.ts";
import "../test/support/core.ts";

const { bundle, mostBytes, packedBundle, releasesFolder } = await import("../test/releases/support/releases.ts");
const { registeredBy } = await import("../test/releases/support/registered.ts");
const { furnish, keys } = await import("../test/releases/support/furnish.ts");
const { readBack } = await import("../test/releases/support/readBack.ts");
const { dumpTables } = await import("../test/releases/support/tableRows.ts");
const { startTables } = await import("../test/support/tableService.ts");
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
await keepTables();
await keepHistories();
// Without this, unfinished work would keep the process alive forever.
process.exit();

async function keep(file: string, make: () => Promise<string | Uint8Array>): Promise<void> {
  const path = join(release, file);
  if (existsSync(path)) {
    console.log(`${path} exists; it stays unchanged`);
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

async function keepTables(): Promise<void> {
  if (["tables.json", "records.json"].every((file) => existsSync(join(release, file)))) return;
  const { settings, close } = await startTables();
  try {
    await furnish(settings);
    await keep("tables.json", async () => toLines(await dumpTables(settings)));
    await keep("records.json", async () => toLines((await readBack(settings, keys)).records));
  } finally {
    await close();
  }
}

async function keepHistories(): Promise<void> {
  const folder = join(historiesFolder, version);
  if (existsSync(folder)) {
    console.log(`${folder} exists; it stays unchanged`);
    return;
  }
  await recordHistories(Object.keys(scenarios), folder);
  // The histories of this release now include them.
  await rm(join(historiesFolder, upcoming), { recursive: true, force: true });
  console.log(folder);
}

/** Prints each item of each part on its own line, so that rows are easy to find. */
function toLines(document: object): string {
  const parts = Object.entries(document).map(([part, content]) => `${JSON.stringify(part)}: ${linesOf(content)}`);
  return `{\n${parts.join(",\n")}\n}\n`;
}

function linesOf(content: unknown): string {
  if (Array.isArray(content)) return `[\n${content.map((each) => JSON.stringify(each)).join(",\n")}\n]`;
  return JSON.stringify(content);
}

function toJson(document: unknown): string {
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
