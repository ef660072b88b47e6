/** `mooring` as a separate process, against the service in its sandbox, which distinguishes callers. */
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parse, parseAllDocuments, stringify } from "yaml";
import { names } from "../../local/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type BadConnection, startBadConnection } from "./support/badConnection.ts";
import { checkout, type Ended, type RunOptions, run, start } from "./support/program.ts";

let sandbox: SuiteSandbox;
let folder: string;
let key: string;
const connections: BadConnection[] = [];
/** Everything that was printed; the key must not appear in it. */
const printed: string[] = [];

const messages = `${names.sqlServer}/messages`;
const orders = `${names.sqlServer}/orders`;

beforeAll(async () => {
  sandbox = await startSandbox({ callers: "keys", approval: { databases: [orders], timeoutMinutes: 60 } });
  if (sandbox.key === undefined) throw new Error("the sandbox has no key");
  key = sandbox.key;
  folder = await mkdtemp(join(tmpdir(), "mooring-cli-"));
});
afterEach(async () => {
  sandbox.cloud.faults.clear();
  for (const connection of connections.splice(0)) await connection.close();
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await sandbox?.close();
});

const atSandbox = (env: Record<string, string> = {}) => ({ MOORING_SERVER: sandbox.url, MOORING_KEY: key, ...env });

async function mooring(args: readonly string[], { env, ...options }: RunOptions = {}): Promise<Ended> {
  const ended = await run(args, { ...options, env: atSandbox(env) });
  printed.push(ended.stdout, ended.stderr);
  return ended;
}

let count = 0;
function newName(): string {
  count += 1;
  return `red-${count}`;
}
const newBerth = () => `${names.cluster}/${newName()}`;

function requestFor(namespace: string, database = "messages") {
  return { cluster: names.cluster, namespace, databases: [{ server: names.sqlServer, database, roles: ["reader"] }] };
}

const onboardArgs = (berth: string, database = messages) => ["onboard", berth, "--database", `${database}=reader`];

function identityOf(berth: string) {
  const [cluster = "", namespace = ""] = berth.split("/");
  const name = identityName({ cluster, namespace });
  return [...sandbox.cloud.world.identities.values()].find((identity) => identity.name === name);
}

async function through(decide: Parameters<typeof startBadConnection>[1]): Promise<BadConnection> {
  const connection = await startBadConnection(sandbox.url, decide);
  connections.push(connection);
  return connection;
}

/** Sends a request by queue, so that the key's owner, who is not the requester, may approve it. */
async function requestByQueue(): Promise<string> {
  const namespace = newName();
  sandbox.cloud.serviceBus.queue(names.queue).send({ body: requestFor(namespace, "orders") });
  const find = async () => {
    const { stdout } = await mooring(["list", "operations", "--namespace", namespace, "-o", "json"]);
    return JSON.parse(stdout).value[0];
  };
  await expect.poll(find, { interval: 300 }).toMatchObject({ approval: { reminders: 0 } });
  return (await find()).id;
}

