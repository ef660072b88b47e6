/** `npm run demo` and `npm start` as a user runs them: as processes, with their exit codes and what they leave behind. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { ensureBuilt } from "../../sandbox/build.ts";
import { listContents, zip } from "../../tools/package/createPackage.ts";
import { run } from "../cli/support/program.ts";

const root = dirname(dirname(import.meta.dirname));
const running = new Set<ChildProcess>();
/** Every process keeps its files here, so that leftovers show. */
let folder: string;
let packages: string;

beforeAll(async () => {
  packages = await mkdtemp(join(tmpdir(), "mooring-packages-"));
  folder = await mkdtemp(join(tmpdir(), "mooring-demo-test-"));
});

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  expect(await readdir(folder)).toEqual([]);
});

afterAll(() => Promise.all([folder, packages].map((each) => rm(each, { recursive: true, force: true }))));

function start(file: string, ...args: string[]) {
  return startIn({}, file, ...args);
}

/** As npm does by tools/run.mjs, with these variables besides. */
function startIn(environment: Readonly<Record<string, string>>, file: string, ...args: string[]) {
  const child = spawn(process.execPath, [join(root, file), ...args], {
    cwd: root,
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      TMPDIR: folder,
      NO_COLOR: "1",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output.stderr += text;
  });
  const ended = once(child, "close").then(([code]: (number | null)[]) => {
    running.delete(child);
    return { code, ...output };
  });
  const said = async (text: string) => {
    while (!output.stdout.includes(text)) await Promise.race([once(child.stdout, "data"), ended.then(gaveUp)]);
  };
  const gaveUp = () => {
    throw new Error(`it ended before it said "${text(output)}"`);
  };
  const text = ({ stdout, stderr }: typeof output) => stdout + stderr;
  return { child, output, ended, said };
}

const Event = z.looseObject({ time: z.iso.datetime(), event: z.string() });

function readEvents(stdout: string) {
  return stdout
    .trimEnd()
    .split("\n")
    .map((line) => Event.parse(JSON.parse(line)));
}

/** Packages this checkout as `npm run package` does. */
async function packageApp(): Promise<string> {
  await ensureBuilt();
  const file = join(packages, "mooring.zip");
  await writeFile(file, zip(await listContents({ backend: "scheduler", catalog: join(root, "mooring.yaml") })));
  return file;
}

