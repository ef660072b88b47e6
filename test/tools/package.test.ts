/** `npm run package` makes what Azure would run. test/demo checks that the demo passes with it. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, expect, it } from "vitest";
import { buildApp } from "../../sandbox/build.ts";
import { checkCatalog, listContents, zip } from "../../tools/package/createPackage.ts";
import { sha256, writeBom, writeProvenance } from "../../tools/package/evidence.ts";
import { Backend } from "../../tools/package/hostJson.ts";

const root = dirname(dirname(import.meta.dirname));
const catalog = join(root, "mooring.yaml");
let folder: string;
let bundled: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-package-"));
  // By two at a time, as by sandboxes that start together.
  [bundled] = await Promise.all([buildApp(), buildApp()]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function contentsFor(backend: Backend, catalogFile = catalog): Promise<Record<string, string>> {
  const contents = await listContents({ backend, catalog: catalogFile });
  return Object.fromEntries(Object.entries(contents).map(([path, bytes]) => [path, bytes.toString()]));
}

it.each(Backend.options)("contains exactly what the app reads: %s", async (backend) => {
  const contents = await contentsFor(backend);

  const names = Object.keys(contents).sort();
  expect(names.filter((name) => !name.startsWith("dist/dashboard/assets/"))).toEqual([
    "dist/dashboard/index.html",
    "dist/main.cjs",
    "dist/telemetry.cjs",
    "host.json",
    "mooring.yaml",
    "package.json",
  ]);
  // Each is named by its hash and referenced by the document.
  const assets = names.filter((name) => name.startsWith("dist/dashboard/assets/"));
  expect(assets).toHaveLength(3);
  // In order of their hashes.
  expect(assets).toEqual(
    expect.arrayContaining([
      expect.stringMatching(/\/icon-[A-Z0-9]{8}\.svg$/),
      expect.stringMatching(/\/main-[A-Z0-9]{8}\.css$/),
      expect.stringMatching(/\/main-[A-Z0-9]{8}\.js$/),
    ]),
  );
  for (const name of assets) expect(contents["dist/dashboard/index.html"]).toContain(name.replace(/^dist/, ""));
  expect(JSON.parse(contents["package.json"] ?? "")).toEqual({
    name: "mooring",
    version: expect.any(String),
    private: true,
    license: "MIT",
    main: "dist/main.cjs",
    engines: expect.anything(),
  });
});

it("zips all contents, and the same contents to the same bytes", async () => {
  const contents = await listContents({ backend: "scheduler", catalog });

  const zipped = zip(contents);

  expect(sha256(zip(contents))).toBe(sha256(zipped));
  expect(digests(unzipSync(zipped))).toEqual(digests(contents));
});

const digests = (files: Readonly<Record<string, Uint8Array>>) =>
  Object.fromEntries(Object.entries(files).map(([path, bytes]) => [path, sha256(bytes)]));

it("differs between the two backends only in the storage provider", async () => {
  const [scheduler, storage] = await Promise.all(
    Backend.options.map(async (backend) => JSON.parse((await contentsFor(backend))["host.json"] ?? "")),
  );

  expect(scheduler.extensions.durableTask.storageProvider).toEqual({
    type: "azureManaged",
    connectionStringName: "DURABLE_TASK_SCHEDULER_CONNECTION_STRING",
  });
  expect(storage.extensions.durableTask.storageProvider).toEqual({
    type: "AzureStorage",
    maxQueuePollingInterval: "00:00:02",
    controlQueueVisibilityTimeout: "00:01:00",
    workItemQueueVisibilityTimeout: "00:01:00",
  });
  scheduler.extensions.durableTask.storageProvider = storage.extensions.durableTask.storageProvider;
  expect(scheduler).toEqual(storage);
});

const refusals = [
  { name: "a backend that there is not", args: ["--backend", "redis"], code: 64, says: "takes scheduler or storage" },
  { name: "a catalog that is not there", args: ["--catalog", "nowhere.yaml"], code: 78, says: "cannot be read" },
  { name: "a catalog with a mistake", args: ["--catalog", "host.json"], code: 78, says: "tenantId" },
];

it.each(refusals)("refuses $name, and says why", async ({ args, code, says }) => {
  const command = [join(root, "tools/package.ts"), ...args, "--out", join(folder, "refused")];

  const refused = promisify(execFile)(process.execPath, command, { cwd: root });

  await expect(refused).rejects.toMatchObject({ code, stderr: expect.stringContaining(says) });
  await expect(readFile(join(folder, "refused/mooring.zip"))).rejects.toThrow("ENOENT");
});

it("describes its contents and their source in a file next to it", async () => {
  const zipped = zip(await listContents({ backend: "storage", catalog }));

  const bom = JSON.parse(writeBom(bundled));
  const { subject, predicate } = JSON.parse(
    writeProvenance({ file: "mooring.zip", zip: zipped, backend: "storage", catalog }),
  );
  const parts: readonly string[] = bom.components.map(({ name }: { name: string }) => name);

  expect(bom).toMatchObject({ bomFormat: "CycloneDX", metadata: { component: { name: "mooring" } } });
  expect(parts).toEqual(expect.arrayContaining(["@azure/functions", "mssql", "zod"]));
  expect(parts.filter((name) => ["vitest", "esbuild", "azurite"].includes(name))).toEqual([]);
  expect(subject).toEqual([{ name: "mooring.zip", digest: { sha256: sha256(zipped) } }]);
  expect(predicate.buildDefinition.externalParameters).toEqual({
    backend: "storage",
    catalog: { sha256: sha256(await readFile(catalog)) },
  });
});

it("refuses a catalog that would let everybody do everything", async () => {
  const open = join(folder, "open.yaml");
  await writeFile(open, (await readFile(catalog, "utf8")).replace(/^auth:\n(?: .*\n)+/m, ""));

  expect(() => checkCatalog(open)).toThrow("the catalog has no auth");
});
