/** `mooring sandbox`, and the interface that it and the dashboard use: below /sandbox of the service's own address. */
import { once } from "node:events";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { serviceOf } from "../support/service.ts";
import { runHere } from "./support/program.ts";

let sandbox: SuiteSandbox;

beforeAll(async () => {
  sandbox = await startSandbox({ because: "it adds faults and reads the whole journal" });
});
afterEach(() => {
  sandbox.cloud.faults.clear();
  sandbox.cloud.faults.latencyMs = 0;
});
afterAll(() => sandbox?.close());

const mooring = (...args: string[]) => runHere(["sandbox", ...args], { env: { MOORING_SERVER: sandbox.url } });

async function document(...args: string[]) {
  const { code, stdout, stderr } = await mooring(...args, "-o", "json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout);
}

it("breaks a call by name, shows which calls were hit, and removes the fault", async () => {
  const added = await mooring(
    ...["faults", "add", "--wire", "sql", "--operation", "create user*", "--error", "40613", "--times", "2"],
  );
  const service = serviceOf(sandbox);
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  const operation = await service.onboard({ cluster: names.cluster, namespace: "team-a", databases });
  await service.waitFor(operation);

  expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining("mooring sandbox faults remove ") });
  const { value } = await document("faults");
  expect(value).toEqual([
    {
      id: expect.any(String),
      wire: "sql",
      operation: "create user*",
      skip: 0,
      times: 2,
      effect: { kind: "error", code: 40613 },
      seen: 3,
      hits: 2,
    },
  ]);
  const journal = await document("journal", "--wire", "sql", "--contains", "create user");
  expect(journal.value.map(({ fault }: { fault?: string }) => fault)).toEqual([value[0].id, value[0].id, undefined]);
  expect(journal.value[0]).toMatchObject({ wire: "sql", target: `${names.sqlServer}/messages`, at: /^20.*Z$/ });
  // The service's own timers go on calling.
  const later = await document("journal", "--after", String(journal.total));
  expect(later.value.filter(({ wire }: { wire: string }) => wire === "sql")).toEqual([]);
  expect((await mooring("faults", "remove", value[0].id)).stdout).toBe("There is no fault.\n");
  expect(await mooring("faults", "remove", value[0].id)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("FAULT_NOT_FOUND"),
  });
});

it("shows the contents of each part of the cloud", async () => {
  const { azure, clusters, sqlServers, entra, serviceBus } = await document("cloud");
  const { stdout } = await mooring("cloud", "sql");

  expect(azure.identities).toMatchObject([{ federatedCredentials: [{ subject: expect.stringContaining("team-a") }] }]);
  expect(entra.servicePrincipals).toContainEqual(sandbox.cloud.principals.mooring);
  expect(sqlServers).toMatchObject([
    { name: names.sqlServer, databases: [{ name: "messages", users: [{}, {}] }, { name: "orders" }] },
  ]);
  expect(clusters[0]).toMatchObject({ name: names.cluster, url: sandbox.cloud.kubernetes.url });
  expect(clusters[0].objects).toContainEqual(
    expect.objectContaining({ kind: "Namespace", metadata: expect.objectContaining({ name: "team-a" }) }),
  );
  expect(serviceBus.subscriptions[0].messages.length).toBeGreaterThan(0);
  expect(stdout).toMatch(/^sql +user +sql-dev\/messages\/mooring-aks-dev-team-a-\S+ +mooring_reader/m);
});

it("prints every address for a shell, and can slow the cloud down", async () => {
  const { stdout } = await mooring("env");
  const { latencyMs } = await document("faults", "latency", "20ms");

  expect(
    Object.fromEntries([...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name, value]) => [name, value])),
  ).toMatchObject({
    MOORING_SERVER: sandbox.url,
    AZURE_TENANT_ID: sandbox.cloud.world.tenantId,
    KUBECONFIG: sandbox.kubeconfig,
    SANDBOX_ARM_ENDPOINT: sandbox.cloud.arm.url,
    SANDBOX_SQL_SQL_DEV: `localhost,${sandbox.cloud.sql.port}`,
    SANDBOX_SERVICE_BUS_ENDPOINT: sandbox.cloud.serviceBus.url,
  });
  expect([latencyMs, sandbox.cloud.faults.latencyMs]).toEqual([20, 20]);
});