test("the walk-through runs the package to its announced end, and reports each step as JSON", {
  timeout: 120_000,
}, async () => {
  const args = ["--json", "--latency", "0", "--package", await packageApp()];
  const { code, stdout, stderr } = await start("sandbox/demo/main.ts", ...args).ended;

  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const events = readEvents(stdout);
  const of = (name: string) => events.filter(({ event }) => event === name);
  expect(of("chapter").map(({ number }) => number)).toEqual([1, 2, 3, 4, 5]);
  expect(of("workload").map(({ pod, exitCode }) => [pod, exitCode])).toEqual([
    ["team-a/message-app", 3],
    ["team-a/message-app", 0],
    ["team-a/upload-app", 0],
    ["team-b/message-app", 0],
    ["team-b/stranger", 3],
    ["team-a/message-app", 3],
  ]);
  expect(of("workload")[1]).toMatchObject({ log: "1\tmy message\n2\tnew message\n" });
  const last = new Map(of("operation").map(({ id, kind, namespace, status }) => [id, [kind, namespace, status]]));
  expect([...last.values()]).toEqual([
    ["onboard", "team-a", "Succeeded"],
    ["onboard", "team-b", "Succeeded"],
    ["onboard", "team-c", "Failed"],
    ["offboard", "team-a", "Succeeded"],
    ["offboard", "team-b", "Succeeded"],
  ]);
  expect(of("step").filter(({ status }) => status === "Failed")).toMatchObject([
    { name: "grantDatabase", target: "sql-dev/orders", error: { code: "SQL_FORBIDDEN", fix: expect.any(String) } },
  ]);
  expect(of("check").map(({ what, found }) => `${what}: ${found}`)).toEqual(
    expect.arrayContaining([
      "managed identities: none of Mooring's, 1 of others",
      "federated credentials: none of Mooring's",
      "users in sql-dev/messages: none of Mooring's",
      "users in sql-dev/orders: none of Mooring's, 1 of others",
      expect.stringMatching(/^Kubernetes objects: none of Mooring's, \d+ of others$/),
      "namespaces that Mooring knows: none",
    ]),
  );
  expect(events.at(-1)).toMatchObject({ event: "ended", ok: true });
});

test("an unexpected result stops the walk-through with exit code 1 and shows what came instead", {
  timeout: 120_000,
}, async () => {
  const fault = {
    wire: "arm",
    operation: "PUT Microsoft.ManagedIdentity/userAssignedIdentities",
    effect: { kind: "error", code: "AuthorizationFailed", status: 403 },
  };

  const args = ["--json", "--latency", "0", "--fault", JSON.stringify(fault)];
  const { code, stdout } = await start("sandbox/demo/main.ts", ...args).ended;

  expect(code).toBe(1);
  expect(readEvents(stdout).at(-1)).toMatchObject({
    event: "ended",
    ok: false,
    surprise: expect.stringMatching(/^operation \S+ ended Failed, not Succeeded\. ARM_FORBIDDEN /),
  });
});

test("a workload that reads what it should not stops the walk-through", { timeout: 120_000 }, async () => {
  // The fault makes the second namespace's token endpoint fail, so a pod that should be able to read is refused.
  const fault = { wire: "nodeIdentity", times: 100, effect: { kind: "error", code: 403, status: 403 } };

  const args = ["--latency", "0", "--fault", JSON.stringify(fault)];
  const { code, stdout } = await start("sandbox/demo/main.ts", ...args).ended;

  expect(code).toBe(1);
  expect(stdout).toContain("An unexpected result stops the walk-through:");
  expect(stdout.replace(/\s+/g, " ")).toContain("pod team-b/message-app had to read the rows my message, new message;");
});

test("an interrupted walk-through stops everything that it started", { timeout: 60_000 }, async () => {
  const demo = start("sandbox/demo/main.ts", "--latency", "100ms");
  await demo.said("POST /api/onboardings");

  demo.child.kill("SIGINT");

  expect(await demo.ended).toMatchObject({ code: 130, stderr: expect.stringContaining("Interrupted") });
});

test("npm start suggests what to try, sends telemetry where the environment says, and runs until it is interrupted", {
  timeout: 60_000,
}, async () => {
  const arrived = Promise.withResolvers<string>();
  const receiver = createHttpServer((incoming, response) => {
    incoming.resume().on("end", () => response.end());
    if (incoming.method === "POST") arrived.resolve(incoming.url ?? "");
  }).listen(0, "127.0.0.1");
  onTestFinished(() => void receiver.close());
  await once(receiver, "listening");
  const { port } = receiver.address() as { port: number };
  const environment = {
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `http://127.0.0.1:${port}/v1/traces`,
    OTEL_BSP_SCHEDULE_DELAY: "100",
    MOORING_TRACE_URL: "https://tracing.example.org/trace/{traceId}",
  };
  const sandbox = startIn(environment, "sandbox/main.ts", "--port", "0");
  await sandbox.said("Ctrl-C ends everything");

  const [, url = ""] = /running at (http:\S+)/.exec(sandbox.output.stdout) ?? [];
  const onboarded = await run(["onboard", "-f", "examples/team-a.workload-identity.json", "--wait", "--server", url]);
  const path = await arrived.promise;
  sandbox.child.kill("SIGTERM");

  expect(path).toBe("/v1/traces");
  expect(onboarded.stdout).toMatch(/trace +https:\/\/tracing\.example\.org\/trace\/[0-9a-f]{32}\n/);
  const { code, stdout } = await sandbox.ended;
  expect(code).toBe(143);
  expect(stdout).toMatch(/export MOORING_SERVER=http:\/\/127\.0\.0\.1:\d+\n/);
  expect(stdout).toContain("npx mooring plan -f examples/team-a.workload-identity.json");
  expect(stdout).toMatch(/sandbox\/runWorkload\.ts --kubeconfig \S+kubeconfig team-a/);
});

test("names a port that is in use, and one to try instead", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  const port = typeof address === "object" && address ? address.port : 0;

  const { code, stderr } = await start("sandbox/main.ts", "--port", String(port)).ended;
  other.close();

  expect(code).toBe(1);
  // The next one may be taken, too.
  const [, told, suggested] = /^(.* For example: npm start -- --port )(\d+)\n$/.exec(stderr) ?? [];
  expect(told).toBe(
    `Port ${port} of 127.0.0.1 is taken by another program. Stop that program, or choose another port with --port. For example: npm start -- --port `,
  );
  expect(Number(suggested)).toBeGreaterThan(port);
});

test("an unknown option prints the usage", async () => {
  const { code, stderr } = await start("sandbox/demo/main.ts", "--jsn").ended;

  expect(code).toBe(64);
  expect(stderr).toContain("usage: npm run demo --");
});
