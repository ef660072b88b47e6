/** Other people's programs, with the commands of docs/sandbox.md, against the sandbox that `mooring up` runs. */
import { execFile, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sayNotRun } from "../support/notRun.ts";
import { hasProgram } from "../support/programs.ts";
import { checkout, type Running, run, start } from "./support/program.ts";

let sandbox: Running;
let server: string;

beforeAll(async () => {
  sandbox = start(["up", "--port", "0"]);
  await sandbox.hasSaid("Ctrl-C ends everything");
  server = /running at (http:\S+)/.exec(sandbox.said())?.[1] ?? "";
});
afterAll(async () => {
  sandbox.child.kill("SIGINT");
  await sandbox.ended;
});

/** Runs a block of commands from docs/sandbox.md unchanged, in a minimal shell. */
async function runBlock(name: string): Promise<string> {
  const text = await readFile(join(checkout, "docs/sandbox.md"), "utf8");
  const [, block = ""] = new RegExp(`\n\`\`\`sh ${name}\n([^\`]+)\`\`\``).exec(text) ?? [];
  expect(block).toContain(name);
  const { PATH = "", HOME = "" } = process.env;
  const options = { cwd: checkout, env: { PATH, HOME, MOORING_SERVER: server } };
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", block], options);
  return stdout;
}

const hasTsql = hasProgram("tsql", { what: "tsql did not log in", probe: ["-C"], from: "freetds-bin" });

describe.runIf(hasTsql)("tsql", () => {
  it("logs in as docs/sandbox.md says, over TLS with the sandbox's authority, and reads the sample's table", async () => {
    expect(await runBlock("tsql")).toMatch(/message_text\nmy message\nnew message\n/);
  });
});

/** The version that was tested; later ones log in with other calls. */
const [, azVersion] =
  /"azure-cli": "(\d+\.\d+)/.exec(spawnSync("az", ["version"], { encoding: "utf8" }).stdout ?? "") ?? [];
const whyNot = azVersion === undefined ? "it is not installed here; apt-get install azure-cli" : `this is ${azVersion}`;
const hasAz = azVersion === "2.45";
if (!hasAz) sayNotRun(`az 2.45 did not log in: ${whyNot}`);

describe.runIf(hasAz)("az", () => {
  it("logs in as docs/sandbox.md says, and lists groups and identities", async () => {
    const onboard = ["onboard", "aks-dev/team-a", "--database", "sql-dev/messages=reader", "--wait"];
    expect(await run(onboard, { env: { MOORING_SERVER: server } })).toMatchObject({ code: 0 });

    const said = await runBlock("az");

    expect(said).toMatch(/^rg-data +westeurope +Succeeded$/m);
    expect(said).toContain("mooring-aks-dev-team-a-");
  });
});
