import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { isRunning } from "../../../test/support/processes.ts";
import { createAppFolder, requireApp } from "./support/appFolder.ts";
import { createDataDirectory } from "./support/runningHost.ts";

interface Started {
  readonly child: ChildProcess;
  readonly ready: Promise<{ event: string; url: string; pid: number }>;
  readonly exit: Promise<unknown>;
  output(): { stdout: string; stderr: string };
}

const hostJson = { version: "2.0" };

async function start(
  files: Record<string, string | object>,
  { args = [], env = {}, ipc = false }: { args?: string[]; env?: Record<string, string>; ipc?: boolean } = {},
): Promise<Started> {
  const folder = await createAppFolder({ "package.json": { main: "main.js" }, ...files });
  onTestFinished(() => folder.remove());
  return run(["--app", folder.path, "--data", await createDataDirectory(), "--port", "0", ...args], { env, ipc });
}

function run(args: string[], { env = {}, ipc = false }: { env?: Record<string, string>; ipc?: boolean } = {}): Started {
  const child = spawn(process.execPath, ["packages/functions-host/src/main.ts", ...args], {
    stdio: ipc ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let stdout = "";
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  const ready = new Promise<{ event: string; url: string; pid: number }>((resolve) => {
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
      if (stdout.includes("\n")) resolve(JSON.parse(stdout.slice(0, stdout.indexOf("\n"))));
    });
  });
  // "close" comes after the last output, but never once this side has disconnected the channel.
  const exit = once(child, ipc ? "exit" : "close").then(([code, signal]) => code ?? signal);
  return { child, ready, exit, output: () => ({ stdout, stderr }) };
}

const hello = `${requireApp}
console.log("printed by the app");
app.get("hello", () => ({ jsonBody: { host: process.env.WEBSITE_HOSTNAME, cwd: process.cwd(), own: process.env.OWN } }));
app.get("slow", async () => { await new Promise((r) => setTimeout(r, 400)); return { body: "done" }; });
app.get("never", () => new Promise(() => {}));
app.get("reject", () => { Promise.reject(new Error("forgotten")); return { body: "ok" }; });
app.get("crash", () => { setTimeout(() => { throw new Error("thrown outside"); }); return { body: "ok" }; });
`;

test("prints its URL as a line of JSON, serves the app in its folder with its settings, and ends on SIGTERM", async () => {
  const { child, ready, exit, output } = await start({
    "host.json": hostJson,
    "main.js": hello,
    "local.settings.json": { IsEncrypted: false, Values: { OWN: "from the file" } },
  });
  const { event, url, pid } = await ready;

  expect([event, pid]).toEqual(["ready", child.pid]);
  const answer = await (await fetch(`${url}/api/hello`)).json();
  expect(answer).toEqual({
    host: new URL(url).host,
    cwd: expect.stringContaining("mooring-app-"),
    own: "from the file",
  });

  const running = fetch(`${url}/api/slow`).then((response) => response.text());
  await sleep(100);
  child.kill("SIGTERM");

  expect(await running).toBe("done");
  expect(await exit).toBe(0);
  expect(output().stdout.trim().split("\n")).toHaveLength(1);
  expect(output().stderr).toContain("printed by the app");
});

test("the environment overrides local.settings.json", async () => {
  const files = {
    "host.json": hostJson,
    "main.js": hello,
    "local.settings.json": { Values: { OWN: "from the file" } },
  };
  const { ready } = await start(files, { env: { OWN: "from the environment" } });

  const { url } = await ready;

  expect(await (await fetch(`${url}/api/hello`)).json()).toMatchObject({ own: "from the environment" });
});

test("ends immediately on the second signal", async () => {
  const { child, ready, exit } = await start({ "host.json": hostJson, "main.js": hello });
  const { url } = await ready;
  fetch(`${url}/api/never`).catch(() => {});
  await sleep(100);

  child.kill("SIGINT");
  await sleep(200);
  child.kill("SIGINT");

  expect(await exit).toBe(130);
});

