/** `mooring up --auth` and `--catalog`: the printed commands are typed unchanged into a terminal. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { checkout, type Running, run, runHere, start } from "./support/program.ts";

async function up(...args: string[]): Promise<{ sandbox: Running; server: string }> {
  const sandbox = start(["up", "--port", "0", ...args]);
  await sandbox.hasSaid("Ctrl-C ends everything");
  const [, server = ""] = /running at (http:\S+)/.exec(sandbox.said()) ?? [];
  return { sandbox, server };
}

async function end({ sandbox }: { sandbox: Running }): Promise<void> {
  sandbox.child.kill("SIGINT");
  await sandbox.ended;
}

interface Shell {
  /** Types a line, answers yes to questions, and returns the output until the prompt came back. */
  type(line: string): Promise<{ readonly code: number; readonly said: string }>;
  end(): Promise<void>;
}

/** A shell on a pseudo-terminal, which `script` provides on Linux and macOS. */
function openShell(): Shell {
  const args =
    process.platform === "linux" ? ["-qc", "bash --norc", "/dev/null"] : ["-q", "/dev/null", "bash", "--norc"];
  const env = { PATH: process.env["PATH"], HOME: process.env["HOME"], TERM: "dumb", NO_COLOR: "1", PS1: "" };
  const shell: ChildProcess = spawn("script", args, { cwd: checkout, env, stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  let answered = 0;
  shell.stdout?.on("data", (chunk: Buffer) => {
    said += chunk;
    const asked = said.split("[y/N]").length - 1;
    if (asked > answered) shell.stdin?.write("y\n");
    answered = asked;
  });
  let lines = 0;
  return {
    async type(line) {
      lines += 1;
      const mark = `line ${lines} ended with `;
      const from = said.length;
      // Not on a separate line, which a question would read as its answer.
      shell.stdin?.write(`${line}; echo 'line' '${lines}' 'ended with' $?\n`);
      while (!new RegExp(`${mark}\\d+\\r?\\n`).test(said)) {
        if (shell.exitCode !== null) throw new Error(`the shell has ended: ${said}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      const code = Number(new RegExp(`${mark}(\\d+)`).exec(said)?.[1]);
      return { code, said: said.slice(from).replaceAll("\r\n", "\n") };
    },
    async end() {
      shell.stdin?.end("exit\n");
      await once(shell, "close");
    },
  };
}

/** What npx starts in the end, with what it tells the program. */
const asNpx = 'npx() { shift; npm_command=exec node cli/mooring.mjs "$@"; }';

/** The commands between two titles in the output of `up`. */
function commandsUnder(said: string, ...titles: RegExp[]): string[] {
  return titles.flatMap((title) => {
    const [, block = ""] = new RegExp(`\\n${title.source}[^\\n]*\\n((?: {2}\\S[^\\n]*\\n)+)`).exec(said) ?? [];
    return block
      .trim()
      .split("\n")
      .map((line) => line.trim());
  });
}

describe("up --auth", () => {
  let running: Awaited<ReturnType<typeof up>>;
  beforeAll(async () => {
    running = await up("--auth");
  });
  afterAll(() => end(running));

  const mooring = (args: string[], env = {}) => runHere(args, { env: { MOORING_SERVER: running.server, ...env } });

  it("prints a walk-through of an approval that works unchanged", async () => {
    const fullName = "aks-dev/red-four-eyes";
    const lines = commandsUnder(running.sandbox.said(), /Point the/, /Four eyes/, /The approver/, /The operator/);
    const shell = openShell();
    const typed: { line: string; code: number; said: string }[] = [];
    for (const [index, line] of lines.entries()) {
      let outcome = await shell.type(line);
      // The service checks the request faster than a person would type.
      while (line.includes("awaitingApproval") && !outcome.said.includes(fullName)) outcome = await shell.type(line);
      typed.push({ line, ...outcome });
      // One has shown that npx finds the program; each takes ten times as long as the program itself.
      if (lines.findIndex((each) => each.includes("npx")) === index) await shell.type(asNpx);
    }
    await shell.end();

    expect(typed.filter(({ code }) => code !== 0)).toEqual([]);
    expect(typed.length).toBeGreaterThanOrEqual(9);
    const saidBy = (word: string) => typed.find(({ line }) => line.startsWith(`npx mooring ${word}`))?.said;
    expect(saidBy("approvals")).toContain(fullName);
    expect(saidBy("approve ")).toMatch(/Approve it\?[\s\S]*Succeeded/);
    expect(saidBy("status")).toMatch(new RegExp(`${fullName} +Onboarded`));
    expect(saidBy("audit")).toMatch(/ onboard +approve /);
  });

  it("lets an approver of another team name what waits by its namespace or the beginning of its ID", async () => {
    const tokenOf = async (name: string) => (await mooring(["sandbox", "token", name])).stdout.trim();
    const [requester, approver] = await Promise.all(["requester", "approver"].map(tokenOf));
    const asRequester = { MOORING_TOKEN: requester ?? "" };
    const asApprover = { MOORING_TOKEN: approver ?? "" };
    const request = ["onboard", "aks-dev/red-by-name", "--database", "sql-dev/orders=executor", "-o", "name"];
    const id = (await mooring(request, asRequester)).stdout.trim();
    let waiting = "";
    while (!waiting.includes(id)) waiting = (await mooring(["approvals", "-o", "name"], asApprover)).stdout;

    const untold = await mooring(["approve", "aks-dev/red-by-name"], asApprover);
    const status = await mooring(["status", id.slice(-16, -6)], asApprover);
    const other = await mooring(["approve", "aks-dev/red-nobody", "--dry-run"], asApprover);
    const [, hash = ""] = /--request-hash (\w+)/.exec(status.stdout) ?? [];
    const approved = await mooring(["approve", "aks-dev/red-by-name", "--request-hash", hash], asApprover);

    expect(untold).toMatchObject({ code: 2, stderr: expect.stringContaining("mooring approvals") });
    expect(status).toMatchObject({ code: 0, stdout: expect.stringContaining(`mooring approve ${id}`) });
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("NOT_ONBOARDED") });
    expect(approved).toMatchObject({ code: 0, stdout: `${id}  approved\n` });
  });

  it("admits nobody without a token, and lets the requester approve nothing", async () => {
    const MOORING_TOKEN = (await mooring(["sandbox", "token", "requester"])).stdout.trim();

    expect(await mooring(["approvals"], { MOORING_TOKEN })).toMatchObject({ code: 1 });
    expect(await mooring(["list"])).toMatchObject({ code: 1, stderr: expect.stringContaining("UNAUTHENTICATED") });
    expect(await mooring(["sandbox", "token", "nobody"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("requester, approver, operator"),
    });
  });
});

describe("up --catalog", () => {
  let running: Awaited<ReturnType<typeof up>>;
  beforeAll(async () => {
    running = await up("--catalog", "examples/catalog.yaml");
  });
  afterAll(() => end(running));

  const mooring = (args: string[], env = {}) => runHere(args, { env: { MOORING_SERVER: running.server, ...env } });

  it("simulates each cluster and each SQL server separately, and enforces the teams' quotas", async () => {
    const MOORING_TOKEN = (await mooring(["sandbox", "token", "requester"])).stdout.trim();
    const environment = JSON.parse((await mooring(["sandbox", "env", "-o", "json"])).stdout);
    const onboard = (name: string) => ["onboard", `aks-test/${name}`, "--database", "sql-test/shop=reader", "--wait"];

    const onboarded = await mooring(onboard("shop"), { MOORING_TOKEN });
    const namespaces = await Promise.all(
      environment.clusters.map(async ({ kubeconfig }: { kubeconfig: string }) => namespacesOf(kubeconfig)),
    );
    const { sqlServers, azure } = JSON.parse((await mooring(["sandbox", "cloud", "-o", "json"])).stdout);

    expect(onboarded).toMatchObject({ code: 0 });
    expect(environment.clusters.map(({ name }: { name: string }) => name)).toEqual(["aks-test", "aks-prod"]);
    expect(new Set(environment.sqlServers.map(({ address }: { address: string }) => address)).size).toBe(2);
    expect(namespaces[0]).toContain("shop");
    expect(namespaces[1]).not.toContain("shop");
    const usersOf = (index: number) => sqlServers[index].databases[0].users.map(({ name }: { name: string }) => name);
    expect(usersOf(0)).toEqual(["mooring", expect.stringContaining("aks-test-shop")]);
    expect(usersOf(1)).toEqual(["mooring"]);
    // At the catalog's location, in the catalog's tenant and subscription.
    const given = parse(await readFile(join(checkout, "examples/catalog.yaml"), "utf8"));
    const { subscriptionId, identityResourceGroup: resourceGroup } = given.clusters["aks-test"];
    expect(azure).toMatchObject({ tenantId: given.tenantId, identities: [{ subscriptionId, resourceGroup }] });
    expect(await mooring(onboard("shop-2"), { MOORING_TOKEN })).toMatchObject({ code: 0 });
    expect(await mooring(onboard("shop-3"), { MOORING_TOKEN })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("QUOTA_EXCEEDED"),
    });
    expect(await mooring(["offboard", "aks-test/shop-2", "--wait"], { MOORING_TOKEN })).toMatchObject({ code: 0 });
  });

  it("prints a walk-through of what needs approval by that catalog", async () => {
    const said = running.sandbox.said();

    // What the catalog's environments and its longest expiry allow.
    const suggested = "onboard aks-prod/shop --database sql-prod/shop=reader --expires-after P1D";
    expect(said).toContain(`npx mooring ${suggested}\n`);
    expect(said).toMatch(/storageBlob +photos-test +read, write\n/);
    expect(said).toMatch(/profile +small +One core, two gigabytes, ten pods\n/);
    expect(said).toMatch(/approver +\S+ +in billing, Onboarding\.Approve\n/);
    expect(said).toMatch(/operator +\S+ +in shop and billing, /);
    const MOORING_TOKEN = (await mooring(["sandbox", "token", "requester"])).stdout.trim();
    expect(await mooring([...suggested.split(" "), "--dry-run"], { MOORING_TOKEN })).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("needs approval"),
    });
  });
});

async function namespacesOf(kubeconfig: string): Promise<string[]> {
  const config = parse(await readFile(kubeconfig, "utf8"));
  const [{ cluster }] = config.clusters;
  const sent = request(`${cluster.server}/api/v1/namespaces`, {
    ca: Buffer.from(cluster["certificate-authority-data"], "base64"),
    headers: { authorization: `Bearer ${config.users[0].user.token}` },
  }).end();
  const [response] = await once(sent, "response");
  const { items } = (await json(response)) as { items: { metadata: { name: string } }[] };
  return items.map(({ metadata }) => metadata.name);
}

it("refuses a bad catalog before it starts anything, with the line, the setting and what to do", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mooring-catalog-"));
  const file = join(folder, "mooring.yaml");
  const good = await readFile(join(checkout, "examples/catalog.yaml"), "utf8");
  const refused = async (text: string) => {
    await writeFile(file, text);
    return await run(["up", "--port", "0", "--catalog", file]);
  };

  const misspelled = await refused(good.replace("location: northeurope", "locatoin: northeurope"));
  const empty = await refused(good.replace(/clusters:\n( {2}[\s\S]*?)\nsqlServers/, "clusters: {}\nsqlServers"));
  const missing = await run(["up", "--catalog", join(folder, "nowhere.yaml")]);
  await rm(folder, { recursive: true });

  expect(misspelled).toMatchObject({ code: 1, stdout: "" });
  expect(misspelled.stderr).toMatch(
    /mooring\.yaml:\d+ {2}clusters\.aks-prod\.locatoin\n {4}wrong {2}is not a setting\n {4}next {3}Remove it, or write/,
  );
  expect(empty).toMatchObject({ code: 1, stdout: "" });
  expect(missing).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("nowhere.yaml cannot be read: it is not there."),
  });
});
