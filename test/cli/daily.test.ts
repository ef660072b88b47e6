/** Everyday work with `mooring`: lists that are sorted, filtered, watched and printed in various formats. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { checkout, type Ended, type Running, run, runHere, start } from "./support/program.ts";

let sandbox: SuiteSandbox;
const atSandbox = (env: Record<string, string> = {}) => ({
  MOORING_SERVER: sandbox.url,
  MOORING_KEY: sandbox.key ?? "",
  ...env,
});

const mooring = (args: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  runHere(args, { env: atSandbox(env) });

const onboard = (namespace: string, { database = "messages", team = "red" } = {}) => [
  "onboard",
  `${names.cluster}/${namespace}`,
  "--database",
  `${names.sqlServer}/${database}=reader`,
  "--team",
  team,
  "--wait",
];

/** The longest possible name of a namespace. */
const long = `red-${"a-namespace-with-a-long-name-".repeat(3)}`.slice(0, 62).concat("z");

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it lists everything that is there",
    callers: "keys",
  });
  const [first, second, third] = await Promise.all([
    mooring(onboard("red-b")),
    mooring(onboard("red-a", { database: "orders" })),
    mooring(onboard(long)),
    mooring(onboard("blue-a", { team: "blue" })),
  ]);
  expect([first, second, third].map(({ code }) => code)).toEqual([0, 0, 0]);
});
afterAll(() => sandbox?.close());

describe("who reaches what", () => {
  it("is told of one target, of one team, and of one namespace with its cluster or without", async () => {
    const namesOf = async (...words: string[]) => (await mooring(["access", ...words, "-o", "name"])).stdout.trim();
    const { cluster, sqlServer } = names;

    expect(await namesOf("--target", `${sqlServer}/orders`)).toBe(`${cluster}/red-a ${sqlServer}/orders`);
    expect(await namesOf("--team", "blue")).toBe(`${cluster}/blue-a ${sqlServer}/messages`);
    expect(await namesOf("--namespace", "red-a")).toBe(`${cluster}/red-a ${sqlServer}/orders`);
    expect(await namesOf("--namespace", `${cluster}/red-a`)).toBe(`${cluster}/red-a ${sqlServer}/orders`);
    expect(await mooring(["access", "--namespace", `${cluster}/red-a`, "--cluster", "aks-other"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`--namespace ${cluster}/red-a is not in cluster aks-other.`),
    });
  });
});

describe("a table", () => {
  it.each([60, 80])("in %i columns never cuts a name, even one that is longer than the line", async (columns) => {
    const env = { COLUMNS: String(columns) };
    const [id = ""] = (await mooring(["list", "operations", "--namespace", long, "-o", "name"])).stdout.split("\n");
    const [list, operations, status, audit, catalog, plan] = await Promise.all(
      [
        ["list"],
        ["list", "operations"],
        ["status", id],
        ["audit"],
        ["catalog"],
        ["offboard", `${names.cluster}/${long}`, "--dry-run"],
      ].map((words) => run(words, { env: atSandbox(env) })),
    );

    // Without it, an approval would look like a request.
    expect(audit?.stdout).toMatch(/ ACTION( |$)/m);
    for (const { stdout } of [list, operations, audit] as Ended[]) {
      for (const namespace of ["red-a", "red-b", long]) expect(stdout).toContain(`${names.cluster}/${namespace}`);
    }
    const identity = [...sandbox.cloud.world.identities.values()].find(({ name }) => name.includes("a-namespace-with"));
    for (const { stdout } of [status, plan] as Ended[]) expect(stdout).toContain(identity?.name);
    expect(catalog?.stdout).toContain(`${names.sqlServer}/messages`);
    const lines = [list, operations, audit, catalog].flatMap((each) => each?.stdout.split("\n") ?? []);
    // A name longer than the line stands alone.
    expect(lines.filter((line) => line.length > columns && line.trim().includes(" "))).toEqual([]);
  });
});

