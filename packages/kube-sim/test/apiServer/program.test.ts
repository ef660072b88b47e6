/** The real API server's programs end with the process that started them, however that ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isRunning } from "../../../../test/support/processes.ts";
import { startProgram } from "../../src/apiServer/program.ts";

const root = join(import.meta.dirname, "../../../..");
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mooring-program-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A program that runs until it is ended, and says where it is. */
const endless = (file: string) => ({
  eval: `require("node:fs").writeFileSync(${JSON.stringify(file)}, String(process.pid)); setInterval(() => {}, 1000);`,
});

async function pidIn(file: string): Promise<number> {
  const read = () => readFile(file, "utf8").catch(() => "");
  await expect.poll(read, { timeout: 20_000 }).not.toBe("");
  return Number(await read());
}

/** Another process, as a worker of the tests is, that has started such a program. */
async function startParent(file: string): Promise<ChildProcess> {
  const script = join(folder, "parent.ts");
  const from = JSON.stringify(join(root, "packages/kube-sim/src/apiServer/program.ts"));
  await writeFile(
    script,
    `import { startProgram } from ${from};\nstartProgram(process.execPath, ${JSON.stringify(endless(file))});\nsetInterval(() => {}, 1000);\n`,
  );
  return spawn(process.execPath, [script], { stdio: "ignore" });
}

it.each(["SIGTERM", "SIGINT", "SIGHUP", "SIGKILL"] as const)("when that gets %s", async (signal) => {
  const file = join(folder, signal);
  const parent = await startParent(file);
  const ended = once(parent, "exit");
  const pid = await pidIn(file);

  parent.kill(signal);
  await ended;

  await expect.poll(() => isRunning(pid), { timeout: 10_000, interval: 50 }).toBe(false);
});

it("is killed, and says what it said last", async () => {
  const file = join(folder, "killed");
  const program = startProgram(process.execPath, endless(file));
  const pid = await pidIn(file);
  expect(program.hasEnded).toBe(false);

  await program.kill();

  expect(program.hasEnded).toBe(true);
  // It has lost its parent, too, and is there until the system has taken note of its end.
  await expect.poll(() => isRunning(pid), { timeout: 10_000, interval: 10 }).toBe(false);
});

it("is seen to end by itself", async () => {
  const program = startProgram(process.execPath, { eval: "console.error('no data folder'); process.exit(3)" });

  await expect.poll(() => program.hasEnded, { timeout: 20_000, interval: 50 }).toBe(true);
  await program.kill();
  expect(program.tail()).toBe("no data folder");
});

it("is a program that cannot be started", async () => {
  const program = startProgram(join(folder, "missing"), {});

  await expect.poll(() => program.hasEnded, { timeout: 20_000, interval: 50 }).toBe(true);
  await program.kill();
  expect(program.tail()).toContain("missing");
});
