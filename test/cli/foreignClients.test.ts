/** Other people's programs, with the commands of sandbox/README.md, against the sandbox that `mooring up` runs. */
import { execFile, spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify, stripVTControlCharacters } from "node:util";
import { sayNotRun } from "test-support/notRun";
import { hasProgram } from "test-support/programs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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

/** Runs a block of commands from sandbox/README.md unchanged, in a minimal shell. */
async function runBlock(name: string, before = ""): Promise<string> {
  const text = await readFile(join(checkout, "sandbox/README.md"), "utf8");
  const [, block = ""] = new RegExp(`\n\`\`\`sh ${name}\n([^\`]+)\`\`\``).exec(text) ?? [];
  expect(block, `the block ${name} of sandbox/README.md`).not.toBe("");
  return await runScript(before + block);
}

async function runScript(script: string): Promise<string> {
  const kept = ["PATH", "HOME", "GOPATH", "GOCACHE", "GOFLAGS", "MAVEN_OPTS", "MAVEN_ARGS"].map(
    (each) => [each, process.env[each]] as const,
  );
  const env = Object.fromEntries(kept.filter(([, value]) => value !== undefined));
  const options = { cwd: checkout, env: { ...env, MOORING_SERVER: server } };
  const { stdout } = await promisify(execFile)("bash", ["-euo", "pipefail", "-c", script], options);
  // Maven ends its colours even where it has none.
  return stripVTControlCharacters(stdout);
}

const hasTsql = hasProgram("tsql", { what: "tsql did not log in", probe: ["-C"], from: "freetds-bin" });

describe.runIf(hasTsql)("tsql", () => {
  it("logs in as sandbox/README.md says, over TLS with the sandbox's authority, and reads the sample's table", async () => {
    expect(await runBlock("tsql")).toMatch(/message_text\nmy message\nnew message\n/);
  });
});

const [, azVersion] =
  /"azure-cli": "([\d.]+)/.exec(spawnSync("az", ["version"], { encoding: "utf8" }).stdout ?? "") ?? [];
if (azVersion === undefined) sayNotRun("az did not log in: it is not installed here (pip install azure-cli)");

describe.runIf(azVersion !== undefined)(`az ${azVersion}`, () => {
  it("logs in as sandbox/README.md says, and lists groups and identities", async () => {
    const onboard = ["onboard", "aks-dev/team-a", "--database", "sql-dev/messages=reader", "--wait"];
    expect(await run(onboard, { env: { MOORING_SERVER: server } })).toMatchObject({ code: 0 });

    const said = await runBlock("az");

    expect(said).toMatch(/^rg-data +westeurope +Succeeded$/m);
    expect(said).toContain("mooring-aks-dev-team-a-");
  });

  it("runs the lines of an export, here for another identity", { timeout: 300_000 }, async () => {
    const env = { MOORING_SERVER: server };
    const targets = ["--target", "uploads=read", "--target", "carts=write"];
    expect(await run(["onboard", "aks-dev/team-b", ...targets, "--wait"], { env })).toMatchObject({ code: 0 });
    const { stdout: exported } = await run(["export", "aks-dev/team-b", "--format", "azurecli"], { env });
    const lines = exported.split("\n").filter((line) => line.includes(" role assignment create "));
    const others = lines.map((line) => line.replace(/(--assignee-object-id|--principal-id) \S+/, '$1 "$principal"'));
    const create = "az identity create --resource-group rg-data --name by-hand --query principalId --output tsv";

    const said = await runScript(
      [`eval "$(npx mooring sandbox env)"`, `principal=$(${create})`, ...others, 'echo "for $principal"'].join("\n"),
    );

    const principal = /^for (\S+)$/m.exec(said)?.[1];
    expect(lines.map((line) => line.split(" ")[1])).toEqual(["role", "cosmosdb"]);
    expect(said.match(new RegExp(`"principalId": "${principal}"`, "g"))).toHaveLength(2);
  });

  it("does by hand what the service does", { timeout: 300_000 }, async () => {
    const said = await runBlock("az-by-hand", `eval "$(npx mooring sandbox env)"\n`);

    expect(said).toContain('"subject": "system:serviceaccount:team-a:app"');
    expect(said).toMatch(/^sql-by-hand\/messages +rg-by-hand +westeurope +Microsoft.Sql\/servers\/databases/m);
  });
});