describe("a namespace's life", () => {
  const berth = `${names.cluster}/red-life`;
  let operation: string;

  it("is planned, and nothing is written", async () => {
    const [plan, dryRun] = await Promise.all([
      mooring(["plan", berth, "--database", `${messages}=reader,writer`]),
      mooring([...onboardArgs(berth), "--dry-run", "-o", "json"]),
    ]);

    expect(plan).toMatchObject({ code: 0, stderr: "" });
    expect(plan.stdout).toMatch(/^onboard aks-dev\/red-life {2}5 writes, nothing in the way\n/);
    expect(plan.stdout).toMatch(/^\+ ensureIdentity .* create$/m);
    expect(JSON.parse(dryRun.stdout)).toMatchObject({ blocked: false, steps: expect.any(Array) });
    expect(identityOf(berth)).toBeUndefined();
    expect((await mooring(["list", "-o", "name"])).stdout).not.toContain(berth);
  });

  it("begins with onboard --wait, whose standard output is the operation and nothing else", async () => {
    const { code, stdout, stderr } = await mooring([...onboardArgs(berth), "--wait", "-o", "json"]);

    const document = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(document).toMatchObject({ kind: "onboard", status: "Succeeded", phase: "done" });
    expect(stderr).toMatch(/ensureIdentity mooring-aks-dev-red-life-\w+: create Succeeded\n/);
    expect(stderr).toMatch(/onboard aks-dev\/red-life {2}Succeeded in/);
    operation = document.id;
  });

  it("is the same operation when requested again, and says so", async () => {
    const { code, stdout, stderr } = await mooring([...onboardArgs(berth), "-o", "name"]);

    expect(code).toBe(0);
    expect(stdout).toBe(`${operation}\n`);
    expect(stderr).toContain("nothing changes");
  });

  it("is listed as a table, wide, as JSON, as YAML and by name", async () => {
    const [table, wide, json, yaml, name] = await Promise.all(
      [[], ["-o", "wide"], ["-o", "json"], ["-o", "yaml"], ["-o", "name"]].map((flags) => mooring(["list", ...flags])),
    );

    const row = /^aks-dev\/red-life +Onboarded +workloadIdentity +none +\d+s +sql-dev\/messages/m;
    expect(table?.stdout).toMatch(row);
    expect(table?.stdout).not.toContain("CLIENT ID");
    expect(wide?.stdout).toMatch(row);
    expect(wide?.stdout).toContain(identityOf(berth)?.clientId);
    expect(parse(yaml?.stdout ?? "")).toEqual(JSON.parse(json?.stdout ?? ""));
    expect(name?.stdout.split("\n")).toContain(berth);
  });

  it("is found by the beginning of its operation's id, or of the part after the hyphen", async () => {
    const [, random = ""] = operation.split("-");

    const [short, long, none] = await Promise.all([
      mooring(["status", random.slice(0, 8)]),
      mooring(["status", operation.slice(0, 20), "-o", "name"]),
      mooring(["status", "ffffffff"]),
    ]);

    expect(short.stdout).toContain(`id      ${operation}\n`);
    expect(short.stdout).toMatch(/^verify +aks-dev\/red-life +Succeeded/m);
    expect(long.stdout).toBe(`${operation}\n`);
    expect(none).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("mooring list operations") });
  });

  it("is refused when the beginning of an id matches several operations", async () => {
    await mooring([...onboardArgs(newBerth()), "--wait"]);

    const { code, stderr } = await mooring(["status", operation.slice(0, 4)]);

    expect(code).toBe(1);
    expect(stderr).toContain("more than one operation");
  });

  it("prints its manifest and its export unchanged", async () => {
    const [manifest, tsql] = await Promise.all([
      mooring(["manifest", berth]),
      mooring(["export", berth, "--format", "tsql"]),
    ]);

    expect(parse(manifest.stdout)).toMatchObject({ metadata: { namespace: "red-life" } });
    expect(tsql.stdout).toContain("CREATE USER");
  });

  it("is verified with 0 when access works and 1 when it is broken, and then repaired", async () => {
    const before = await mooring(["verify", berth]);
    await sandbox.cloud.sql.database("messages").runScript(`DROP USER [${identityOf(berth)?.name}]`);
    const after = await mooring(["verify", berth]);
    const plan = await mooring(["repair", berth, "--dry-run"]);
    const repair = await mooring(["repair", berth, "--wait"]);
    const again = await mooring(["verify", berth, "-o", "json"]);

    expect(before).toMatchObject({ code: 0, stdout: `${berth}  is as it was asked for\n` });
    expect(after).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("Error  USER_MISSING  database sql-dev/messages"),
    });
    expect(plan.stdout).toMatch(/^\+ grantDatabase +sql-dev\/messages +create$/m);
    expect(repair.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ findings: [] });
  });

  it("leaves an intact audit trail, and says when there are more entries than it shows", async () => {
    const [trail, check] = await Promise.all([
      mooring(["audit", "--namespace", "red-life", "--limit", "3", "-o", "json"]),
      mooring(["audit", "--check"]),
    ]);

    expect(JSON.parse(trail.stdout).value).toHaveLength(3);
    expect(trail.stderr).toBe("There are more; --limit says how many to list.\n");
    expect(check).toMatchObject({ code: 0, stdout: expect.stringMatching(/^The chain is whole: \d+ entries/) });
  });

  it("shows what was accepted as accepted, and the outcome where it ended", async () => {
    const { stdout } = await mooring(["audit", "--namespace", "red-life", "--operation", operation]);

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
      [random.slice(0, 8), operation].map((id) => mooring(["audit", "--operation", id, "-o", "json"])),
    );

    expect(short).toMatchObject({ code: 0, stderr: "" });
    expect(JSON.parse(short?.stdout ?? "").value.length).toBeGreaterThan(3);
    expect(short?.stdout).toBe(whole?.stdout);
  });

  it("exports a single database only as T-SQL", async () => {
    const [one, unasked, unknown] = await Promise.all([
      mooring(["export", berth, "--format", "tsql", "--database", messages]),
      mooring(["export", berth, "--database", messages]),
      mooring(["export", berth, "--format", "tsql", "--database", "foo"]),
    ]);
    const overHttp = await fetch(`${sandbox.url}/api/namespaces/${berth}/export?database=foo`, {
      headers: { "x-mooring-key": key },
    });

    expect(one).toMatchObject({ code: 0, stdout: expect.stringContaining("CREATE USER") });
    expect(unasked).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("--format tsql") });
    expect(unknown).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(messages) });
    expect(await overHttp.json()).toMatchObject({ status: 422, errors: [{ pointer: "?database" }] });
  });

  it("ends with offboard --wait", async () => {
    const plan = await mooring(["offboard", berth, "--dry-run"]);
    const gone = await mooring(["offboard", berth, "--wait"]);
    const status = await mooring(["status", berth]);

    expect(plan.stdout).toMatch(/^- removeIdentity .* delete$/m);
    expect(gone).toMatchObject({ code: 0, stdout: expect.stringMatching(/^offboard aks-dev\/red-life {2}Succeeded/) });
    expect(identityOf(berth)).toBeUndefined();
    expect(status).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("NOT_ONBOARDED") });
  });
});

