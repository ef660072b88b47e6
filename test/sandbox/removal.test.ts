/** Nobody loses access unasked: a request that leaves out what a namespace has says that this is meant, at every entrance. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Answer, type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;

/** Whether the operator has taken the cluster out of the catalog, which the service reads when it starts. */
let isClusterDropped = false;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it drops a cluster from the catalog",
    catalogFor: (_app, catalog) => (isClusterDropped ? withoutCluster(catalog) : catalog),
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

function withoutCluster(text: string): string {
  const { clusters, ...rest } = parse(text);
  const { [names.cluster]: dropped, ...others } = clusters;
  return stringify({ ...rest, clusters: { ...others, another: dropped } });
}

const request = (namespace: string, databases: readonly string[], changes: object = {}) => ({
  cluster: names.cluster,
  namespace,
  databases: databases.map((database) => ({ server: names.sqlServer, database, roles: ["reader"] })),
  ...changes,
});
const both = ["messages", "orders"];
const lost = { thing: "database", name: `${names.sqlServer}/orders`, access: ["reader"], isWhole: true };
const notConfirmed = {
  code: "REMOVAL_NOT_CONFIRMED",
  detail: expect.stringContaining(`would lose database ${names.sqlServer}/orders (reader).`),
  fix: expect.stringContaining("confirmRemoval=true"),
};

async function onboard(namespace: string): Promise<void> {
  const { status } = await service.waitFor(await service.onboard(request(namespace, both)));
  expect(status).toBe("Succeeded");
  // The operation is told as ended a moment before it lets go of its namespace, and a plan's version names that.
  await expect.poll(() => nowIn(namespace)).toMatch(/^Onboarded /);
}

async function databasesOf(namespace: string): Promise<readonly string[]> {
  const { body } = await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`);
  expect(body["state"]).toBe("Onboarded");
  return (body as { databases: { database: string }[] }).databases.map(({ database }) => database);
}

async function nowIn(namespace: string): Promise<string> {
  const { body } = await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`);
  const { state, databases } = body as { state: string; databases: { database: string }[] };
  return `${state} with ${databases.map(({ database }) => database).join(" and ")}`;
}

async function ended({ status, body }: Answer): Promise<string> {
  expect(status, JSON.stringify(body)).toBe(202);
  return (await service.waitFor(String(body["id"]))).status;
}

it("refuses a request that leaves out a database, and its plan names what would go", async () => {
  await onboard("refused");
  const fewer = request("refused", ["messages"]);

  const plan = await service.call("POST", "/api/onboardings?dryRun=true", fewer);
  const refused = await service.call("POST", "/api/onboardings", fewer);

  expect(plan).toMatchObject({ status: 200, body: { blocked: false, removes: [lost] } });
  expect(refused).toMatchObject({ status: 409, body: notConfirmed });
  expect(await databasesOf("refused")).toEqual(both);
});

it.each<[string, string, (etag: string) => Record<string, string>]>([
  ["confirmRemoval=true", "?confirmRemoval=true", () => ({})],
  ["the version that the plan was made for", "", (etag) => ({ "if-match": etag })],
])("takes %s as a sign", async (_title, query, headers) => {
  const namespace = query === "" ? "by-version" : "by-flag";
  await onboard(namespace);
  const fewer = request(namespace, ["messages"]);
  const plan = await service.call("POST", "/api/onboardings?dryRun=true", fewer);

  const sent = await service.call("POST", `/api/onboardings${query}`, fewer, headers(String(plan.body["etag"])));

  expect(await ended(sent)).toBe("Succeeded");
  expect(await databasesOf(namespace)).toEqual(["messages"]);
});

it("takes neither If-Match: * nor an older version as a sign", async () => {
  await onboard("no-sign");
  const fewer = request("no-sign", ["messages"]);
  const send = (tag: string) => service.call("POST", "/api/onboardings", fewer, { "if-match": tag });

  expect(await send("*")).toMatchObject({ status: 409, body: notConfirmed });
  expect(await send('"older"')).toMatchObject({ status: 412, body: { code: "PRECONDITION_FAILED" } });
  expect(await databasesOf("no-sign")).toEqual(both);
});

it("needs no sign for what adds, for the same again, or for another policy", async () => {
  const { status } = await service.waitFor(await service.onboard(request("added", ["messages"])));
  expect(status).toBe("Succeeded");
  const more = request("added", both);

  for (const wanted of [more, more, { ...more, deletePolicy: "Keep" }]) {
    expect(await ended(await service.call("POST", "/api/onboardings", wanted))).toBe("Succeeded");
  }
});

