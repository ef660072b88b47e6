/** A request that would remove access: shown first, asked at a terminal, and refused in a script without --yes. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterAll, describe, expect } from "vitest";
import { Refused } from "../../cli/failures.ts";
import { sendAsking, sendBatchesAsking } from "../../cli/requests/removal.ts";
import type { Call } from "../../cli/service/client.ts";
import type { Session } from "../../cli/session.ts";
import { names } from "../../sandbox/cloud.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { it } from "../support/sharedSandbox.ts";
import { checkout, type Ended, runHere } from "./support/program.ts";

const { cluster, sqlServer } = names;
const on = (database: string) => ["--database", `${sqlServer}/${database}=reader`];
const both = [...on("messages"), ...on("orders")];
const loss = `database ${sqlServer}/orders (reader)`;

describe("in a script", () => {
  let sandbox: SuiteSandbox;
  let folder: string;
  it.beforeAll(async ({ sandbox: shared }) => {
    sandbox = shared;
    folder = await mkdtemp(join(tmpdir(), "mooring-removal-"));
    process.chdir(folder);
  });
  afterAll(async () => {
    process.chdir(checkout);
    await rm(folder, { recursive: true, force: true });
  });

  const mooring = (...args: string[]): Promise<Ended> => runHere(args, { env: { MOORING_SERVER: sandbox.url } });

  async function onboarded(namespace: string): Promise<string> {
    const fullName = `${cluster}/${namespace}`;
    expect(await mooring("onboard", fullName, ...both, "--wait")).toMatchObject({ code: 0 });
    return fullName;
  }

  async function databasesOf(fullName: string): Promise<string> {
    const { stdout } = await mooring("status", fullName, "-o", "jsonpath={.databases[*].database}");
    return stdout.trim();
  }

  async function file(...objects: readonly [namespace: string, ...databases: string[]][]): Promise<string> {
    const requests = objects.map(([namespace, ...databases]) => ({
      cluster,
      namespace,
      databases: databases.map((database) => ({ server: sqlServer, database, roles: ["reader"] })),
    }));
    const name = `${crypto.randomUUID()}.json`;
    await writeFile(join(folder, name), JSON.stringify(requests.length === 1 ? requests[0] : requests));
    return name;
  }

  it("onboard refuses, says what to do, and does it with --yes", async () => {
    const fullName = await onboarded("one");

    const plan = await mooring("plan", fullName, ...on("messages"));
    const refused = await mooring("onboard", fullName, ...on("messages"), "--wait");

    expect(plan.stdout).toContain(`removes  ${loss}`);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr.replaceAll(/\s+/g, " ")).toContain(`REMOVAL_NOT_CONFIRMED: ${fullName} would lose ${loss}.`);
    expect(refused.stderr.replaceAll(/\s+/g, " ")).toContain("send the request with --yes");
    expect(await databasesOf(fullName)).toBe("messages orders");

    expect(await mooring("onboard", fullName, ...on("messages"), "--yes", "--wait")).toMatchObject({ code: 0 });
    expect(await databasesOf(fullName)).toBe("messages");
  });

  it("a version alone does not remove anything, though the service takes it as a sign", async () => {
    const fullName = await onboarded("version");
    const { stdout } = await mooring("status", fullName, "-o", "jsonpath={.etag}");

    const refused = await mooring("onboard", fullName, ...on("messages"), "--if-match", stdout.trim());

    expect(refused).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("--yes") });
    expect(refused.stderr).toContain(`${fullName} would lose ${loss}.`);
    expect(await databasesOf(fullName)).toBe("messages orders");
  });

  it("apply refuses that object alone, and does it with --yes", async () => {
    const fullName = await onboarded("applied");
    const objects = await file(["applied", "messages"], ["unlike", "messages"]);

    const dryRun = await mooring("apply", "-f", objects, "--dry-run");
    const refused = await mooring("apply", "-f", objects, "--wait");

    expect(dryRun).toMatchObject({ code: 0, stderr: expect.stringContaining(`applied would lose ${loss}.\n`) });
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining("namespaceonboarding/unlike created") });
    expect(refused.stderr).toContain("REMOVAL_NOT_CONFIRMED");
    expect(await databasesOf(fullName)).toBe("messages orders");

    const done = await mooring("apply", "-f", objects, "--yes", "--wait");
    expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining("namespaceonboarding/applied configured") });
    expect(await databasesOf(fullName)).toBe("messages");
  });

  it("a batch refuses that item alone, and does it with --yes", async () => {
    const fullName = await onboarded("batched");
    const requests = await file(["batched", "messages"], ["other", "messages"]);

    const dryRun = await mooring("onboard", "-f", requests, "--dry-run");
    const refused = await mooring("onboard", "-f", requests, "--wait");

    expect(dryRun.stdout).toContain(`removes ${loss}`);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.stdout).toContain("REMOVAL_NOT_CONFIRMED");
    expect(await databasesOf(fullName)).toBe("messages orders");

    expect(await mooring("onboard", "-f", requests, "--yes", "--wait")).toMatchObject({ code: 0 });
    expect(await databasesOf(fullName)).toBe("messages");
  });
});

describe("at a terminal", () => {
  const removes = [{ thing: "database", name: "sql/orders", access: ["reader"], isWhole: true }];
  const call = { route: "POST /api/onboardings", body: {} } as const;

  /** A service that refuses what has no sign. */
  function answering(typed: string, { isRemoving = true } = {}) {
    const calls: (Call & { readonly isPlan?: boolean })[] = [];
    const said: string[] = [];
    const plan = { steps: [], blocked: false, etag: '"v1"', ...(isRemoving ? { removes } : {}) };
    const planned = async (sent: Call) => {
      calls.push({ ...sent, isPlan: true });
      return { ...plan, items: [{ cluster: "aks", namespace: "a", plan }] };
    };
    const session = {
      client: { plan: planned },
      signal: new AbortController().signal,
      say: (text: string) => void said.push(text),
    } as object as Session;
    const person = { input: new PassThrough(), output: new PassThrough() };
    person.input.end(typed);
    const send = async (sent: Call) => {
      calls.push(sent);
      const hasSign = "confirmRemoval" in (sent.query ?? {}) || sent.ifMatch !== undefined;
      if (!isRemoving || hasSign) return "accepted";
      const code = "REMOVAL_NOT_CONFIRMED";
      throw new Refused({ status: 409, code, detail: "aks/a would lose it.", fix: "fix", traceId: "1" });
    };
    return { session, person, send, said, calls, asked: () => String(person.output.read()) };
  }

  it.each([
    ["y\n", "accepted", 3],
    ["n\n", undefined, 2],
    ["", undefined, 2],
  ])("shows what goes, asks, and reads %j", async (typed, expected, count) => {
    const { session, person, send, said, calls, asked } = answering(typed);

    const answer = await sendAsking(session, { call, name: "aks/a" }, { isConfirmed: false, person }, send);

    expect(answer).toBe(expected);
    expect(said[0]).toBe("aks/a would lose database sql/orders (reader).");
    expect(asked()).toBe("Onboard aks/a and remove this? [y/N] ");
    expect(calls).toHaveLength(count);
    // Only what the person has seen is changed.
    if (count === 3) expect(calls.at(-1)).toMatchObject({ query: { confirmRemoval: "true" }, ifMatch: '"v1"' });
  });

  it("asks nothing where nothing goes", async () => {
    const { session, person, send, calls, asked } = answering("", { isRemoving: false });

    expect(await sendAsking(session, { call, name: "aks/a" }, { isConfirmed: false, person }, send)).toBe("accepted");
    expect(asked()).toBe("null");
    expect(calls).toEqual([call]);
  });

  it("looks first where the user names a version", async () => {
    const { session, person, send, calls } = answering("n\n");
    const versioned = { ...call, ifMatch: '"v1"' };

    expect(await sendAsking(session, { call: versioned, name: "aks/a" }, { isConfirmed: false, person }, send)).toBe(
      undefined,
    );
    expect(calls).toEqual([{ ...versioned, isPlan: true }]);
  });

  it.each([
    ["y\n", [{ id: "accepted" }]],
    ["n\n", undefined],
  ])("shows the plan of a batch first, and reads %j", async (typed, expected) => {
    const { session, person, send, said, asked } = answering(typed);

    expect(
      await sendBatchesAsking(
        session,
        [{ ...call, route: "POST /api/onboardings/batch" }],
        { isConfirmed: false, person },
        async (batch) => ({ id: await send(batch) }),
      ),
    ).toEqual(expected);
    expect(said[0]).toBe("aks/a would lose database sql/orders (reader).");
    expect(asked()).toBe("Onboard them and remove this? [y/N] ");
  });
});