describe("failures", () => {
  it("name every wrong field, the fix and the trace, and print no data", async () => {
    const { code, stdout, stderr } = await mooring(["onboard", "-f", "examples/bad-request.json", "-o", "json"]);

    expect(code).toBe(1);
    expect(stdout).toBe("");
    for (const pointer of ["/cluster", "/namespace", "/databases/0/roles/0"])
      expect(stderr).toContain(`  examples/bad-request.json: ${pointer} `);
    expect(stderr).toMatch(/^mooring: INVALID_REQUEST: 3 fields are wrong\n/);
    expect(stderr).toMatch(/^ {2}fix {4}Correct the fields/m);
    expect(stderr).toMatch(/^ {2}trace {2}[0-9a-f]{32}$/m);
  });

  it("end with 1 and the operation's error when the operation fails", async () => {
    const berth = newBerth();
    sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: 15247 } });

    const { code, stdout } = await mooring([...onboardArgs(berth), "--wait"]);

    expect(code).toBe(1);
    expect(stdout).toMatch(/^onboard aks-dev\/red-\d+ {2}Failed in /);
    expect(stdout).toMatch(/^ {2}error {2}SQL_\w+: /m);
    expect(stdout).toMatch(/^ {2}fix {4}\w/m);
    expect(identityOf(berth)).toBeUndefined();
    const [, id] = /^ {2}id {5}(\S+)$/m.exec(stdout) ?? [];
    const [status, followed] = await Promise.all([mooring(["status", berth]), mooring(["status", berth, "--wait"])]);
    expect(status).toMatchObject({ code: 1, stderr: expect.stringContaining(`next   mooring status ${id} --wait`) });
    expect(followed).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^onboard aks-dev\/red-\d+ {2}Failed in /),
    });
  });

  it("say how to authenticate, and do not show a wrong key", async () => {
    const wrong = "wrong-key-that-nobody-may-see";

    const env = { MOORING_SERVER: sandbox.url };
    const [none, flag] = await Promise.all([run(["list"], { env }), run(["list", "--key", wrong], { env })]);

    expect(none).toMatchObject({ code: 1, stderr: expect.stringMatching(/UNAUTHENTICATED[\s\S]*MOORING_KEY/) });
    expect(flag.code).toBe(1);
    expect(flag.stderr + flag.stdout).not.toContain(wrong);
  });

  it("point to the operation that is in the way", async () => {
    const berth = newBerth();
    const { stdout } = await mooring([...onboardArgs(berth, orders), "-o", "name"]);
    const id = stdout.trim();

    const { code, stderr } = await mooring(onboardArgs(berth));
    await mooring(["cancel", id, "--wait"]);

    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`OPERATION_IN_PROGRESS[\\s\\S]*next {3}mooring status ${id} --wait`));
  });
});

