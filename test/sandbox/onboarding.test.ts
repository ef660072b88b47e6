/** The whole system: HTTP and queue at the front, real SDKs over real sockets, the simulated cloud at the back. */

import { usesRealApiServer } from "kube-sim";
import { afterEach, expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { clientIdOf } from "../support/ids.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
});
afterEach(() => sandbox.cloud.faults.clear());

let count = 0;
function request(changes: object = {}) {
  count += 1;
  return {
    cluster: names.cluster,
    namespace: `whole-${count}`,
    databases: [
      { server: names.sqlServer, database: "messages", roles: ["reader"] },
      { server: names.sqlServer, database: "orders", roles: ["writer", "executor"] },
    ],
    ...changes,
  };
}

function identityOf(namespace: string) {
  const name = identityName({ cluster: names.cluster, namespace });
  return [...sandbox.cloud.world.identities.values()].find((identity) => identity.name === name);
}

function usersOf(database: string) {
  return sandbox.cloud.sql.database(database).users();
}

it("onboards a namespace, shows every step, and offboards it without leftovers", async () => {
  const wanted = request();

  const onboarded = await service.waitFor(await service.onboard(wanted));

  expect(onboarded).toMatchObject({ status: "Succeeded", phase: "done" });
  expect(onboarded.steps.map(({ name, status, action }) => `${name} ${status} ${action}`)).toEqual([
    "preflight Succeeded none",
    "ensureIdentity Succeeded create",
    "applyNamespace Succeeded create",
    "grantDatabase Succeeded create",
    "grantDatabase Succeeded create",
    "applyServiceAccount Succeeded create",
    "federateIdentity Succeeded create",
    "verify Succeeded none",
  ]);
  const identity = identityOf(wanted.namespace);
  expect(onboarded.result?.clientId).toBe(identity?.clientId);
  expect(onboarded.result?.manifest).toContain("azure.workload.identity/use");
  const sid = sidFromClientId(clientIdOf(identity?.clientId ?? ""));
  expect(usersOf("messages").find(({ name }) => name === identity?.name)).toMatchObject({
    sid,
    roles: ["mooring_reader"],
  });
  expect([...(identity?.federatedCredentials.values() ?? [])]).toMatchObject([
    { subject: `system:serviceaccount:${wanted.namespace}:app`, audiences: ["api://AzureADTokenExchange"] },
  ]);

  const offboarded = await service.waitFor(await service.offboard(names.cluster, wanted.namespace));

  expect(offboarded).toMatchObject({ status: "Succeeded" });
  expect(identityOf(wanted.namespace)).toBeUndefined();
  expect(usersOf("messages").map(({ name }) => name)).not.toContain(identity?.name);
  expect((await service.call("GET", `/api/namespaces/${names.cluster}/${wanted.namespace}`)).status).toBe(404);
});

it("makes one operation and one of each resource from fifty simultaneous identical requests", async () => {
  const wanted = request();

  const ids = await Promise.all(Array.from({ length: 50 }, () => service.onboard(wanted)));
  const ended = await service.waitFor(ids[0] ?? "");

  expect(new Set(ids).size).toBe(1);
  expect(ended.status).toBe("Succeeded");
  const name = identityName({ cluster: names.cluster, namespace: wanted.namespace });
  const puts = sandbox.cloud.faults.journal.filter(
    ({ wire, operation, target }) =>
      wire === "arm" && /^PUT .*userAssignedIdentities$/.test(operation) && target === name,
  );
  expect(puts).toHaveLength(1);
  expect(usersOf("orders").filter((user) => user.name === name)).toHaveLength(1);
  expect(await service.onboard(wanted)).toBe(ids[0]);
});

it("refuses a different request for a namespace while an operation runs, and names the operation", async () => {
  sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", times: 1, effect: { kind: "delay", ms: 1_000 } });
  const first = request();
  const id = await service.onboard(first);

  const second = await service.call("POST", "/api/onboardings", { ...first, serviceAccount: "other" });

  expect(second).toMatchObject({ status: 409, body: { code: "OPERATION_IN_PROGRESS" } });
  expect(second.headers.get("location")).toBe(`/api/operations/${id}`);
  expect((await service.waitFor(id)).status).toBe("Succeeded");
});