describe("-o", () => {
  it("jsonpath prints exactly what a template says", async () => {
    const template = '{range .value[?(@.state=="Onboarded")]}{.cluster}/{.namespace}{"\\n"}{end}';

    const [listed, one] = await Promise.all([
      mooring(["list", "--sort-by", ".namespace", "-o", `jsonpath=${template}`]),
      mooring(["status", `${names.cluster}/red-a`, "-o=jsonpath={.databases[*].database}"]),
    ]);

    expect(listed).toMatchObject({ code: 0, stderr: "" });
    const all = ["blue-a", "red-a", long, "red-b"].map((namespace) => `${names.cluster}/${namespace}\n`);
    expect(listed.stdout).toBe(all.join(""));
    expect(one.stdout).toBe("orders");
  });

  it("custom-columns prints a table of chosen fields", async () => {
    const spec = "custom-columns=NAME:.namespace,DATABASES:.databases[*].database,TEAM:{.nothing}";

    const { stdout } = await mooring(["list", "--sort-by", "namespace", "--team", "red", "-o", spec]);

    const [title, ...rows] = stdout.trimEnd().split("\n");
    expect(title).toMatch(/^NAME +DATABASES +TEAM$/);
    expect(rows.map((row) => row.split(/ +/))).toEqual([
      ["red-a", "orders", "<none>"],
      [long, "messages", "<none>"],
      ["red-b", "messages", "<none>"],
    ]);
  });

  it("reports an invalid template before any request", async () => {
    const ended = await Promise.all([
      runHere(["list", "-o", "jsonpath={.value[*}"], { env: { MOORING_SERVER: "http://127.0.0.1:1" } }),
      runHere(["list", "-o", "custom-columns=NAME"], { env: { MOORING_SERVER: "http://127.0.0.1:1" } }),
      runHere(["list", "--sort-by", "{.a[}"], { env: { MOORING_SERVER: "http://127.0.0.1:1" } }),
    ]);

    expect(ended.map(({ code }) => code)).toEqual([2, 2, 2]);
  });
});

describe("list", () => {
  it("shows one team's namespaces, or those with findings", async () => {
    const broken = [...sandbox.cloud.world.identities.values()].find(({ name }) => name.includes("blue-a"));
    for (const [id, identity] of sandbox.cloud.world.identities) {
      if (identity === broken) sandbox.cloud.world.identities.delete(id);
    }
    const verified = await mooring(["verify", `${names.cluster}/blue-a`]);

    const [blue, operations, findings, ofRed] = await Promise.all(
      [
        ["list", "--team", "blue"],
        ["list", "operations", "--team", "blue"],
        ["list", "--findings", "any"],
        ["list", "--findings", "IDENTITY_MISSING", "--team", "red"],
      ].map((words) => mooring([...words, "-o", "jsonpath={.value[*].namespace}"])),
    );

    expect(verified).toMatchObject({ code: 1, stdout: expect.stringContaining("IDENTITY_MISSING") });
    expect(blue?.stdout).toBe("blue-a");
    expect(operations?.stdout).toBe("blue-a");
    expect(findings?.stdout).toBe("blue-a");
    expect(ofRed?.stdout).toBe("");
  });

  it("accepts the same filter as the batch commands, and each field once", async () => {
    const by = (...words: readonly string[]) => mooring(["list", ...words, "-o", "jsonpath={.value[*].namespace}"]);
    const [blue, both, none, twice, ofOperations] = await Promise.all([
      by("--filter", "team=blue,identityMode=workloadIdentity"),
      by("--filter", "findings=any", "--team", "blue"),
      by("--filter", "state=Incomplete"),
      by("--filter", "team=blue", "--team", "red"),
      mooring(["list", "operations", "--filter", "team=blue"]),
    ]);

    expect([blue, both, none].map(({ stdout }) => stdout)).toEqual(["blue-a", "blue-a", ""]);
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining("--team and --filter both set team") });
    expect(ofOperations).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("--filter works only for namespaces"),
    });
  });

  it("with -w keeps running and prints changes", async () => {
    const watching: Running[] = [
      start(["list", "-w"], { env: atSandbox() }),
      start(["list", "operations", "-w", "-o", "jsonpath={.namespace} {.status}"], { env: atSandbox() }),
    ];
    const [namespaces, operations] = watching as [Running, Running];
    await Promise.all([namespaces.hasSaid("red-b"), operations.hasSaid("red-b Succeeded")]);

    await mooring(onboard("red-new"));

    await Promise.all([
      namespaces.hasSaid(/^aks-dev\/red-new +Onboarded/m),
      operations.hasSaid(/^red-new Succeeded$/m),
    ]);
    for (const { child } of watching) child.kill("SIGINT");
    const [listed] = await Promise.all(watching.map(({ ended }) => ended));
    expect(listed?.code).toBe(130);
    expect(listed?.stdout.match(/^NAMESPACE /gm)).toHaveLength(1);
    expect(listed?.stdout.match(/aks-dev\/red-b /g)).toHaveLength(1);
  });

  it("with -w and --timeout ends in time", async () => {
    expect(await mooring(["list", "-w", "--timeout", "1s", "-o", "name"])).toMatchObject({ code: 0 });
  });
});