describe("a missing object", () => {
  it("is an error if it is an operation", async () => {
    const asked = ["ffffffff", "ffffffffffffff-ffffffffffffffff", "non sense", "team-a"];

    const [begun, whole, nonsense, namespace] = await Promise.all(
      asked.map((id) => mooring(["audit", "--operation", id])),
    );

    expect(begun).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("mooring list operations") });
    expect(whole).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("NOT_FOUND") });
    expect(nonsense).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("is not an operation") });
    expect(nonsense?.stderr).toContain("  next   mooring list operations\n");
    expect(namespace?.stderr).toContain("  next   mooring list operations --namespace team-a\n");
  });

  it("is an error that lists the clusters if it is a cluster", async () => {
    const lists = [["list"], ["list", "operations"], ["audit"]];

    const answers = await Promise.all(lists.map((words) => mooring([...words, "--cluster", "nope"])));

    for (const answer of answers) {
      expect(answer).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringMatching(/no cluster "nope".*aks-dev/),
      });
    }
  });

  it("says that nothing matches, not that there is nothing", async () => {
    const [namespaces, operations] = await Promise.all(
      [["list"], ["list", "operations"]].map((words) => mooring([...words, "--team", "nobody"])),
    );

    expect(namespaces).toMatchObject({ code: 0, stdout: "No onboarded namespace matches.\n" });
    expect(operations).toMatchObject({ code: 0, stdout: "There is no such operation.\n" });
  });

  it("is no error if it is a namespace, which may still be onboarded", async () => {
    const [operations, trail] = await Promise.all(
      [["list", "operations"], ["audit"]].map((words) => mooring([...words, "--namespace", "nobody"])),
    );

    expect(operations).toMatchObject({ code: 0, stdout: "There is no such operation.\n" });
    expect(trail).toMatchObject({ code: 0, stdout: "There is no such entry.\n" });
  });
});

it("says when its output could not be written", async () => {
  const script = '"$0" cli/mooring.mjs list > /dev/full';
  const env = { ...process.env, ...atSandbox() };

  const ended = promisify(execFile)("sh", ["-c", script, process.execPath], { cwd: checkout, env });

  await expect(ended).rejects.toMatchObject({
    code: 74,
    stderr: expect.stringMatching(/^mooring: Standard output cannot be written: no space left/),
  });
});