it("plans without writing anything", async () => {
  const wanted = request();
  const before = sandbox.cloud.faults.journal.length;

  const { status, body } = await service.call("POST", "/api/onboardings?dryRun=true", wanted);

  expect(status).toBe(200);
  expect(body).toMatchObject({ blocked: false });
  // These only ask the API server, although they are POST and PATCH. A real one, whose list of rules is incomplete, is asked singly.
  const rights = usesRealApiServer ? "POST selfsubjectaccessreviews" : "POST selfsubjectrulesreviews";
  const questions = [rights, "DRY-RUN PATCH namespaces"];
  const asked = sandbox.cloud.faults.journal.slice(before).map(({ operation }) => operation);
  expect(asked).toEqual(expect.arrayContaining(questions));
  const calls = asked.filter((each) => ![...questions, "POST selfsubjectaccessreviews"].includes(each));
  expect(calls.filter((operation) => /^(PUT|PATCH|POST|DELETE|CREATE|ALTER|DROP|EXEC)/i.test(operation))).toEqual([]);
  expect((await service.call("GET", `/api/namespaces/${names.cluster}/${wanted.namespace}`)).status).toBe(404);
});

it("undoes everything when the second database fails permanently, and says which step, why and what to do", async () => {
  const wanted = request();
  sandbox.cloud.faults.add({
    wire: "sql",
    operation: "CREATE USER",
    target: `${names.sqlServer}/orders`,
    times: Number.POSITIVE_INFINITY,
    effect: { kind: "error", code: 15247, message: "User does not have permission to perform this action." },
  });

  const failed = await service.waitFor(await service.onboard(wanted));

  expect(failed).toMatchObject({ status: "Failed", error: { code: "SQL_FORBIDDEN", fix: expect.any(String) } });
  expect(failed.steps.find(({ target }) => target === `${names.sqlServer}/orders`)).toMatchObject({
    status: "Failed",
    error: { message: expect.stringContaining("permission") },
  });
  expect(identityOf(wanted.namespace)).toBeUndefined();
  const name = identityName({ cluster: names.cluster, namespace: wanted.namespace });
  expect(usersOf("messages").map((user) => user.name)).not.toContain(name);
  expect((await service.call("GET", `/api/namespaces/${names.cluster}/${wanted.namespace}`)).status).toBe(404);
});

it("survives transient faults on every wire", async () => {
  const { faults } = sandbox.cloud;
  faults.add({ wire: "arm", operation: /^PUT .*userAssignedIdentities$/, effect: { kind: "cutAfter" } });
  faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "cutAfter" } });
  faults.add({
    wire: "kubernetes",
    operation: "PATCH serviceaccounts",
    effect: { kind: "error", code: 500, status: 500 },
  });
  faults.add({
    wire: "arm",
    operation: /federatedIdentityCredentials$/,
    effect: { kind: "error", code: "TooManyRequests", status: 429, retryAfterSeconds: 1 },
  });

  const ended = await service.waitFor(await service.onboard(request()));

  expect(ended.status).toBe("Succeeded");
  expect(ended.steps.some(({ attempts }) => attempts > 1)).toBe(true);
});

it("accepts the same request from the queue, plain or in a CloudEvents envelope", async () => {
  const plain = request();
  const wrapped = request({ identityMode: "podIdentity" });
  const queue = sandbox.cloud.serviceBus.queue(names.queue);

  queue.send({ body: plain });
  queue.send({ body: { specversion: "1.0", id: "1", source: "/test", type: "onboard", data: wrapped } });

  for (const { namespace } of [plain, wrapped]) {
    await expect
      .poll(async () => (await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`)).body["state"])
      .toBe("Onboarded");
  }
  await expect.poll(() => queue.messages()).toEqual([]);
});

it("publishes an event for each change of status", async () => {
  const id = await service.onboard(request());
  await service.waitFor(id);

  // The event is published after the record that the status is read from.
  const statuses = () =>
    sandbox.cloud.serviceBus
      .subscription(names.topic, "all")
      .messages()
      .filter(({ messageId }) => messageId.startsWith(`${id}/`))
      .map(({ messageId }) => messageId.split("/")[1]);
  await expect.poll(statuses).toEqual(["Running", "Succeeded"]);
});

it("reveals no management address, key or token in any answer", async () => {
  const id = await service.onboard(request());
  await service.waitFor(id);
  const answers = await Promise.all(
    [`/api/operations/${id}`, "/api/operations", "/api/namespaces", "/api/openapi.json", "/api/health/ready"].map(
      (path) => service.call("GET", path),
    ),
  );

  for (const { status, headers, body } of answers) {
    expect(status).toBe(200);
    expect(`${JSON.stringify(body)}${JSON.stringify([...headers])}`).not.toMatch(
      // A token's payload is JSON, too; a nextLink's cursor has one part alone.
      /code=|\/runtime\/webhooks|sig=|eyJ[\w-]+\.eyJ/,
    );
  }
});