const python = ["azure.identity", "azure.mgmt.msi", "azure.servicebus", "kubernetes", "mssql_python", "pytds"];
const versionOfPython = spawnSync("python3", ["-c", `import ${python.join(", ")}; print(kubernetes.__version__)`], {
  encoding: "utf8",
});
const hasPython = versionOfPython.status === 0;
if (!hasPython)
  sayNotRun("Python's clients did not meet the sandbox: pip install -r examples/clients/python/requirements.txt");

const hasOdbc = spawnSync("python3", ["-c", "import pyodbc"], { stdio: "ignore" }).status === 0;
if (hasPython && !hasOdbc) sayNotRun("Microsoft's ODBC driver did not fetch a token: pip install pyodbc, and unixODBC");

describe.runIf(hasPython)("Python's clients", () => {
  it("do all of examples/clients/python", async () => {
    expect((await runBlock("python")).split("\n")).toEqual([
      "arm {'by': 'python'} ['system:serviceaccount:python:app']",
      "workload identity True",
      "mssql-python ['my message', 'new message']",
      hasOdbc ? "pyodbc ['my message', 'new message']" : expect.stringMatching(/^pyodbc not run: /),
      "python-tds ['my message', 'new message']",
      "settled abandon 1 defer",
      "scheduled now",
      "too large MessageSizeExceededError",
      "dead letter tried by python",
      "topic to all",
      expect.stringMatching(/^missing entity ServiceBus\w*Error$/),
      "version True",
      "cluster [('ADDED', {'key': 'two'})]",
      "",
    ]);
  });
});

/** Compiling takes minutes without a cache of Go's own. */
const goFolder = join(checkout, "examples/clients/go");
const builds = spawnSync("go", ["list", "-deps", "."], {
  cwd: goFolder,
  env: { ...process.env, GOFLAGS: "-mod=readonly", GOPROXY: "off" },
  stdio: "ignore",
});
const hasGo = builds.status === 0;
if (!hasGo) sayNotRun("Go's clients did not meet the sandbox: go mod download in examples/clients/go");

describe.runIf(hasGo)("Go's clients", () => {
  it("do all of examples/clients/go", { timeout: 900_000 }, async () => {
    expect((await runBlock("go")).split("\n")).toEqual([
      "arm go true",
      "workload identity true",
      "sql my message",
      "sql new message",
      "fedauth my message",
      "fedauth new message",
      "settled abandon 2 defer",
      "scheduled now",
      "dead letter tried",
      "topic to all",
      "missing entity true",
      "cluster MODIFIED map[key:two more:three]",
      "openapi 2.0 true",
      "",
    ]);
  });
});

const javaFolder = join(checkout, "examples/clients/java");
const compiles = spawnSync("mvn", ["--quiet", "--offline", "compile", "exec:help"], {
  cwd: javaFolder,
  stdio: "ignore",
});
const hasJava = compiles.status === 0;
if (!hasJava) sayNotRun("Java's clients did not meet the sandbox: mvn compile exec:help in examples/clients/java");

describe.runIf(hasJava)("Java's clients", () => {
  it("do all of examples/clients/java", { timeout: 300_000 }, async () => {
    const said = (await runBlock("java")).split("\n");

    expect(said.filter((line) => !/certificate/i.test(line))).toEqual([
      "arm java [system:serviceaccount:java:app]",
      "workload identity true",
      "sql my message",
      "sql new message",
      "settled abandon 1 defer",
      "scheduled now",
      "dead letter tried",
      "topic to all",
      "missing entity MESSAGING_ENTITY_NOT_FOUND",
      "cluster ADDED {key=one}",
      "applied {key=two, more=three}",
      "",
    ]);
  });
});
