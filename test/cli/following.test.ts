/** `mooring`: waiting for operations and batches, watching them, and deciding about them. */

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import { names } from "../../sandbox/cloud.ts";
import { type CommandLine, onboardArgs, orders, requestFor, startCommandLine } from "./support/commandLine.ts";
import { start } from "./support/program.ts";

let cli: CommandLine;
let folder: string;

beforeAll(async () => {
  cli = await startCommandLine();
  folder = await mkdtemp(join(tmpdir(), "mooring-cli-"));
});
afterEach(() => cli.recover());
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await cli?.sandbox.close();
});

/** Sends a request by queue, so that the key's owner, who is not the requester, may approve it. */
async function requestByQueue(): Promise<string> {
  const namespace = cli.newName();
  cli.sandbox.cloud.serviceBus.queue(names.queue).send({ body: requestFor(namespace, "orders") });
  const find = async () => {
    const { stdout } = await cli.mooring(["list", "operations", "--namespace", namespace, "-o", "json"]);
    return JSON.parse(stdout).value[0];
  };
  await expect.poll(find, { interval: 300 }).toMatchObject({ approval: { reminders: 0 } });
  return (await find()).id;
}

describe("decisions", () => {
  it("says at once that a request waits, and what its requester may do about it", async () => {
    const fullName = cli.newNamespaceRef();
    const sent = await cli.mooring(onboardArgs(fullName, orders));
    const [id = ""] = sent.stdout.split(" ");
    await expect
      .poll(async () => (await cli.mooring(["status", fullName])).stdout, { interval: 300 })
      .toMatch(new RegExp(`Onboarding, waits for approval[^]*next +mooring status ${id}`));
    const { stdout } = await cli.mooring(["status", id]);

    expect(sent.stderr).toContain(
      `It waits for approval before anything is written. Database ${orders} needs approval.`,
    );
    expect(stdout).toMatch(new RegExp(`for +anyone with Onboarding.Approve[^]*or +mooring cancel ${id}`));
    expect(stdout).not.toContain("mooring approve");
    await cli.mooring(["cancel", id, "--wait"]);
  });

  it("approves the version that was seen, with exactly the command that status shows", async () => {
    const id = await requestByQueue();
    const { stdout } = await cli.mooring(["status", id]);
    const [, words = ""] = /next +mooring (approve .*)/.exec(stdout) ?? [];
    expect(stdout).toMatch(/approved {2,}by nobody yet; 2 different people/);
    const second = { MOORING_KEY: cli.sandbox.cloud.callers?.approverKey ?? "" };
    expect(await cli.mooring(words.split(" "), { env: second })).toMatchObject({ code: 0 });
    expect((await cli.mooring(["status", id])).stdout).toMatch(/approved {2,}by key:approver; 2 different people/);

    const [unseen, other] = await Promise.all([
      cli.mooring(["approve", id]),
      cli.mooring(["approve", id, "--request-hash", "0".repeat(64)]),
    ]);
    const approved = await cli.mooring([...words.split(" "), "--wait"]);

    expect(unseen).toMatchObject({ code: 2, stderr: expect.stringContaining("--request-hash") });
    expect(other).toMatchObject({ code: 1, stderr: expect.stringContaining("APPROVAL_MISMATCH") });
    expect(approved).toMatchObject({ code: 0, stdout: expect.stringContaining("Succeeded in") });
  });

  it("refuses a decision about an operation that waits for none, with the same exit code for each decision", async () => {
    const { stdout } = await cli.mooring([...onboardArgs(cli.newNamespaceRef()), "--wait", "-o", "name"]);
    const id = stdout.trim();

    const [approve, plan, reject] = await Promise.all([
      cli.mooring(["approve", id, "--request-hash", "0".repeat(64)]),
      cli.mooring(["approve", id, "--dry-run"]),
      cli.mooring(["reject", id]),
    ]);

    for (const answer of [approve, plan, reject]) {
      expect(answer).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining(`mooring status ${id}`) });
    }
  });

  it("plans each decision without making it", async () => {
    const id = await requestByQueue();

    const [approve, reject, cancel] = await Promise.all(
      ["approve", "reject", "cancel"].map((verb) => cli.mooring([verb, id, "--dry-run"])),
    );
    const document = await cli.mooring(["approve", id, "--dry-run", "-o", "json"]);
    const { stdout: status } = await cli.mooring(["status", id, "-o", "json"]);

    expect(approve).toMatchObject({ code: 0, stdout: expect.stringMatching(/\+ set up identity[\s\S]*takes/) });
    expect(reject).toMatchObject({ code: 0, stdout: expect.stringMatching(/nothing to change[\s\S]*notice/) });
    expect(cancel).toMatchObject({ code: 0, stdout: expect.stringContaining(`cancel ${id}`) });
    expect(JSON.parse(document?.stdout ?? "")).toMatchObject({
      blocked: false,
      needsApproval: [expect.stringContaining("another person")],
    });
    expect(JSON.parse(status)).toMatchObject({ phase: "awaitingApproval" });
    await cli.mooring(["cancel", id, "--wait"]);
  });

  it("rejects, and a command that waits ends with 1", async () => {
    const id = await requestByQueue();
    const waiting = start(["status", id, "--wait"], { env: cli.env() });
    await waiting.hasSaid("It waits for an approval.");

    const { etag } = JSON.parse((await cli.mooring(["status", id, "-o", "json"])).stdout);
    const unseen = await cli.mooring(["reject", id, "--if-match", "another"]);
    // Without quotes, as after a shell.
    const seen = ["--if-match", etag.replaceAll('"', "")];
    const rejected = await cli.mooring(["reject", id, "--comment", "not now", ...seen]);
    const { code, stdout } = await waiting.ended;

    expect(unseen).toMatchObject({ code: 1, stderr: expect.stringMatching(/PRECONDITION_FAILED[\s\S]*has 0 of 2/) });
    expect(rejected).toMatchObject({ code: 0, stdout: `${id}  rejected\n` });
    expect(code).toBe(1);
    expect(stdout).toMatch(/REJECTED[\s\S]*not now/);
  });

  it("reruns failed undos with compensate, as the failed operation suggests", async () => {
    const fullName = cli.newNamespaceRef();
    const { faults } = cli.sandbox.cloud;
    faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: 15247 } });
    faults.add({
      wire: "arm",
      operation: /DELETE/,
      times: 50,
      effect: { kind: "error", code: "AuthorizationFailed", status: 403 },
    });
    const failed = await cli.mooring([...onboardArgs(fullName), "--wait"]);
    faults.clear();
    const [, words = ""] = /^\s*next +mooring (compensate \S+)$/m.exec(failed.stdout) ?? [];

    const plan = await cli.mooring([...words.split(" "), "--dry-run"]);
    const compensated = await cli.mooring([...words.split(" "), "--wait"]);

    expect(failed).toMatchObject({ code: 1, stdout: expect.stringContaining("COMPENSATION_FAILED") });
    expect(plan.stdout).toMatch(/^- remove identity .* delete$/m);
    expect(compensated.code).toBe(0);
    expect(cli.identityOf(fullName)).toBeUndefined();
  });
});