describe("completion", () => {
  let script: string;
  beforeAll(async () => {
    script = (await run(["completion", "bash"])).stdout;
  });

  /** What bash offers for the words so far, with this checkout's `mooring`. */
  async function complete(words: readonly string[], env: Record<string, string> = atSandbox()): Promise<string[]> {
    const quoted = words.map((word) => `'${word}'`).join(" ");
    const ask = `mooring() { "$NODE" '${checkout}/cli/mooring.mjs' "$@"; }
${script}
COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _mooring; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout } = await promisify(execFile)("bash", ["-c", ask], {
      env: { ...process.env, MOORING_CONFIG: join(checkout, "none.yaml"), ...env, NODE: process.execPath },
      cwd: checkout,
    });
    return stdout.split("\n").filter(Boolean);
  }

  /** It gives up after 1.5 s, which a busy machine may take to start it. */
  async function completeInTime(...[words, env]: Parameters<typeof complete>): Promise<string[]> {
    for (let tries = 1; ; tries += 1) {
      const offered = await complete(words, env);
      if (offered.length > 0 || tries === 5) return offered;
    }
  }

  it("offers existing namespaces, operations, clusters and databases", async () => {
    const { url, key = "" } = sandbox;
    const [id = ""] = (await mooring(["list", "operations", "-o", "name"])).stdout.split("\n");
    const namespaces = await completeInTime(["mooring", "offboard", "aks-dev/red-"]);
    const operation = await completeInTime(["mooring", "status", id.slice(0, -3)]);
    const clusters = await completeInTime(["mooring", "list", "--cluster", ""]);
    const grants = await completeInTime(["mooring", "onboard", "--database", `${names.sqlServer}/me`]);
    const byFlag = await completeInTime(["mooring", "--server", url, "--key", key, "verify", "aks-dev/red-b"], {
      MOORING_SERVER: "",
      MOORING_KEY: "",
    });

    expect(namespaces).toEqual(expect.arrayContaining(["red-a", "red-b", long].map((name) => `aks-dev/${name}`)));
    expect(operation).toEqual([id]);
    expect(clusters).toEqual([names.cluster]);
    expect(grants).toContain(`${names.sqlServer}/messages=reader`);
    expect(byFlag).toEqual(["aks-dev/red-b"]);
  });

  it("offers no word that a shell or a terminal would take for more", async () => {
    const names = ["a", "$(touch pwned)", "`touch pwned`", "b;c", "d e", "\u001b[31mf", "*", "-x", "g"];
    const value = names.map((namespace) => ({ cluster: "aks-dev", namespace }));
    const server = createHttpServer((_request, response) => {
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ value }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const env = { MOORING_SERVER: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };

    const offered = await complete(["mooring", "offboard", "aks-dev/"], env);
    const { stdout } = await run(["__complete", "namespace"], { env });
    server.close();

    expect(offered).toEqual(["aks-dev/a", "aks-dev/-x", "aks-dev/g"]);
    expect(stdout).toBe("aks-dev/a\naks-dev/-x\naks-dev/g\n");
    expect(existsSync(join(checkout, "pwned"))).toBe(false);
  });

  it("prints nothing and ends soon when no service answers", async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;

    const ended = await Promise.all([
      run(["__complete", "namespace"], { env: { MOORING_SERVER: url } }),
      run(["__complete", "namespace"], { env: { MOORING_SERVER: "http://127.0.0.1:1" } }),
      run(["__complete", "nonsense"]),
    ]);
    silent.close();

    for (const each of ended) expect(each).toEqual({ code: 0, stdout: "", stderr: "" });
  });
});