describe("waiting", () => {
  it("ends with 4 after --timeout, and says that the operation continues", async () => {
    const berth = newBerth();

    const { code, stdout, stderr } = await mooring([...onboardArgs(berth, orders), "--wait", "--timeout", "2s"]);
    const status = await mooring(["status", berth, "-o", "json"]);
    const cancel = await mooring(["cancel", berth, "--wait", "--comment", "was a test"]);

    expect(code).toBe(4);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/The operation goes on. To look at it: mooring status \w+-\w+\n/);
    expect(JSON.parse(status.stdout)).toMatchObject({ state: "Onboarding" });
    expect(cancel).toMatchObject({ code: 0, stdout: expect.stringMatching(/Canceled in [\s\S]*was a test/) });
  });

  it("ends with 130 at Ctrl-C, and says how to look at the operation and how to stop it", async () => {
    const berth = newBerth();
    const waiting = start([...onboardArgs(berth, orders), "--wait"], { env: atSandbox() });
    await waiting.hasSaid("It waits for an approval.");

    waiting.child.kill("SIGINT");
    const { code, stderr } = await waiting.ended;

    const [, id = ""] = /mooring cancel (\S+)/.exec(stderr) ?? [];
    expect(code).toBe(130);
    expect(stderr).toContain(`mooring status ${id}`);
    expect(await mooring(["cancel", id, "--wait"])).toMatchObject({ code: 0 });
  });

  it("waits as long as the service asks, with --wait; otherwise it reports the refusal", async () => {
    const problem = JSON.stringify({
      status: 429,
      code: "RATE_LIMITED",
      detail: "Too often.",
      fix: "Wait.",
      traceId: "0",
    });
    const headers = { "content-type": "application/problem+json", "retry-after": "1" };
    const limited = () =>
      through(({ method }, earlier) =>
        method === "POST" && earlier.length === 0 ? { answer: { status: 429, headers, body: problem } } : "pass",
      );
    const [first, second] = [await limited(), await limited()];

    const [told, waited] = await Promise.all([
      mooring(onboardArgs(newBerth()), { env: { MOORING_SERVER: first.url } }),
      mooring([...onboardArgs(newBerth()), "--wait"], { env: { MOORING_SERVER: second.url } }),
    ]);

    expect(told).toMatchObject({ code: 1, stderr: expect.stringMatching(/RATE_LIMITED[\s\S]*wait {3}1 s/) });
    expect(waited).toMatchObject({ code: 0, stderr: expect.stringContaining("asking again in 1 s") });
    expect(new Set(second.passed.slice(0, 2).map(({ headers: sent }) => sent["idempotency-key"])).size).toBe(1);
  });

  it("says that the request may have been accepted when the time is over before the answer", async () => {
    const { url } = await through(({ method }) =>
      method === "POST" ? { answer: { status: 503, headers: { "retry-after": "9" }, body: "" } } : "pass",
    );

    const { code, stderr } = await mooring([...onboardArgs(newBerth()), "--wait", "--timeout", "1s"], {
      env: { MOORING_SERVER: url },
    });

    expect(code).toBe(4);
    expect(stderr).toContain("It may have been accepted all the same: mooring list operations");
  });

  it("gets the same operation when the answer was lost and the request is sent again", async () => {
    const berth = newBerth();
    const { url, passed } = await through(({ method }, earlier) =>
      method === "POST" && earlier.length === 0 ? "lose" : "pass",
    );

    const { code, stderr } = await mooring([...onboardArgs(berth), "--wait"], { env: { MOORING_SERVER: url } });

    const [, namespace = ""] = berth.split("/");
    const { stdout } = await mooring(["list", "operations", "--namespace", namespace, "-o", "name"]);
    const sent = passed.filter(({ method }) => method === "POST");
    expect(code).toBe(0);
    expect(stderr).toContain("asking again, as the same request");
    expect(sent).toHaveLength(2);
    expect(sent[0]?.headers["idempotency-key"]).toMatch(/^[0-9a-f-]{36}$/);
    expect(sent[1]?.headers["idempotency-key"]).toBe(sent[0]?.headers["idempotency-key"]);
    expect(stdout.trim().split("\n")).toHaveLength(1);
  });
});