it.each([
  [["faults", "add", "--hang"], "A fault needs --wire."],
  [["faults", "add", "--wire", "sql"], "one effect"],
  [["faults", "add", "--wire", "sql", "--hang", "--garbage"], "one effect"],
  [["faults", "add", "--wire", "sql", "--hang", "--status", "500"], "parts of --error"],
  [["faults", "remove"], "needs id"],
  [["faults", "latency"], "needs duration"],
  [["faults", "add", "--wire", "arm", "--error", "x", "--retry-after", "2h"], "it takes 0 to 1h"],
  [["faults", "begin"], "add, remove, clear, latency"],
  [["cloud", "moon"], "azure, entra, sql, kubernetes, serviceBus"],
  [["env", "more"], 'does not take "more"'],
])("refuses %j before any request", async (args, message) => {
  expect(await mooring(...args)).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining(message) });
});

it("says what to do when no sandbox runs", async () => {
  const nobody = await runHere(["sandbox", "cloud"], { env: { MOORING_SERVER: "http://127.0.0.1:2" } });
  const another = await runHere(["sandbox", "cloud"], { env: { MOORING_SERVER: `${sandbox.url}/elsewhere` } });

  expect(nobody).toMatchObject({ code: 3, stderr: expect.stringContaining("mooring up") });
  expect(another).toMatchObject({ code: 1, stderr: expect.stringMatching(/is not a sandbox\.\n.*mooring up/) });
});

/** Node's fetch does not let us set the Host header. */
async function ask(headers: Record<string, string>, { method = "GET", path = "/sandbox/faults", body = "" } = {}) {
  const sent = request(`${sandbox.url}${path}`, { method, headers: { ...headers } }).end(body);
  const [response] = await once(sent, "response");
  return { status: response.statusCode as number, body: await text(response) };
}

it("answers its own pages, but not those of another site", async () => {
  const { host, port } = new URL(sandbox.url);
  const json = { "content-type": "application/json" };
  const add = { method: "POST", body: '{"wire": "sql", "effect": {"kind": "hang"}}' };

  expect(await ask({ host, origin: sandbox.url, "sec-fetch-site": "same-origin", ...json }, add)).toMatchObject({
    status: 201,
  });
  for (const headers of [
    { host: `evil.example:${port}` },
    { host, origin: "https://evil.example" },
    { host, origin: "null" },
    { host, origin: "http://127.0.0.1:1" },
    { host, "sec-fetch-site": "cross-site" },
    { host, "sec-fetch-site": "same-site" },
  ]) {
    expect(await ask(headers)).toMatchObject({ status: 403 });
    expect(await ask({ ...headers, ...json }, add)).toMatchObject({ status: 403 });
  }
  expect(await ask({ host, "content-type": "text/plain" }, add)).toMatchObject({ status: 415 });
  expect(sandbox.cloud.faults.active).toHaveLength(1);
});

it("refuses a page of another site before its body has arrived", async () => {
  const { host } = new URL(sandbox.url);
  const headers = { host, origin: "https://evil.example", "content-type": "application/json" };
  const sent = request(`${sandbox.url}/sandbox/faults`, { method: "POST", headers });
  sent.on("error", () => undefined).write(" ");

  const [response] = await once(sent, "response");

  expect(response.statusCode).toBe(403);
  sent.destroy();
});

it("keeps no body that is larger than any fault", async () => {
  const headers = { host: new URL(sandbox.url).host, "content-type": "application/json" };

  expect(await ask(headers, { method: "POST", body: " ".repeat(20_000_000) })).toMatchObject({ status: 413 });
});

it("says what is wrong with a request", async () => {
  const { host } = new URL(sandbox.url);
  const json = { host, "content-type": "application/json" };
  const post = (body: string, path = "/sandbox/faults") => ask(json, { method: "POST", path, body });

  for (const body of ["{", "[]", '{"wire": "moon", "effect": {"kind": "hang"}}', '{"wire": "sql", "effect": 1}']) {
    expect(await post(body)).toMatchObject({ status: 400, body: expect.stringContaining("INVALID_REQUEST") });
  }
  expect(await post('{"latencyMs": -1}', "/sandbox/latency")).toMatchObject({ status: 400 });
  expect(await ask({ host }, { path: "/sandbox/journal?limit=0" })).toMatchObject({ status: 400 });
  expect(await ask({ host }, { path: "/sandbox/moon" })).toMatchObject({ status: 404 });
  expect(await ask({ host }, { method: "PUT" })).toMatchObject({ status: 405 });
});
