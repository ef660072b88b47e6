/** `mooring`: a namespace's life, and what it says when something is wrong or not there. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { names } from "../../sandbox/cloud.ts";
import { type CommandLine, messages, onboardArgs, orders, startCommandLine } from "./support/commandLine.ts";
import { checkout, run } from "./support/program.ts";

let cli: CommandLine;

beforeAll(async () => {
  cli = await startCommandLine();
});
afterEach(() => cli.recover());
afterAll(async () => {
  await cli?.sandbox.close();
});

describe("a namespace's life", () => {
  const fullName = `${names.cluster}/red-life`;
  let operation: string;

  it("is planned, and nothing is written", async () => {
    const [plan, dryRun] = await Promise.all([
      cli.mooring(["plan", fullName, "--database", `${messages}=reader,writer`]),
      cli.mooring([...onboardArgs(fullName), "--dry-run", "-o", "json"]),
    ]);

    expect(plan).toMatchObject({ code: 0, stderr: "" });
    expect(plan.stdout).toMatch(/^onboard aks-dev\/red-life {2}5 writes\n/);
    expect(plan.stdout).toMatch(/^\+ set up identity .* create$/m);
    expect(JSON.parse(dryRun.stdout)).toMatchObject({ blocked: false, steps: expect.any(Array) });
    expect(cli.identityOf(fullName)).toBeUndefined();
    expect((await cli.mooring(["list", "-o", "name"])).stdout).not.toContain(fullName);
  });

  it("begins with onboard --wait, whose standard output is the operation and nothing else", async () => {
    const { code, stdout, stderr } = await cli.mooring([...onboardArgs(fullName), "--wait", "-o", "json"]);

    const document = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(document).toMatchObject({ kind: "onboard", status: "Succeeded", phase: "done" });
    expect(stderr).toMatch(/set up identity mooring-aks-dev-red-life-\w+: create Succeeded\n/);
    expect(stderr).toMatch(/onboard aks-dev\/red-life {2}Succeeded in/);
    operation = document.id;
  });

  it("is the same operation when requested again, and says so", async () => {
    const { code, stdout, stderr } = await cli.mooring([...onboardArgs(fullName), "-o", "name"]);

    expect(code).toBe(0);
    expect(stdout).toBe(`${operation}\n`);
    expect(stderr).toContain("nothing changes");
  });

  it("is listed as a table, wide, as JSON, as YAML and by name", async () => {
    const [table, wide, json, yaml, name] = await Promise.all(
      [[], ["-o", "wide"], ["-o", "json"], ["-o", "yaml"], ["-o", "name"]].map((flags) =>
        cli.mooring(["list", ...flags]),
      ),
    );

    const row = /^aks-dev\/red-life +Onboarded +workloadIdentity +none +\d+s +sql-dev\/messages/m;
    expect(table?.stdout).toMatch(row);
    expect(table?.stdout).not.toContain("CLIENT ID");
    expect(wide?.stdout).toMatch(row);
    expect(wide?.stdout).toContain(cli.identityOf(fullName)?.clientId);
    expect(parse(yaml?.stdout ?? "")).toEqual(JSON.parse(json?.stdout ?? ""));
    expect(name?.stdout.split("\n")).toContain(fullName);
  });

  it("is found by the beginning of its operation's id, or of the part after the hyphen", async () => {
    const [, random = ""] = operation.split("-");

    const [short, long, none] = await Promise.all([
      cli.mooring(["status", random.slice(0, 8)]),
      cli.mooring(["status", operation.slice(0, 20), "-o", "name"]),
      cli.mooring(["status", "ffffffff"]),
    ]);

    expect(short.stdout).toContain(`id      ${operation}\n`);
    expect(short.stdout).toMatch(/^verify access +aks-dev\/red-life +Succeeded/m);
    expect(long.stdout).toBe(`${operation}\n`);
    expect(none).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("mooring list operations") });
  });

  it("is refused when the beginning of an id matches several operations", async () => {
    await cli.mooring([...onboardArgs(cli.newNamespaceRef()), "--wait"]);

    const { code, stderr } = await cli.mooring(["status", operation.slice(0, 4)]);

    expect(code).toBe(1);
    expect(stderr).toContain("more than one operation");
  });

  it("prints its manifest and its export unchanged", async () => {
    const [manifest, tsql] = await Promise.all([
      cli.mooring(["manifest", fullName]),
      cli.mooring(["export", fullName, "--format", "tsql"]),
    ]);

    expect(parse(manifest.stdout)).toMatchObject({ metadata: { namespace: "red-life" } });
    expect(tsql.stdout).toContain("CREATE USER");
  });

  it("is verified with 0 when access works and 1 when it is broken, and then repaired", async () => {
    const before = await cli.mooring(["verify", fullName]);
    await cli.sandbox.cloud.sql.database("messages").runScript(`DROP USER [${cli.identityOf(fullName)?.name}]`);
    const after = await cli.mooring(["verify", fullName]);
    const plan = await cli.mooring(["repair", fullName, "--dry-run"]);
    const repair = await cli.mooring(["repair", fullName, "--wait"]);
    const again = await cli.mooring(["verify", fullName, "--fresh", "-o", "json"]);
    const ofAll = await cli.mooring(["verify", "--all", "--fresh"]);

    expect(before).toMatchObject({ code: 0, stdout: `${fullName}  matches the request\n` });
    expect(after).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("Error  USER_MISSING  database sql-dev/messages"),
    });
    expect(plan.stdout).toMatch(/^\+ grant database access +sql-dev\/messages +create$/m);
    expect(repair.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ findings: [] });
    expect(ofAll).toMatchObject({ code: 2, stderr: expect.stringContaining("--fresh is for one namespace") });
  });

  it("leaves an intact audit trail, and says when there are more entries than it shows", async () => {
    const [trail, check] = await Promise.all([
      cli.mooring(["audit", "--namespace", "red-life", "--limit", "3", "-o", "json"]),
      cli.mooring(["audit", "--check"]),
    ]);

    expect(JSON.parse(trail.stdout).value).toHaveLength(3);
    expect(trail.stderr).toBe("There are more; --limit says how many to list.\n");
    expect(check).toMatchObject({ code: 0, stdout: expect.stringMatching(/^The chain is whole: \d+ entries/) });
  });

  it("shows what was accepted as accepted, and the outcome where it ended", async () => {
    const { stdout } = await cli.mooring(["audit", "--namespace", "red-life", "--operation", operation]);

    const decisions = stdout
      .split("\n")
      .flatMap((line) => /(accepted|ended) .*aks-dev\/red-life/.exec(line)?.[0] ?? []);
    expect(decisions.map((line) => line.split(/ +/))).toEqual([
      ["ended", "Succeeded", "aks-dev/red-life"],
      ["accepted", "aks-dev/red-life"],
    ]);
  });

  it("also finds the audit trail of an operation by the beginning of its id", async () => {
    const [, random = ""] = operation.split("-");

    const [short, whole] = await Promise.all(
      [random.slice(0, 8), operation].map((id) => cli.mooring(["audit", "--operation", id, "-o", "json"])),
    );

    expect(short).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(short?.stdout ?? "").value.length).toBeGreaterThan(3);
    expect(short?.stdout).toBe(whole?.stdout);
  });

  it("exports a single database only as T-SQL", async () => {
    const [one, unasked, unknown] = await Promise.all([
      cli.mooring(["export", fullName, "--format", "tsql", "--database", messages]),
      cli.mooring(["export", fullName, "--database", messages]),
      cli.mooring(["export", fullName, "--format", "tsql", "--database", "foo"]),
    ]);
    const overHttp = await fetch(`${cli.sandbox.url}/api/namespaces/${fullName}/export?database=foo`, {
      headers: { "x-mooring-key": cli.key },
    });

    expect(one).toMatchObject({ code: 0, stdout: expect.stringContaining("CREATE USER") });
    expect(unasked).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--format tsql") });
    expect(unknown).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(messages) });
    expect(await overHttp.json()).toMatchObject({ status: 422, errors: [{ pointer: "?database" }] });
  });

  it("ends with offboard --wait", async () => {
    const plan = await cli.mooring(["offboard", fullName, "--dry-run"]);
    const gone = await cli.mooring(["offboard", fullName, "--wait"]);
    const status = await cli.mooring(["status", fullName]);

    expect(plan.stdout).toMatch(/^- remove identity .* delete$/m);
    expect(gone).toMatchObject({ code: 0, stdout: expect.stringMatching(/^offboard aks-dev\/red-life {2}Succeeded/) });
    expect(cli.identityOf(fullName)).toBeUndefined();
    expect(status).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("NOT_ONBOARDED") });
  });
});

describe("failures", () => {
  it("name every wrong field, the fix and the trace, and print no data", async () => {
    const { code, stdout, stderr } = await cli.mooring(["onboard", "-f", "examples/bad-request.json", "-o", "json"]);

    expect(code).toBe(1);
    expect(stdout).toBe("");
    for (const pointer of ["/cluster", "/namespace", "/databases/0/roles/0"])
      expect(stderr).toContain(`  examples/bad-request.json: ${pointer} `);
    expect(stderr).toMatch(/^mooring: INVALID_REQUEST: 3 fields are wrong\n/);
    expect(stderr).toMatch(/^ {2}fix {4}Correct the fields/m);
    expect(stderr).toMatch(/^ {2}trace {2}[0-9a-f]{32}$/m);
  });

  it("name the flag whose word is wrong, and the word that was meant", async () => {
    const wrong = ["--database", `${messages}=reader,wirter`, "--expires-at", "2020-01-01"];

    const { stderr } = await cli.mooring(["onboard", cli.newNamespaceRef(), ...wrong]);

    expect(stderr).toMatch(/^ {2}--database sql-dev\/messages=reader,wirter +is "wirter"; did you mean writer\?$/m);
  });

  it("end with 1 and the operation's error when the operation fails", async () => {
    const fullName = cli.newNamespaceRef();
    cli.sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: 15247 } });

    const { code, stdout } = await cli.mooring([...onboardArgs(fullName), "--wait"]);

    expect(code).toBe(1);
    expect(stdout).toMatch(/^onboard aks-dev\/red-\d+ {2}Failed in /);
    expect(stdout).toMatch(/^ {2}error {2}SQL_\w+: /m);
    expect(stdout).toMatch(/^ {2}fix {4}\w/m);
    expect(cli.identityOf(fullName)).toBeUndefined();
    const [, id] = /^ {2}id {5}(\S+)$/m.exec(stdout) ?? [];
    const [status, followed] = await Promise.all([
      cli.mooring(["status", fullName]),
      cli.mooring(["status", fullName, "--wait"]),
    ]);
    expect(status).toMatchObject({ code: 1, stderr: expect.stringContaining(`next   mooring status ${id} --wait`) });
    expect(followed).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^onboard aks-dev\/red-\d+ {2}Failed in /),
    });
  });

  it("say how to authenticate, and do not show a wrong key", async () => {
    const wrong = "wrong-key-that-nobody-may-see";

    const env = { MOORING_SERVER: cli.sandbox.url };
    const [none, flag] = await Promise.all([run(["list"], { env }), run(["list", "--key", wrong], { env })]);

    expect(none).toMatchObject({ code: 1, stderr: expect.stringMatching(/UNAUTHENTICATED[\s\S]*MOORING_KEY/) });
    expect(flag.code).toBe(1);
    expect(flag.stderr + flag.stdout).not.toContain(wrong);
  });

  it("point to the operation that is in the way", async () => {
    const fullName = cli.newNamespaceRef();
    const { stdout } = await cli.mooring([...onboardArgs(fullName, orders), "-o", "name"]);
    const id = stdout.trim();

    const { code, stderr } = await cli.mooring(onboardArgs(fullName));
    await cli.mooring(["cancel", id, "--wait"]);

    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`OPERATION_IN_PROGRESS[\\s\\S]*next {3}mooring status ${id} --wait`));
  });
});

describe("a missing object", () => {
  it("is an error if it is an operation", async () => {
    const asked = ["ffffffff", "ffffffffffffff-ffffffffffffffff", "non sense", "team-a"];

    const [begun, whole, nonsense, namespace] = await Promise.all(
      asked.map((id) => cli.mooring(["audit", "--operation", id])),
    );

    expect(begun).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("mooring list operations") });
    expect(whole).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("NOT_FOUND") });
    expect(nonsense).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("is not an operation") });
    expect(nonsense?.stderr).toContain("  next   mooring list operations\n");
    expect(namespace?.stderr).toContain("  next   mooring list operations --namespace team-a\n");
  });

  it("is an error that lists the clusters if it is a cluster", async () => {
    const lists = [["list", "operations"], ["audit"]];

    const answers = await Promise.all(lists.map((words) => cli.mooring([...words, "--cluster", "nope"])));

    for (const answer of answers) {
      expect(answer).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(/no cluster "nope".*aks-dev/),
      });
    }
  });

  it("is an error that names the nearest", async () => {
    const answer = await cli.mooring(["list", "--cluster", "aks-dve"]);

    expect(answer).toMatchObject({ code: 1, stdout: "" });
    expect(answer.stderr).toContain('There is no cluster "aks-dve" that you may see. Did you mean aks-dev?');
  });

  it("says that nothing matches, not that there is nothing", async () => {
    const [namespaces, operations] = await Promise.all([
      cli.mooring(["list", "--filter", "state=Incomplete"]),
      cli.mooring(["list", "operations", "--team", "nobody"]),
    ]);

    expect(namespaces).toMatchObject({ code: 0, stdout: "No onboarded namespace that you may see matches.\n" });
    expect(operations).toMatchObject({ code: 0, stdout: "There is no such operation that you may see.\n" });
  });

  it("is no error if it is a namespace, which may still be onboarded", async () => {
    const [operations, trail] = await Promise.all(
      [["list", "operations"], ["audit"]].map((words) => cli.mooring([...words, "--namespace", "nobody"])),
    );

    expect(operations).toMatchObject({ code: 0, stdout: "There is no such operation that you may see.\n" });
    expect(trail).toMatchObject({ code: 0, stdout: "There is no such entry.\n" });
  });
});

it("says when its output could not be written", async () => {
  const script = '"$0" cli/mooring.mjs list > /dev/full';
  const env = { ...process.env, ...cli.env() };

  const ended = promisify(execFile)("sh", ["-c", script, process.execPath], { cwd: checkout, env });

  await expect(ended).rejects.toMatchObject({
    code: 74,
    stderr: expect.stringMatching(/^mooring: Standard output cannot be written: no space left/),
  });
});

it("says what can be requested", async () => {
  const { code, stdout } = await cli.mooring(["catalog"]);

  expect(code).toBe(0);
  expect(stdout).toMatch(/^database +sql-dev\/orders +reader, writer, executor$/m);
});

describe("renew", () => {
  it("moves the end of everything or of one target, as a change with its plan and its approval", async () => {
    const fullName = cli.newNamespaceRef();
    const until = "2090-01-31T00:00:00.000Z";
    const first = ["--database", `${messages}=reader`, "--expires-at", "2080-01-01T00:00:00Z", "--wait"];
    expect(await cli.mooring(["onboard", fullName, ...first])).toMatchObject({ code: 0 });
    const request = async () => {
      const { stdout } = await cli.mooring(["status", fullName, "-o", "json"]);
      return (JSON.parse(stdout) as { request: object }).request;
    };

    const planned = await cli.mooring(["renew", fullName, "--expires-at", until, "--dry-run"]);
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining(`renew ${fullName}`) });
    expect(await request()).toMatchObject({ expiresAt: "2080-01-01T00:00:00.000Z" });

    const whole = await cli.mooring(["renew", fullName, "--expires-at", until, "--wait"]);
    expect(whole, whole.stderr).toMatchObject({ code: 0 });
    expect(await request()).toMatchObject({ expiresAt: until, databases: [{ roles: ["reader"] }] });

    const one = await cli.mooring(["renew", fullName, "--target", messages, "--expires-after", "PT1H", "--wait"]);
    expect(one, one.stderr).toMatchObject({ code: 0 });
    expect(await request()).toMatchObject({ expiresAt: until, databases: [{ expiresAt: expect.any(String) }] });
    const late = await cli.mooring([
      "renew",
      fullName,
      "--target",
      messages,
      "--expires-at",
      "2091-01-01T00:00:00Z",
      "--dry-run",
    ]);
    expect(late.stderr).toContain(`All of ${fullName} ends at ${until}`);
  });

  it("needs what any change needs", async () => {
    const fullName = cli.newNamespaceRef();
    await cli.mooring([...onboardArgs(fullName), "--wait"]);
    const refused = (...args: string[]) => cli.mooring(["renew", fullName, ...args]);

    expect(await refused()).toMatchObject({ code: 2, stderr: expect.stringContaining("--expires-after or") });
    expect(await refused("--expires-after", "soon")).toMatchObject({ code: 2, stderr: expect.stringContaining("30d") });
    expect(await refused("--expires-at", "P30D")).toMatchObject({ code: 2 });
    expect(await refused("--expires-after", "P1D", "--expires-at", "2090-01-01T00:00:00Z")).toMatchObject({ code: 2 });
    expect(await refused("--expires-after", "P1D", "--target", orders)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`it has ${messages}`),
    });
    expect(await refused("--expires-at", "2020-01-01T00:00:00Z")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("EXPIRY_PASSED"),
    });
    expect(await refused("--expires-after", "P1D", "--if-match", '"other"')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("PRECONDITION_FAILED"),
    });
    expect(await cli.mooring(["renew", cli.newNamespaceRef(), "--expires-after", "P1D"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NOT_ONBOARDED"),
    });
  });
});

it("has never printed the key", () => {
  expect(cli.printed.length).toBeGreaterThan(50);
  expect(cli.printed.filter((text) => text.includes(cli.key))).toEqual([]);
});