describe("watch", () => {
  it("prints every event once and ends as the operation does, although the connection is cut repeatedly", async () => {
    const berth = newBerth();
    const { stdout: id } = await mooring([...onboardArgs(berth), "-o", "name"]);
    const { url, passed } = await through(({ path }) => (path.endsWith("/events") ? { cutAfterEvents: 4 } : "pass"));

    const { code, stdout, stderr } = await mooring(["watch", id.trim(), "-o", "json"], {
      env: { MOORING_SERVER: url },
    });

    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const ended = events.flatMap(({ event, data }) =>
      event === "step" && data.status === "Succeeded" ? [`${data.name} ${data.target}`] : [],
    );
    const streams = passed.filter(({ path }) => path.endsWith("/events"));
    expect(code).toBe(0);
    expect(streams.length).toBeGreaterThan(2);
    expect(streams.slice(1).every(({ headers }) => headers["last-event-id"] !== undefined)).toBe(true);
    expect(ended).toHaveLength(new Set(ended).size);
    expect(ended).toHaveLength(7);
    expect(events.at(-1)).toMatchObject({ event: "end", data: { status: "Succeeded" } });
    expect(stderr).toContain("coming back to it");
  });

  it("prints all events until Ctrl-C", async () => {
    const berth = newBerth();
    const watching = start(["watch"], { env: atSandbox() });
    await mooring([...onboardArgs(berth), "--wait"]);
    await watching.hasSaid(new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}onboard ${berth} \\w+-\\w+ {2}Succeeded$`, "m"));

    watching.child.kill("SIGINT");
    const { code, stdout } = await watching.ended;

    expect(code).toBe(130);
    expect(stdout).toMatch(new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}${berth} verify ${berth} {2}Succeeded$`, "m"));
  });

  it("ends with 0 after watching everything for a given time", async () => {
    expect(await mooring(["watch", "--timeout", "1s"])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("decisions", () => {
  it("approves the version that was seen, with exactly the command that status shows", async () => {
    const id = await requestByQueue();
    const { stdout } = await mooring(["status", id]);
    const [, words = ""] = /next +mooring (approve .*)/.exec(stdout) ?? [];
    expect(stdout).toMatch(/approved {2,}by nobody yet; 2 different people/);
    const second = { MOORING_KEY: sandbox.cloud.callers?.approverKey ?? "" };
    expect(await mooring(words.split(" "), { env: second })).toMatchObject({ code: 0 });
    expect((await mooring(["status", id])).stdout).toMatch(/approved {2,}by key:approver; 2 different people/);

    const [unseen, other] = await Promise.all([
      mooring(["approve", id]),
      mooring(["approve", id, "--request-hash", "0".repeat(64)]),
    ]);
    const approved = await mooring([...words.split(" "), "--wait"]);

    expect(unseen).toMatchObject({ code: 2, stderr: expect.stringContaining("--request-hash") });
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("APPROVAL_MISMATCH") });
    expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining("Succeeded in") });
  });

  it("refuses a decision about an operation that waits for none, with the same exit code for each decision", async () => {
    const { stdout } = await mooring([...onboardArgs(newBerth()), "--wait", "-o", "name"]);
    const id = stdout.trim();

    const [approve, plan, reject] = await Promise.all([
      mooring(["approve", id, "--request-hash", "0".repeat(64)]),
      mooring(["approve", id, "--dry-run"]),
      mooring(["reject", id]),
    ]);

    for (const answer of [approve, plan, reject]) {
      expect(answer).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(`mooring status ${id}`) });
    }
  });

  it("plans each decision without making it", async () => {
    const id = await requestByQueue();

    const [approve, reject, cancel] = await Promise.all(
      ["approve", "reject", "cancel"].map((verb) => mooring([verb, id, "--dry-run"])),
    );
    const document = await mooring(["approve", id, "--dry-run", "-o", "json"]);
    const { stdout: status } = await mooring(["status", id, "-o", "json"]);

    expect(approve).toMatchObject({ code: 0, stdout: expect.stringMatching(/\+ ensureIdentity[\s\S]*takes/) });
    expect(reject).toMatchObject({ code: 0, stdout: expect.stringMatching(/nothing to change[\s\S]*notice/) });
    expect(cancel).toMatchObject({ code: 0, stdout: expect.stringContaining(`cancel ${id}`) });
    expect(JSON.parse(document?.stdout ?? "")).toMatchObject({
      blocked: false,
      needsApproval: [expect.stringContaining("another person")],
    });
    expect(JSON.parse(status)).toMatchObject({ phase: "awaitingApproval" });
    await mooring(["cancel", id, "--wait"]);
  });

  it("rejects, and a command that waits ends with 1", async () => {
    const id = await requestByQueue();
    const waiting = start(["status", id, "--wait"], { env: atSandbox() });
    await waiting.hasSaid("It waits for an approval.");

    const { etag } = JSON.parse((await mooring(["status", id, "-o", "json"])).stdout);
    const unseen = await mooring(["reject", id, "--if-match", "another"]);
    // Without quotes, as after a shell.
    const seen = ["--if-match", etag.replaceAll('"', "")];
    const rejected = await mooring(["reject", id, "--comment", "not now", ...seen]);
    const { code, stdout } = await waiting.ended;

    expect(unseen).toMatchObject({ code: 1, stderr: expect.stringMatching(/PRECONDITION_FAILED[\s\S]*has 0 of 2/) });
    expect(rejected).toMatchObject({ code: 0, stdout: `${id}  rejected\n` });
    expect(code).toBe(1);
    expect(stdout).toMatch(/REJECTED[\s\S]*not now/);
  });

  it("reruns failed undos with compensate, as the failed operation suggests", async () => {
    const berth = newBerth();
    const { faults } = sandbox.cloud;
    faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: 15247 } });
    faults.add({
      wire: "arm",
      operation: /DELETE/,
      times: 50,
      effect: { kind: "error", code: "AuthorizationFailed", status: 403 },
    });
    const failed = await mooring([...onboardArgs(berth), "--wait"]);
    faults.clear();
    const [, words = ""] = /^\s*next +mooring (compensate \S+)$/m.exec(failed.stdout) ?? [];

    const plan = await mooring([...words.split(" "), "--dry-run"]);
    const compensated = await mooring([...words.split(" "), "--wait"]);

    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining("COMPENSATION_FAILED") });
    expect(plan.stdout).toMatch(/^- removeIdentity .* delete$/m);
    expect(compensated.code).toBe(0);
    expect(identityOf(berth)).toBeUndefined();
  });
});

