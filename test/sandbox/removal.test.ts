/** Nobody loses access unasked: a request that leaves out what a namespace has says that this is meant, at every entrance. */
import { expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Answer, type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
});

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

it("refuses a request that leaves out a database, names in its plan what would go, and takes the plan's version as a sign", async () => {
  await onboard("removal");
  const fewer = request("removal", ["messages"]);
  const object = {
    apiVersion: "mooring.dev/v1alpha1",
    kind: "NamespaceOnboarding",
    metadata: { name: "removal" },
    spec: { cluster: names.cluster, databases: fewer.databases },
  };
  const send = (body: object, headers?: Record<string, string>) =>
    service.call("POST", "/api/onboardings", body, headers);

  const plan = await service.call("POST", "/api/onboardings?dryRun=true", fewer);
  expect(plan).toMatchObject({ status: 200, body: { blocked: false, removes: [lost] } });
  for (const refused of [await send(fewer), await send(object), await send(fewer, { "if-match": "*" })])
    expect(refused).toMatchObject({ status: 409, body: notConfirmed });
  const older = await send(fewer, { "if-match": '"older"' });
  expect(older).toMatchObject({ status: 412, body: { code: "PRECONDITION_FAILED" } });
  expect(await databasesOf("removal")).toEqual(both);

  expect(await ended(await send(fewer, { "if-match": String(plan.body["etag"]) }))).toBe("Succeeded");
  expect(await databasesOf("removal")).toEqual(["messages"]);
});

it("needs no sign for what adds, for the same again, or for another policy", async () => {
  const { status } = await service.waitFor(await service.onboard(request("removal-added", ["messages"])));
  expect(status).toBe("Succeeded");
  const more = request("removal-added", both);

  for (const wanted of [more, more, { ...more, deletePolicy: "Keep" }]) {
    expect(await ended(await service.call("POST", "/api/onboardings", wanted))).toBe("Succeeded");
  }
});

it("lets an item of a batch fail alone, unless the batch has the sign", async () => {
  await onboard("removal-batch");
  const requests = [request("removal-batch", ["messages"]), request("removal-beside", ["messages"])];
  const plan = await service.call("POST", "/api/onboardings/batch?dryRun=true", { requests });
  expect(plan.body).toMatchObject({ items: [{ status: "ready", plan: { removes: [lost] } }, { status: "ready" }] });

  const first = await service.call("POST", "/api/onboardings/batch", { requests });
  expect(await ended(first)).toBe("Failed");
  const told = await service.call("GET", `/api/operations/${String(first.body["id"])}`);
  expect(told.body["items"]).toMatchObject([
    { status: "Failed", error: { code: "REMOVAL_NOT_CONFIRMED", message: notConfirmed.detail } },
    { status: "Succeeded" },
  ]);
  expect(await databasesOf("removal-batch")).toEqual(both);

  const second = await service.call("POST", "/api/onboardings/batch?confirmRemoval=true", { requests });
  expect(await ended(second)).toBe("Succeeded");
  expect(await databasesOf("removal-batch")).toEqual(["messages"]);

  // The version of its plan is a sign, too.
  const third = { requests: [request("removal-beside", ["orders"])] };
  const { body } = await service.call("POST", "/api/onboardings/batch?dryRun=true", third);
  const headers = { "if-match": String(body["etag"]) };
  expect(await ended(await service.call("POST", "/api/onboardings/batch", third, headers))).toBe("Succeeded");
  expect(await databasesOf("removal-beside")).toEqual(["orders"]);
});

it("dead-letters a message without the sign, and takes one with it", async () => {
  await onboard("removal-queued");
  const queue = sandbox.cloud.serviceBus.queue(names.queue);
  const fewer = request("removal-queued", ["messages"]);
  const envelope = { specversion: "1.0", id: "1", source: "/test", type: "onboard" };
  queue.send({ messageId: "removal-plain", body: fewer });
  queue.send({ messageId: "removal-wrapped", body: { ...envelope, confirmremoval: false, data: fewer } });
  const dead = () => queue.deadLetters().filter(({ messageId }) => /^removal-/.test(String(messageId)));
  await expect
    .poll(() => dead().map(({ messageId }) => messageId), { timeout: 30_000 })
    .toEqual(["removal-plain", "removal-wrapped"]);
  for (const { applicationProperties } of dead()) {
    expect(applicationProperties).toMatchObject({
      DeadLetterReason: "REMOVAL_NOT_CONFIRMED",
      DeadLetterErrorDescription: notConfirmed.detail,
    });
  }
  expect(await databasesOf("removal-queued")).toEqual(both);

  queue.send({ messageId: "removal-signed", body: fewer, applicationProperties: { confirmRemoval: true } });
  await expect.poll(() => nowIn("removal-queued"), { timeout: 30_000 }).toBe("Onboarded with messages");
  await ended(await service.call("POST", "/api/onboardings", request("removal-queued", both)));

  queue.send({ messageId: "removal-envelope", body: { ...envelope, id: "2", confirmremoval: true, data: fewer } });
  await expect.poll(() => nowIn("removal-queued"), { timeout: 30_000 }).toBe("Onboarded with messages");
  expect(dead()).toHaveLength(2);
});