test("reports to its parent over IPC and ends when the parent is gone", async () => {
  const { child, ready, exit, output } = await start({ "host.json": hostJson, "main.js": hello }, { ipc: true });
  const [message] = await once(child, "message");
  expect(message).toEqual(await ready);

  child.disconnect();

  expect(await exit).toBe(0);
  await expect.poll(() => output().stderr).toContain('ending reason="the parent is gone"');
});

test("leaves nothing behind when its parent is killed", async () => {
  const folder = await createAppFolder({
    "package.json": { main: "main.js" },
    "host.json": hostJson,
    "main.js": hello,
  });
  onTestFinished(() => folder.remove());
  const args = [
    "packages/functions-host/src/main.ts",
    "--app",
    folder.path,
    "--data",
    await createDataDirectory(),
    "--port",
    "0",
  ];
  const script = `const { spawn } = require("node:child_process");
    spawn(process.execPath, ${JSON.stringify(args)}, { stdio: ["ignore", "inherit", "inherit", "ipc"] });`;
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  const [line] = await once(parent.stdout, "data");
  const { pid, url } = JSON.parse(String(line));
  expect((await fetch(`${url}/api/hello`)).status).toBe(200);

  parent.kill("SIGKILL");

  await expect.poll(() => isRunning(pid)).toBe(false);
});

test("an unhandled rejection is logged and the host keeps running; an uncaught exception ends it with a reason", async () => {
  const { ready, exit, output } = await start({ "host.json": hostJson, "main.js": hello });
  const { url } = await ready;

  await fetch(`${url}/api/reject`);
  await expect.poll(() => output().stderr).toContain('unhandled rejection error="Error: forgotten"');
  expect((await fetch(`${url}/api/hello`)).status).toBe(200);

  await fetch(`${url}/api/crash`).catch(() => {});
  expect(await exit).toBe(70);
  expect(output().stderr).toContain("CRT Host uncaught exception");
  expect(output().stderr).toContain("thrown outside");
});

test("names a port that is in use and what to do, and exits with 78", async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;

  const { exit, output } = await start({ "host.json": hostJson, "main.js": hello }, { args: ["--port", String(port)] });

  expect(await exit).toBe(78);
  expect(output().stderr).toContain(`Port ${port} is taken; stop what listens there, or choose another with --port`);
  expect(output().stdout).toBe("");
});

test.each([
  [{}, 78, "host.json is missing; is"],
  [{ "host.json": "{" }, 78, "host.json is not valid JSON"],
  [
    { "host.json": { version: "1.0", extensions: { serviceBus: { maxConcurrentCalls: 0 } } } },
    78,
    /version: must be \\"2.0\\".*; extensions.serviceBus.maxConcurrentCalls: /,
  ],
  [
    { "host.json": hostJson, "main.js": "throw new Error('no catalog');" },
    70,
    'load entry point \\"main.js\\": no catalog',
  ],
  [{ "host.json": hostJson, "local.settings.json": { IsEncrypted: true } }, 78, "func settings decrypt"],
])("an app that cannot be served is refused with the reason (%#)", async (files, code, reason) => {
  const { exit, output } = await start(files);

  expect(await exit).toBe(code);
  expect(output().stderr).toMatch(reason);
});

test("wrong arguments print the usage and exit with 64", async () => {
  const { exit, output } = run(["--port", "http"]);

  expect(await exit).toBe(64);
  expect(output().stderr).toContain("usage: node packages/functions-host/src/main.ts");
});

test("host.json and MOORING_LOG_LEVEL set what is logged", async () => {
  const quiet = { ...hostJson, logging: { logLevel: { default: "Warning", Function: "Information" } } };
  const first = await start({ "host.json": quiet, "main.js": hello });
  await fetch(`${(await first.ready).url}/api/hello`);
  await expect.poll(() => first.output().stderr).toContain("INF Function.hello executed");
  expect(first.output().stderr).not.toContain("Host");

  const second = await start({ "host.json": quiet, "main.js": hello }, { env: { MOORING_LOG_LEVEL: "debug" } });
  await second.ready;
  expect(second.output().stderr).toContain("DBG Host Loading entry point file");

  const third = await start({ "host.json": hostJson, "main.js": hello }, { env: { MOORING_LOG_LEVEL: "loud" } });
  expect(await third.exit).toBe(78);
});