describe("files", () => {
  const documents = (namespaces: readonly string[]) =>
    namespaces.map((name) => stringify(requestFor(name))).join("---\n");

  it("sends several YAML documents as one batch", async () => {
    const namespaces = [newName(), newName(), newName()];
    const file = join(folder, "teams.yaml");
    await writeFile(file, documents(namespaces));

    const plan = await mooring(["onboard", "-f", file, "--dry-run"]);
    const before = await mooring(["list", "-o", "name"]);
    const batch = await mooring(["onboard", "-f", file, "--wait", "-o", "json"]);
    const table = await mooring(["status", JSON.parse(batch.stdout).id]);

    expect(plan.stdout).toMatch(/^batch {2}3 of 3 ready\n/);
    expect(before.stdout).not.toContain(namespaces[0]);
    expect(batch.code).toBe(0);
    expect(JSON.parse(batch.stdout)).toMatchObject({ kind: "batch", status: "Succeeded", totals: { succeeded: 3 } });
    expect(table.stdout).toContain("3 of 3 done");
  });

  it("reads standard input, a list, and the body of the batch route", async () => {
    const [one, two, three] = [newName(), newName(), newName()];

    const list = await mooring(["plan", "-f", "-", "-o", "name"], {
      stdin: JSON.stringify([requestFor(one), requestFor(two)]),
    });
    const body = await mooring(["plan", "-f", "-", "-o", "name"], {
      stdin: stringify({ requests: [requestFor(three)] }),
    });

    expect(list.stdout).toBe(`${names.cluster}/${one}\n${names.cluster}/${two}\n`);
    expect(body.stdout).toBe(`${names.cluster}/${three}\n`);
  });

  it("ends with 1 when one namespace of a batch fails, and says which one and why", async () => {
    const [good, bad] = [newName(), newName()];
    sandbox.cloud.faults.add({
      wire: "kubernetes",
      operation: /serviceaccounts/,
      target: new RegExp(bad),
      times: 50,
      effect: { kind: "error", code: "Forbidden", status: 403 },
    });

    const { code, stdout } = await mooring(["onboard", "-f", "-", "--wait"], { stdin: documents([good, bad]) });

    expect(code).toBe(1);
    expect(stdout).toContain("1 of 2 done, 1 failed");
    expect(stdout).toMatch(new RegExp(`error +${names.cluster}/${bad}: KUBERNETES_\\w+: `));
  });

  it("refuses a batch as a whole, with the place of the mistake", async () => {
    const name = newName();

    const { code, stderr } = await mooring(["onboard", "-f", "-"], { stdin: documents([name, name]) });

    expect(code).toBe(1);
    expect(stderr).toContain("  Standard input, document 2: /namespace ");
    expect(stderr).toContain("in Standard input, document 1 and in Standard input, document 2");
    expect(parseAllDocuments(documents([name, name]))).toHaveLength(2);
  });
});

