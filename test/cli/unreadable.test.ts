/** Files and folders that the user may not read or write. The tests may run as root, who may, so Node itself refuses. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { run } from "./support/program.ts";

let folder: string;
let env: Record<string, string>;

/** Refuses everything whose path has `closed` in it. */
const refuseClosed = `
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
for (const call of ["mkdir", "open", "readdir", "readFile"]) {
  const real = fs.promises[call];
  fs.promises[call] = async (path, ...rest) => {
    if (!String(path).includes("closed")) return await real(path, ...rest);
    const message = \`EACCES: permission denied, \${call} '\${path}'\`;
    throw Object.assign(new Error(message), { code: "EACCES", path: String(path) });
  };
}
syncBuiltinESMExports();
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-unreadable-"));
  await mkdir(join(folder, "teams/closed"), { recursive: true });
  const preload = join(folder, "preload.mjs");
  await writeFile(preload, refuseClosed);
  env = { NODE_OPTIONS: `--import=${preload}` };
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("names the folder of requests that may not be read", async () => {
  const closed = join(folder, "teams/closed");

  expect(await run(["plan", "-f", closed], { env })).toEqual({
    code: 2,
    stdout: "",
    stderr: `mooring: ${closed} may not be read.\n`,
  });
});

it("names the catalog that may not be read", async () => {
  const closed = join(folder, "closed.yaml");

  expect(await run(["catalog", "check", closed], { env })).toMatchObject({
    code: 2,
    stderr: `mooring: ${closed} may not be read.\n`,
  });
});

it("names the file of contexts that may not be written", async () => {
  const config = join(folder, "closed/config.yaml");
  const words = ["config", "set-context", "test", "--server", "http://127.0.0.1:1"];

  const unreadable = await run(words, { env: { ...env, MOORING_CONFIG: config } });
  const unwritable = await run(words, { env: { MOORING_CONFIG: "/dev/null/config.yaml" } });

  expect(unreadable).toMatchObject({ code: 2, stderr: `mooring: ${config} may not be read.\n` });
  expect(unwritable.code).toBe(1);
  expect(unwritable.stderr).toMatch(/^mooring: \/dev\/null\/config\.yaml cannot be written: E[A-Z]+: [a-z ]+\.\n/);
  expect(unwritable.stderr).toContain("MOORING_CONFIG");
});
