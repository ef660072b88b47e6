/** `mooring up`, and how the program starts on a machine with a different Node. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { request } from "node:https";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { json, text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { z } from "zod";
import { checkout, type Running, run, start } from "./support/program.ts";

describe("a sandbox", () => {
  let browser: Awaited<ReturnType<typeof createBrowser>>;
  let sandbox: Running;

  beforeAll(async () => {
    browser = await createBrowser();
    sandbox = start(["up", "--port", "0", "--traces", "--open"], { env: browser.environment });
    await sandbox.hasSaid("Ctrl-C ends everything");
  });
  afterAll(async () => {
    sandbox.child.kill("SIGINT");
    await sandbox.ended;
    await browser.remove();
  });

  it("prints what other clients of the simulated cloud need, all of it correct", async () => {
    const said = (pattern: RegExp) => pattern.exec(sandbox.said())?.[1] ?? "";
    const variable = (name: string) => said(new RegExp(`export ${name}=(\\S+)`));
    const address = (name: string) => said(new RegExp(`${name} +(\\S+)`));
    const ca = await readFile(variable("SSL_CERT_FILE"), "utf8");
    const tenantId = variable("AZURE_TENANT_ID");

    const { token_endpoint: tokenEndpoint } = z
      .object({ token_endpoint: z.string() })
      .parse(
        await fetchWith(ca, `${variable("AZURE_AUTHORITY_HOST")}${tenantId}/v2.0/.well-known/openid-configuration`),
      );
    const resource = new URLSearchParams({ resource: "https://management.azure.com", "api-version": "2019-08-01" });
    const asked = await fetch(`${variable("IDENTITY_ENDPOINT")}?${resource}&client_id=${address("operator")}`, {
      headers: { "x-identity-header": variable("IDENTITY_HEADER") },
    });
    const { access_token: token } = z.object({ access_token: z.string() }).parse(await asked.json());
    const listed = await fetchWith(
      ca,
      `${address("Azure Resource Manager")}/subscriptions/${variable("AZURE_SUBSCRIPTION_ID")}/providers/Microsoft.ManagedIdentity/userAssignedIdentities?api-version=2024-11-30`,
      token,
    );
    const ports = [/Azure SQL sql-dev +localhost,(\d+)/, /Service Bus +sb:\/\/localhost:(\d+)/].map((pattern) =>
      Number(said(pattern)),
    );
    const [sql, serviceBus] = await Promise.all(ports.map((port) => connects(port)));

    expect(tokenEndpoint).toBe(`${variable("AZURE_AUTHORITY_HOST")}${tenantId}/oauth2/v2.0/token`);
    expect(listed).toMatchObject({ value: [] });
    expect([sql, serviceBus]).toEqual([true, true]);
    expect(sandbox.said()).toContain("docs/sandbox.md");
  });

  it("runs until Ctrl-C, and leaves nothing running", async () => {
    const [, url = ""] = /running at (http:\S+)/.exec(sandbox.said()) ?? [];
    const [, traces = ""] = /kept at (http:[^\s,]+)/.exec(sandbox.said()) ?? [];

    const list = await run(["list", "--server", url]);
    const onboarded = await run(["onboard", "-f", "examples/team-a.workload-identity.json", "--wait", "--server", url]);
    const [, link = ""] = /trace +(http:\S+)/.exec(onboarded.stdout) ?? [];
    await expect.poll(async () => await (await fetch(link)).text()).toContain("SQL change user");
    const kept = await (await fetch(traces)).text();
    await expect.poll(browser.opened).toBe(`${url}/dashboard\n`);
    sandbox.child.kill("SIGINT");
    const { code } = await sandbox.ended;
    const after = await run(["list", "--server", url]);

    expect(list).toMatchObject({ code: 0, stdout: "No namespace that you may see is onboarded.\n" });
    expect(link.startsWith(`${traces}traces/`)).toBe(true);
    expect(kept).toContain("POST /api/onboardings");
    expect(code).toBe(130);
    expect(after.code).toBe(3);
  });
});

/** A fake of the desktop's opener, which records the addresses. */
async function createBrowser() {
  const folder = await mkdtemp(join(tmpdir(), "mooring-browser-"));
  const opened = join(folder, "opened");
  for (const name of ["xdg-open", "open"]) {
    await writeFile(join(folder, name), `#!/bin/sh\nprintf '%s\\n' "$1" >> '${opened}'\n`, { mode: 0o755 });
  }
  return {
    environment: { PATH: `${folder}${delimiter}${process.env["PATH"]}` },
    opened: async () => (existsSync(opened) ? await readFile(opened, "utf8") : ""),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Fetches as a program in another language would, with only the printed authority. */
async function fetchWith(ca: string, url: string, token?: string): Promise<unknown> {
  const sent = request(url, {
    ca,
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  }).end();
  const [response] = await once(sent, "response");
  return json(response);
}

async function connects(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.destroy();
  return true;
}

it.each([
  { as: "mooring", words: ["up"], env: {}, again: "mooring up" },
  { as: "npx mooring", words: ["up", "--auth"], env: { npm_command: "exec" }, again: "npx mooring up --auth" },
])("says which port is in use, and the command with another one, as $as", async ({ words, env, again }) => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  onTestFinished(() => void server.close());

  const { code, stderr } = await run([...words, "--port", String(port)], { env });

  expect(code).toBe(1);
  expect(stderr).toContain(`Port ${port} of 127.0.0.1 is taken`);
  const [, free] = new RegExp(`For example: ${again} --port (\\d+)\n$`).exec(stderr) ?? [];
  expect(Number(free), stderr).toBeGreaterThan(port);
});

it("passes on flags, folder and exit code when tools/run.mjs hands over to the pinned Node", async () => {
  const args = [join(checkout, "tools/run.mjs"), "cli/start.mjs", "plan", "-f", "bad-request.yaml"];
  const child = spawn(process.execPath, args, { cwd: join(checkout, "examples"), stdio: ["ignore", "pipe", "pipe"] });
  const stderr = text(child.stderr);
  const [code] = await once(child, "close");

  expect(code).toBe(2);
  expect(await stderr).toContain("bad-request.yaml is not there");
});