describe("several namespaces", () => {
  const many = ["red-many-1", "red-many-2", "red-many-3"].map((name) => `${names.cluster}/${name}`);
  const filter = ["--filter", `cluster=${names.cluster},findings=USER_MISSING`];

  it("are verified as one batch, which ends with 1 if access is broken", async () => {
    const requests = many.map((berth) => requestFor(berth.split("/")[1] ?? ""));
    const onboarded = await mooring(["onboard", "-f", "-", "--wait"], { stdin: JSON.stringify(requests) });
    await sandbox.cloud.sql.database("messages").runScript(`DROP USER [${identityOf(many[1] ?? "")?.name}]`);

    const { code, stdout, stderr } = await mooring(["verify", ...many, "--wait"]);

    expect(onboarded.code, onboarded.stderr).toBe(0);
    expect(code).toBe(1);
    expect(stderr).toMatch(/verify 3 namespaces {2}/);
    expect(stdout).toMatch(/^verify 3 namespaces {2}Failed in/);
    expect(stdout).toMatch(/^aks-dev\/red-many-1 +Succeeded +verified/m);
    expect(stdout).toMatch(/^aks-dev\/red-many-2 +Failed +VERIFICATION_FAILED/m);
    expect(stdout).toContain("2 of 3 done, 1 failed");
  });

  it("are planned and repaired by a filter, and can be followed later", async () => {
    const plan = await mooring(["repair", ...filter, "--dry-run", "-o", "name"]);
    const { etag } = JSON.parse((await mooring(["repair", ...filter, "--dry-run", "-o", "json"])).stdout);
    const unplanned = await mooring(["repair", ...filter, "--if-match", '"another"']);
    const { code, stdout, stderr } = await mooring(["repair", ...filter, "--if-match", etag, "-o", "name"]);
    const watched = await mooring(["watch", stdout.trim()]);
    const none = await mooring(["repair", ...filter]);

    expect(plan.stdout).toBe(`${many[1]}\n`);
    expect(unplanned).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("cover 1 namespace") });
    expect(code).toBe(0);
    expect(stderr).toContain(`To follow it: mooring watch ${stdout.trim()}`);
    expect(watched.code, watched.stderr).toBe(0);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("NOTHING_CHOSEN") });
    expect(none.stderr).toContain(`  next   mooring list ${filter.join(" ")}\n`);
  });

  it("are offboarded only after a yes", async () => {
    const unasked = await mooring(["offboard", ...many]);
    const there = await mooring(["list", "-o", "name"]);
    const plan = await mooring(["offboard", ...many, "--dry-run"]);
    const done = await mooring(["offboard", ...many, "--yes", "--wait", "-o", "json"]);

    expect(unasked).toMatchObject({ code: 2, stdout: "" });
    expect(unasked.stderr).toContain("No terminal to ask whether to offboard them.");
    expect(unasked.stderr).toContain("--yes continues without asking");
    for (const berth of many) expect(there.stdout.split("\n")).toContain(berth);
    expect(plan.stdout).toMatch(/^batch {2}3 of 3 ready\n/);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ action: "offboard", totals: { succeeded: 3 } });
  });
});

it("says what can be requested", async () => {
  const { code, stdout } = await mooring(["catalog"]);

  expect(code).toBe(0);
  expect(stdout).toMatch(/^database +sql-dev\/orders +reader, writer, executor$/m);
});

it("has never printed the key", () => {
  expect(printed.length).toBeGreaterThan(50);
  expect(printed.filter((text) => text.includes(key))).toEqual([]);
});

describe("renew", () => {
  it("moves the end of everything or of one target, as a change with its plan and its approval", async () => {
    const berth = newBerth();
    const until = "2090-01-31T00:00:00.000Z";
    const first = ["--database", `${messages}=reader`, "--expires-at", "2080-01-01T00:00:00Z", "--wait"];
    expect(await mooring(["onboard", berth, ...first])).toMatchObject({ code: 0 });
    const request = async () => {
      const { stdout } = await mooring(["status", berth, "-o", "json"]);
      return (JSON.parse(stdout) as { request: object }).request;
    };

    const planned = await mooring(["renew", berth, "--expires-at", until, "--dry-run"]);
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining(`renew ${berth}`) });
    expect(await request()).toMatchObject({ expiresAt: "2080-01-01T00:00:00.000Z" });

    const whole = await mooring(["renew", berth, "--expires-at", until, "--wait"]);
    expect(whole, whole.stderr).toMatchObject({ code: 0 });
    expect(await request()).toMatchObject({ expiresAt: until, databases: [{ roles: ["reader"] }] });

    const one = await mooring(["renew", berth, "--target", messages, "--expires-after", "PT1H", "--wait"]);
    expect(one, one.stderr).toMatchObject({ code: 0 });
    expect(await request()).toMatchObject({ expiresAt: until, databases: [{ expiresAt: expect.any(String) }] });
    const late = await mooring([
      "renew",
      berth,
      "--target",
      messages,
      "--expires-at",
      "2091-01-01T00:00:00Z",
      "--dry-run",
    ]);
    expect(late.stderr).toContain(`All of ${berth} ends at ${until}`);
  });

  it("needs what any change needs", async () => {
    const berth = newBerth();
    await mooring([...onboardArgs(berth), "--wait"]);
    const refused = (...args: string[]) => mooring(["renew", berth, ...args]);

    expect(await refused()).toMatchObject({ code: 2, stderr: expect.stringContaining("--expires-after or") });
    expect(await refused("--expires-after", "30d")).toMatchObject({ code: 2, stderr: expect.stringContaining("P30D") });
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
    expect(await mooring(["renew", newBerth(), "--expires-after", "P1D"])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("NOT_ONBOARDED"),
    });
  });
});