describe("waiting", () => {
  it("ends with 4 after --timeout, and says that the operation continues", async () => {
    const fullName = cli.newNamespaceRef();

    const { code, stdout, stderr } = await cli.mooring([...onboardArgs(fullName, orders), "--wait", "--timeout", "2s"]);
    const status = await cli.mooring(["status", fullName, "-o", "json"]);
    const cancel = await cli.mooring(["cancel", fullName, "--wait", "--comment", "was a test"]);

    expect(code).toBe(4);
    expect(stdout).toBe("");
    expect(stderr).toMatch(/The operation goes on. To look at it: mooring status \w+-\w+\n/);
    expect(JSON.parse(status.stdout)).toMatchObject({ state: "Onboarding" });
    expect(cancel).toMatchObject({ code: 0, stdout: expect.stringMatching(/Canceled in [\s\S]*was a test/) });
  });

  it("ends with 130 at Ctrl-C, and says how to look at the operation and how to stop it", async () => {
    const fullName = cli.newNamespaceRef();
    const waiting = start([...onboardArgs(fullName, orders), "--wait"], { env: cli.env() });
    await waiting.hasSaid("It waits for an approval.");

    waiting.child.kill("SIGINT");
    const { code, stderr } = await waiting.ended;

    const [, id = ""] = /mooring cancel (\S+)/.exec(stderr) ?? [];
    expect(code).toBe(130);
    expect(stderr).toContain(`mooring status ${id}`);
    expect(await cli.mooring(["cancel", id, "--wait"])).toMatchObject({ code: 0 });
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
      cli.through(({ method }, earlier) =>
        method === "POST" && earlier.length === 0 ? { answer: { status: 429, headers, body: problem } } : "pass",
      );
    const [first, second] = [await limited(), await limited()];

    const [told, waited] = await Promise.all([
      cli.mooring(onboardArgs(cli.newNamespaceRef()), { env: { MOORING_SERVER: first.url } }),
      cli.mooring([...onboardArgs(cli.newNamespaceRef()), "--wait"], { env: { MOORING_SERVER: second.url } }),
    ]);

    expect(told).toMatchObject({ code: 1, stderr: expect.stringMatching(/RATE_LIMITED[\s\S]*wait {3}1 s/) });
    expect(waited).toMatchObject({ code: 0, stderr: expect.stringContaining("asking again in 1 s") });
    expect(new Set(second.passed.slice(0, 2).map(({ headers: sent }) => sent["idempotency-key"])).size).toBe(1);
  });

  it("says that the request may have been accepted when the time is over before the answer", async () => {
    const { url } = await cli.through(({ method }) =>
      method === "POST" ? { answer: { status: 503, headers: { "retry-after": "9" }, body: "" } } : "pass",
    );

    const { code, stderr } = await cli.mooring([...onboardArgs(cli.newNamespaceRef()), "--wait", "--timeout", "1s"], {
      env: { MOORING_SERVER: url },
    });

    expect(code).toBe(4);
    expect(stderr).toContain("It may have been accepted all the same: mooring list operations");
  });

  it("gets the same operation when the answer was lost and the request is sent again", async () => {
    const fullName = cli.newNamespaceRef();
    const { url, passed } = await cli.through(({ method }, earlier) =>
      method === "POST" && earlier.length === 0 ? "lose" : "pass",
    );

    const { code, stderr } = await cli.mooring([...onboardArgs(fullName), "--wait"], { env: { MOORING_SERVER: url } });

    const [, namespace = ""] = fullName.split("/");
    const { stdout } = await cli.mooring(["list", "operations", "--namespace", namespace, "-o", "name"]);
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
    const fullName = cli.newNamespaceRef();
    const { stdout: id } = await cli.mooring([...onboardArgs(fullName), "-o", "name"]);
    const { url, passed } = await cli.through(({ path }) =>
      path.endsWith("/events") ? { cutAfterEvents: 4 } : "pass",
    );

    const { code, stdout, stderr } = await cli.mooring(["watch", id.trim(), "-o", "json"], {
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
    const fullName = cli.newNamespaceRef();
    const { url, passed } = await cli.through(() => "pass");
    const watching = start(["watch"], { env: { ...cli.env(), MOORING_SERVER: url } });
    // The stream has no past: what begins before it is open is not seen.
    await expect.poll(() => passed.some(({ path }) => path.endsWith("/events")), { timeout: 30_000 }).toBe(true);
    await cli.mooring([...onboardArgs(fullName), "--wait"]);
    await watching.hasSaid(new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}onboard ${fullName} \\w+-\\w+ {2}Succeeded$`, "m"));

    watching.child.kill("SIGINT");
    const { code, stdout } = await watching.ended;

    expect(code).toBe(130);
    expect(stdout).toMatch(
      new RegExp(`^\\d\\d:\\d\\d:\\d\\d {2}${fullName} verify access ${fullName} {2}Succeeded$`, "m"),
    );
  });

  it("ends with 0 after watching everything for a given time", async () => {
    expect(await cli.mooring(["watch", "--timeout", "1s"])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe("files", () => {
  const documents = (namespaces: readonly string[]) =>
    namespaces.map((name) => stringify(requestFor(name))).join("---\n");

  it("sends several YAML documents as one batch", async () => {
    const namespaces = [cli.newName(), cli.newName(), cli.newName()];
    const file = join(folder, "teams.yaml");
    await writeFile(file, documents(namespaces));

    const plan = await cli.mooring(["onboard", "-f", file, "--dry-run"]);
    const before = await cli.mooring(["list", "-o", "name"]);
    const batch = await cli.mooring(["onboard", "-f", file, "--wait", "-o", "json"]);
    const table = await cli.mooring(["status", JSON.parse(batch.stdout).id]);

    expect(plan.stdout).toMatch(/^batch {2}3 of 3 ready\n/);
    expect(before.stdout).not.toContain(namespaces[0]);
    expect(batch.code).toBe(0);
    expect(JSON.parse(batch.stdout)).toMatchObject({ kind: "batch", status: "Succeeded", totals: { succeeded: 3 } });
    expect(table.stdout).toContain("3 of 3 done");
  });

  it("reads standard input, a list, and the body of the batch route", async () => {
    const [one, two, three] = [cli.newName(), cli.newName(), cli.newName()];

    const list = await cli.mooring(["plan", "-f", "-", "-o", "name"], {
      stdin: JSON.stringify([requestFor(one), requestFor(two)]),
    });
    const body = await cli.mooring(["plan", "-f", "-", "-o", "name"], {
      stdin: stringify({ requests: [requestFor(three)] }),
    });

    expect(list.stdout).toBe(`${names.cluster}/${one}\n${names.cluster}/${two}\n`);
    expect(body.stdout).toBe(`${names.cluster}/${three}\n`);
  });

  it("ends with 1 when one namespace of a batch fails, and says which one and why", async () => {
    const [good, bad] = [cli.newName(), cli.newName()];
    cli.sandbox.cloud.faults.add({
      wire: "kubernetes",
      operation: /serviceaccounts/,
      target: new RegExp(bad),
      times: 50,
      effect: { kind: "error", code: "Forbidden", status: 403 },
    });

    const { code, stdout } = await cli.mooring(["onboard", "-f", "-", "--wait"], { stdin: documents([good, bad]) });

    expect(code).toBe(1);
    expect(stdout).toContain("1 of 2 done, 1 failed");
    expect(stdout).toMatch(new RegExp(`error +${names.cluster}/${bad}: KUBERNETES_\\w+: `));
  });

  it("refuses a batch as a whole, with the place of the mistake", async () => {
    const name = cli.newName();

    const { code, stderr } = await cli.mooring(["onboard", "-f", "-"], { stdin: documents([name, name]) });

    expect(code).toBe(1);
    expect(stderr).toContain("  Standard input, document 2: /namespace ");
    expect(stderr).toContain("in Standard input, document 1 and in Standard input, document 2");
    expect(parseAllDocuments(documents([name, name]))).toHaveLength(2);
  });

  it("refuses more than a batch may have as a whole, too", async () => {
    const requests = Array.from({ length: 1_001 }, () => requestFor(cli.newName()));
    const stdin = JSON.stringify([...requests.slice(0, 1_000), { ...requests[1_000], cluster: "none" }]);

    const { code, stderr } = await cli.mooring(["onboard", "-f", "-", "--yes"], { stdin });

    expect(code).toBe(1);
    expect(stderr).toContain("  Standard input, item 1001: /cluster ");
    expect((await cli.mooring(["list", "-o", "name"])).stdout).not.toContain(requests[0]?.namespace);
  });
});

describe("several namespaces", () => {
  const many = ["red-many-1", "red-many-2", "red-many-3"].map((name) => `${names.cluster}/${name}`);
  const filter = ["--filter", `cluster=${names.cluster},findings=USER_MISSING`];

  it("are verified as one batch, which ends with 1 if access is broken", async () => {
    const requests = many.map((fullName) => requestFor(fullName.split("/")[1] ?? ""));
    const onboarded = await cli.mooring(["onboard", "-f", "-", "--wait"], { stdin: JSON.stringify(requests) });
    await cli.sandbox.cloud.sql.database("messages").runScript(`DROP USER [${cli.identityOf(many[1] ?? "")?.name}]`);

    const { code, stdout, stderr } = await cli.mooring(["verify", ...many, "--wait"]);

    expect(onboarded.code, onboarded.stderr).toBe(0);
    expect(code).toBe(1);
    expect(stderr).toMatch(/verify 3 namespaces {2}/);
    expect(stdout).toMatch(/^verify 3 namespaces {2}Failed in/);
    expect(stdout).toMatch(/^aks-dev\/red-many-1 +Succeeded +verified/m);
    expect(stdout).toMatch(/^aks-dev\/red-many-2 +Failed +VERIFICATION_FAILED/m);
    expect(stdout).toContain("2 of 3 done, 1 failed");
  });

  it("are planned and repaired by a filter, and can be followed later", async () => {
    const plan = await cli.mooring(["repair", ...filter, "--dry-run", "-o", "name"]);
    const { etag } = JSON.parse((await cli.mooring(["repair", ...filter, "--dry-run", "-o", "json"])).stdout);
    const unplanned = await cli.mooring(["repair", ...filter, "--if-match", '"another"']);
    const { code, stdout, stderr } = await cli.mooring(["repair", ...filter, "--if-match", etag, "-o", "name"]);
    const watched = await cli.mooring(["watch", stdout.trim()]);
    const none = await cli.mooring(["repair", ...filter]);

    expect(plan.stdout).toBe(`${many[1]}\n`);
    expect(unplanned).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("cover 1 namespace") });
    expect(code).toBe(0);
    expect(stderr).toContain(`To follow it: mooring watch ${stdout.trim()}`);
    expect(watched.code, watched.stderr).toBe(0);
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("NOTHING_CHOSEN") });
    expect(none.stderr).toContain(`  next   mooring list ${filter.join(" ")}\n`);
  });

  it("are offboarded only after a yes", async () => {
    const unasked = await cli.mooring(["offboard", ...many]);
    const there = await cli.mooring(["list", "-o", "name"]);
    const plan = await cli.mooring(["offboard", ...many, "--dry-run"]);
    const done = await cli.mooring(["offboard", ...many, "--yes", "--wait", "-o", "json"]);

    expect(unasked).toMatchObject({ code: 2, stdout: "" });
    expect(unasked.stderr).toContain("No terminal to ask whether to offboard them.");
    expect(unasked.stderr).toContain("--yes continues without asking");
    for (const fullName of many) expect(there.stdout.split("\n")).toContain(fullName);
    expect(plan.stdout).toMatch(/^batch {2}3 of 3 ready\n/);
    expect(done.code, done.stderr).toBe(0);
    expect(JSON.parse(done.stdout)).toMatchObject({ action: "offboard", totals: { succeeded: 3 } });
  });
});

it("has never printed the key", () => {
  expect(cli.printed.length).toBeGreaterThan(50);
  expect(cli.printed.filter((text) => text.includes(cli.key))).toEqual([]);
});