it("takes a request in the form of a Kubernetes object like any other", async () => {
  await onboard("as-object");
  const object = {
    apiVersion: "mooring.dev/v1alpha1",
    kind: "NamespaceOnboarding",
    metadata: { name: "as-object" },
    spec: { cluster: names.cluster, databases: request("", ["messages"]).databases },
  };

  expect(await service.call("POST", "/api/onboardings", object)).toMatchObject({ status: 409, body: notConfirmed });
  const sent = await service.call("POST", "/api/onboardings?confirmRemoval=true", object);
  expect(await ended(sent)).toBe("Succeeded");
});

it("lets an item of a batch fail alone, unless the batch has the sign", async () => {
  await onboard("in-batch");
  const requests = [request("in-batch", ["messages"]), request("beside", ["messages"])];
  const plan = await service.call("POST", "/api/onboardings/batch?dryRun=true", { requests });
  expect(plan.body).toMatchObject({ items: [{ status: "ready", plan: { removes: [lost] } }, { status: "ready" }] });

  const first = await service.call("POST", "/api/onboardings/batch", { requests });
  expect(await ended(first)).toBe("Failed");
  const told = await service.call("GET", `/api/operations/${String(first.body["id"])}`);
  expect(told.body["items"]).toMatchObject([
    { status: "Failed", error: { code: "REMOVAL_NOT_CONFIRMED", message: notConfirmed.detail } },
    { status: "Succeeded" },
  ]);
  expect(await databasesOf("in-batch")).toEqual(both);

  const second = await service.call("POST", "/api/onboardings/batch?confirmRemoval=true", { requests });
  expect(await ended(second)).toBe("Succeeded");
  expect(await databasesOf("in-batch")).toEqual(["messages"]);
});

it("takes the version of a batch's plan as a sign", async () => {
  await onboard("planned-batch");
  const requests = [request("planned-batch", ["messages"])];
  const { body } = await service.call("POST", "/api/onboardings/batch?dryRun=true", { requests });

  const headers = { "if-match": String(body["etag"]) };
  const sent = await service.call("POST", "/api/onboardings/batch", { requests }, headers);

  expect(await ended(sent)).toBe("Succeeded");
  expect(await databasesOf("planned-batch")).toEqual(["messages"]);
});

it("dead-letters a message without the sign, and takes one with it", async () => {
  await onboard("queued");
  const queue = sandbox.cloud.serviceBus.queue(names.queue);
  const fewer = request("queued", ["messages"]);
  const envelope = { specversion: "1.0", id: "1", source: "/test", type: "onboard" };
  queue.send({ messageId: "plain", body: fewer });
  queue.send({ messageId: "wrapped", body: { ...envelope, confirmremoval: false, data: fewer } });
  await expect
    .poll(() => queue.deadLetters().map(({ messageId }) => messageId), { timeout: 30_000 })
    .toEqual(["plain", "wrapped"]);
  for (const { applicationProperties } of queue.deadLetters()) {
    expect(applicationProperties).toMatchObject({
      DeadLetterReason: "REMOVAL_NOT_CONFIRMED",
      DeadLetterErrorDescription: notConfirmed.detail,
    });
  }
  expect(await databasesOf("queued")).toEqual(both);

  queue.send({ messageId: "signed", body: fewer, applicationProperties: { confirmRemoval: true } });
  await expect.poll(() => nowIn("queued"), { timeout: 30_000 }).toBe("Onboarded with messages");
  await ended(await service.call("POST", "/api/onboardings", request("queued", both)));

  queue.send({ messageId: "envelope", body: { ...envelope, id: "2", confirmremoval: true, data: fewer } });
  await expect.poll(() => nowIn("queued"), { timeout: 30_000 }).toBe("Onboarded with messages");
  expect(queue.deadLetters()).toHaveLength(2);
});

it("takes the users of a namespace away whose cluster left the catalog, and names what it leaves", async () => {
  await onboard("left");
  const name = identityName({ cluster: names.cluster, namespace: "left" });
  await sandbox.killHost();
  isClusterDropped = true;
  await sandbox.restartHost();

  const repair = await service.call("POST", `/api/namespaces/${names.cluster}/left/repair`);
  const repaired = await service.waitFor(String(repair.body["id"]));
  const ended = await service.waitFor(await service.offboard(names.cluster, "left"));
  const { body: status } = await service.call("GET", `/api/operations/${ended.id}`);

  expect(repaired).toMatchObject({ status: "Failed", error: { code: "UNKNOWN_CLUSTER" } });
  expect(repaired).toMatchObject({ error: { fix: expect.stringContaining("can still be offboarded") } });
  expect(ended.status).toBe("Succeeded");
  expect(status["leftInPlace"]).toContainEqual(
    `remove identity ${name}: The catalog has no cluster "${names.cluster}". What Mooring made there may still be there.`,
  );
  for (const database of both) {
    expect(
      sandbox.cloud.sql
        .database(database)
        .users()
        .map((user) => user.name),
    ).not.toContain(name);
  }
}, 120_000);
