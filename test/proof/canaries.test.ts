/** The test knows the secrets of a run, and searches for them in everything that the run stores or outputs. */
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { TableClient } from "@azure/data-tables";
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { readMessages, readStore, readTables, search, secretsOf } from "../support/canaries.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
const log: string[] = [];
const answers: { path: string; text: string }[] = [];

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it reads everything that the service stores and says",
    logLevel: "information",
    onLog: (line) => log.push(line),
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

function request(namespace: string, changes: object = {}) {
  const databases = ["messages", "orders"].map((database) => ({
    server: names.sqlServer,
    database,
    roles: ["reader"],
  }));
  return { cluster: names.cluster, namespace, databases, ...changes };
}

async function ask(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
  const answer = await service.call(method, path, body);
  answers.push({ path, text: JSON.stringify([answer.status, [...answer.headers], answer.body]) });
  return answer.body;
}

const secrets = () => secretsOf(sandbox, sandbox.systemKey);

it("finds no secret in store, tables, log, events, queue and answers after onboarding, failure and offboarding", async () => {
  const { cloud } = sandbox;
  const onboarded = await service.onboard(request("canary-a"));
  await service.waitFor(onboarded);
  cloud.faults.add({
    wire: "sql",
    operation: "CREATE USER",
    target: `${names.sqlServer}/orders`,
    effect: { kind: "error", code: 15247 },
  });
  cloud.faults.add({ wire: "entra", operation: "token", effect: { kind: "error", code: "server_error", status: 500 } });
  cloud.faults.add({ wire: "arm", operation: /^PUT /, effect: { kind: "cutAfter" } });
  const failed = await service.onboard(request("canary-b", { identityMode: "podIdentity" }));
  expect((await service.waitFor(failed)).status).toBe("Failed");
  expect((await service.waitFor(await service.onboard(request("canary-d")))).status).toBe("Succeeded");
  const offboarded = await service.offboard(names.cluster, "canary-a");
  await service.waitFor(offboarded);
  cloud.serviceBus.queue(names.queue).send({ messageId: "bad", body: { cluster: "nowhere" } });
  await expect.poll(() => cloud.serviceBus.queue(names.queue).deadLetters().length).toBe(1);

  for (const id of [onboarded, failed, offboarded]) await ask("GET", `/api/operations/${id}`);
  for (const path of ["operations", "namespaces", "audit", "audit/verify", "catalog", "openapi.json", "health/ready"]) {
    await ask("GET", `/api/${path}`);
  }
  await ask("POST", "/api/onboardings", { cluster: "x" });
  await ask("POST", "/api/onboardings?dryRun=true", request("canary-c"));
  const batch = await ask("POST", "/api/onboardings/batch", { requests: [request("canary-d"), request("canary-e")] });
  await service.waitFor(String(batch["id"]));
  await ask("GET", `/api/operations/${String(batch["id"])}`);
  await ask("GET", "/api/operations/none");
  // A route of the host, not of the service; it is closed to callers without a key.
  const management = await fetch(`${sandbox.url}/runtime/webhooks/durabletask/instances`);
  answers.push({ path: management.url, text: JSON.stringify([...management.headers]) + (await management.text()) });
  expect(management.status).toBe(401);
  expect((await fetch(`${sandbox.url}/durabletask/instances`)).status).toBe(401);

  const store = await readStore(sandbox);
  const tables = await readTables(sandbox);
  const messages = readMessages(sandbox);
  const places = [
    ...store,
    ...tables,
    ...messages,
    ...log.map((text) => ({ where: "log", text })),
    ...answers.map(({ path, text }) => ({ where: path, text })),
  ];
  // Proves that every place was really searched.
  expect(store.some(({ text }) => text.includes("grantDatabase"))).toBe(true);
  expect(new Set(tables.map(({ where }) => where)).size).toBeGreaterThanOrEqual(4);
  expect(messages.length).toBeGreaterThan(5);
  expect(log.length).toBeGreaterThan(10);
  expect(search(places, secrets())).toEqual([]);
}, 90_000);

it("finds a planted secret in any of these places", async () => {
  const [key = "", header = ""] = secrets();
  const token = await sandbox.cloud.credentialOf("mooring").getToken("https://management.azure.com/.default");
  await writeFile(join(sandbox.dataFolder, "planted"), Buffer.from(`… ${String(key)} …`));
  const endpoint = sandbox.cloud.tablesEndpoint;
  const table = new TableClient(endpoint, "MooringSteps", sandbox.cloud.credentialOf("mooring"));
  await table.createEntity({ partitionKey: "planted", rowKey: "planted", note: token?.token });

  const hits = search([...(await readStore(sandbox)), ...(await readTables(sandbox))], secrets());
  const spoken = search(
    [
      { where: "log", text: `said "${String(header)}"` },
      { where: "link", text: "/x?code=abcdefghij" },
    ],
    secrets(),
  );

  expect(hits).toEqual([expect.stringContaining("planted"), expect.stringContaining("table MooringSteps")]);
  expect(spoken).toHaveLength(2);

  // Otherwise this suite itself would fail with it, as every suite with a sandbox does.
  await expect(sandbox.searchAll()).rejects.toThrow(/secrets were found: .*planted.*; table MooringSteps/);
  await rm(join(sandbox.dataFolder, "planted"));
  await table.deleteEntity("planted", "planted");
});
