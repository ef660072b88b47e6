/** Cancel, approval and a second compensation through the whole system, and what waits for its turn, through kill -9. */
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
/** Another approver: a request from the queue needs two. */
let second: Service;

beforeAll(async () => {
  const orders = `${names.sqlServer}/orders`;
  sandbox = await startSandbox({
    because: "its approvals remind within a second",
    callers: "keys",
    approval: { databases: [orders], timeoutMinutes: 60, reminderMinutes: 0.005 },
  });
  service = serviceOf(sandbox);
  second = serviceOf(sandbox, { "x-mooring-key": sandbox.cloud.callers?.approverKey ?? "" });
});
afterEach(() => sandbox.cloud.faults.clear());
afterAll(() => sandbox?.close());

let count = 0;
function request(database: "messages" | "orders") {
  count += 1;
  const databases = [{ server: names.sqlServer, database, roles: ["reader"] }];
  return { cluster: names.cluster, namespace: `decided-${count}`, databases };
}

function expectNothingOf(namespace: string) {
  const name = identityName({ cluster: names.cluster, namespace });
  expect([...sandbox.cloud.world.identities.values()].map((identity) => identity.name)).not.toContain(name);
  for (const database of ["messages", "orders"]) {
    const users = sandbox.cloud.sql.database(database).users();
    expect(users.map((user) => user.name)).not.toContain(name);
  }
}

/** Sends a request by queue, so that the requester differs from the caller of the routes. Returns the operation once it waits. */
async function requestByQueue() {
  const wanted = request("orders");
  sandbox.cloud.serviceBus.queue(names.queue).send({ body: wanted });
  const find = async () => {
    const { body } = await service.call(
      "GET",
      `/api/operations?namespace=${wanted.namespace}&cluster=${names.cluster}`,
    );
    const [first] = body["value"] as { id: string }[];
    return first && (await service.operation(first.id));
  };
  await expect.poll(async () => (await find())?.phase).toBe("awaitingApproval");
  const found = await find();
  if (!found) throw new Error("the operation is gone");
  return { ...wanted, operation: found };
}

const isOther = { status: 412, body: { code: "PRECONDITION_FAILED" } };

const hashOf = (operation: object) => String(Object(Object(operation).approval).requestHash);

it("cancels a running onboarding, leaves nothing, and reports what it undid", async () => {
  sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", times: 1, effect: { kind: "delay", ms: 4_000 } });
  const wanted = request("messages");
  const id = await service.onboard(wanted);
  const first = await service.call("GET", `/api/operations/${id}`);
  const granting = async () => (await service.operation(id)).steps.find(({ name }) => name === "grantDatabase")?.status;
  await expect.poll(granting).toBe("Running");

  const planned = await service.call("POST", `/api/operations/${id}/cancel?dryRun=true`, { comment: "not today" });
  expect((await service.operation(id)).phase).toBe("provisioning");
  const running = await service.call("GET", `/api/operations/${id}`);
  // A tag from before the first step still allows a cancel in the middle of the steps.
  const seen = { "if-match": first.headers.get("etag") ?? "" };
  const canceled = await service.call("POST", `/api/operations/${id}/cancel`, { comment: "not today" }, seen);
  const again = await service.call("POST", `/api/operations/${id}/cancel`, undefined, seen);

  expect(running.headers.get("etag")).not.toBe(first.headers.get("etag"));
  expect(running.body["etag"]).toBe(first.body["etag"]);
  expect(first.headers.get("etag")?.split(".")[0]).toBe(String(first.body["etag"]).replace(/"$/, ""));

  expect(planned).toMatchObject({ status: 200, body: { blocked: false, estimate: { least: expect.any(Number) } } });
  const undos = planned.body["steps"] as { name: string; action: string }[];
  expect(undos.map(({ name, action }) => `${name} ${action}`)).toEqual(
    expect.arrayContaining(["removeIdentity delete", "removeNamespace delete"]),
  );
  expect(planned.body["notices"]).toContainEqual(expect.stringMatching(/^grant database access .* is at work/));
  expect(canceled).toMatchObject({ status: 202, body: { id, decision: "cancel", comment: "not today" } });
  expect(canceled.headers.get("location")).toBe(`/api/operations/${id}`);
  expect(again).toMatchObject({ status: 202, body: canceled.body });
  expect(await service.waitFor(id)).toMatchObject({
    status: "Canceled",
    error: { code: "OPERATION_CANCELED", message: expect.stringMatching(/not today\. Undone: .*remove identity/) },
  });
  expectNothingOf(wanted.namespace);
  expect((await service.call("GET", `/api/namespaces/${names.cluster}/${wanted.namespace}`)).status).toBe(404);
  const unknown = await service.call("POST", "/api/operations/nothing/cancel");
  expect(unknown).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
  const wrong = await service.call("POST", `/api/operations/${id}/cancel`, { reason: "x" });
  expect(wrong).toMatchObject({ status: 422, body: { errors: [{ pointer: "/reason" }] } });
});

it("waits for approval through a kill -9 and a restart, reminds, and then does exactly what was approved", async () => {
  const { operation, namespace } = await requestByQueue();
  expect(operation).toMatchObject({
    status: "Running",
    approval: { reasons: [`Database ${names.sqlServer}/orders needs approval.`], requestHash: expect.any(String) },
    request: { namespace, databases: [{ database: "orders", roles: ["reader"] }] },
  });
  expectNothingOf(namespace);

  await sandbox.killHost();
  await sandbox.restartHost();

  expect(await service.operation(operation.id)).toMatchObject({ phase: "awaitingApproval" });
  const asked = `${operation.id}/awaitingApproval`;
  const published = () =>
    sandbox.cloud.serviceBus
      .subscription(names.topic, "all")
      .messages()
      .map(({ messageId }) => messageId)
      .filter((id) => id.startsWith(asked));
  // The reminder timer runs at the start and every 15 seconds.
  await expect.poll(() => published().length).toBeGreaterThan(1);
  expect(published()[0]).toBe(asked);
  const path = `/api/operations/${operation.id}/approve`;
  expect(await service.call("POST", path)).toMatchObject({
    status: 422,
    body: { errors: [{ pointer: "/requestHash" }] },
  });
  const other = await service.call("POST", path, { requestHash: "another" });
  expect(other).toMatchObject({ status: 409, body: { code: "APPROVAL_MISMATCH" } });
  expect(await service.call("POST", `${path}?dryRun=true`, { requestHash: "another" })).toMatchObject({ status: 409 });
  const agreed = { requestHash: hashOf(operation) };
  const first = await service.call("POST", `${path}?dryRun=true`, agreed);
  expect(first.body).toMatchObject({ needsApproval: [expect.stringContaining("another person")] });
  expect(await second.call("POST", path, agreed)).toMatchObject({ status: 202, body: { decision: "approve" } });
  const plan = await service.call("POST", `${path}?dryRun=true`, agreed);
  expect(plan).toMatchObject({ status: 200, body: { blocked: false, needsApproval: [] } });
  expect(await service.operation(operation.id)).toMatchObject({ phase: "awaitingApproval" });
  const decided = (await service.call("GET", `/api/audit?operation=${operation.id}`)).body["value"] as object[];
  expect(decided).toMatchObject([{ action: "approve" }, { action: "accepted" }]);
  const approved = await service.call("POST", path, agreed);
  expect(approved).toMatchObject({ status: 202, body: { decision: "approve", kind: "onboard" } });
  const done = await service.waitFor(operation.id);
  expect(done).toMatchObject({ status: "Succeeded" });
  for (const { name, action } of plan.body["steps"] as { name: string; action: string }[]) {
    expect(done.steps.find((each) => each.name === name)?.action, name).toBe(action);
  }
}, 60_000);

it("decides only about the version that was seen, not by a weak tag, and writes nothing when that is to reject", async () => {
  const { operation, namespace } = await requestByQueue();
  const path = `/api/operations/${operation.id}`;
  const read = async () => await second.call("GET", path);
  const before = await read();
  const [requestHash, seen] = [hashOf(operation), String(before.body["etag"])];
  const known = await second.call("GET", path, undefined, { "if-none-match": before.headers.get("etag") ?? "" });
  const post = (by: Service, what: string, tag: string, body?: object) =>
    by.call("POST", `${path}/${what}`, body, { "if-match": tag });

  const weak = await post(service, "approve", `W/${seen}`, { requestHash });
  const wrong = await post(service, "approve", seen.replaceAll('"', ""), { requestHash });
  const first = await post(service, "approve", seen, { requestHash });
  // Sent again, it counts as the decision already made.
  const again = await post(service, "approve", seen, { requestHash });
  const stale = await Promise.all([
    post(second, "approve", seen, { requestHash }),
    post(second, "approve?dryRun=true", seen, { requestHash }),
    post(second, "reject", seen),
    post(second, "reject?dryRun=true", seen),
    post(service, "cancel", seen),
    post(service, "cancel?dryRun=true", seen),
  ]);
  const now = String((await read()).body["etag"]);
  const { body: awaiting } = await second.call("GET", "/api/approvals");
  const planned = await post(second, "reject?dryRun=true", now);
  const rejected = await post(second, "reject", `"x", ${now}`);

  expect([known.status, known.headers.get("etag")]).toEqual([304, before.headers.get("etag")]);
  expect(weak).toMatchObject(isOther);
  expect(weak.body["detail"]).toContain("A weak tag (W/) never matches");
  expect(wrong).toMatchObject({ status: 422, body: { code: "INVALID_REQUEST" } });
  expect([first.status, again.status, again.body]).toEqual([202, 202, first.body]);
  expect(stale).toMatchObject(stale.map(() => isOther));
  expect(stale[0]?.body["detail"]).toContain(`waits for approval and has 1 of 2. If-Match names another version`);
  expect(now).not.toBe(seen);
  expect((awaiting["value"] as { id: string; etag: string }[]).find(({ id }) => id === operation.id)?.etag).toBe(now);
  expect(planned).toMatchObject({ status: 200, body: { steps: [], notices: [expect.any(String)] } });
  expect(rejected).toMatchObject({ status: 202, body: { decision: "reject", kind: "onboard" } });
  expect(await service.waitFor(operation.id)).toMatchObject({ status: "Failed", error: { code: "REJECTED" } });
  expectNothingOf(namespace);
  const ended = await read();
  const late = await post(service, "cancel", now);
  expect(ended.body["etag"]).not.toBe(now);
  // A request that would be refused without a condition is refused for that reason (RFC 9110, 13.2.1).
  expect(late).toMatchObject({ status: 409, body: { code: "OPERATION_ENDED" } });
});

it("reruns a failed undo once its obstacle is gone", async () => {
  const wanted = request("messages");
  const forbidden = { code: "AuthorizationFailed", status: 403 };
  const times = Number.POSITIVE_INFINITY;
  const { faults } = sandbox.cloud;
  faults.add({
    wire: "arm",
    operation: /^PUT .*federatedIdentityCredentials$/,
    times,
    effect: { kind: "error", ...forbidden },
  });
  faults.add({
    wire: "arm",
    operation: /^DELETE .*userAssignedIdentities$/,
    times,
    effect: { kind: "error", ...forbidden },
  });
  const id = await service.onboard(wanted);
  const failed = await service.waitFor(id);
  expect(failed).toMatchObject({
    status: "Failed",
    error: { code: "COMPENSATION_FAILED" },
    leftUndone: ["removeIdentity"],
  });
  faults.clear();

  const compensate = (headers: Record<string, string>, query = "") =>
    service.call("POST", `/api/operations/${id}/compensate${query}`, undefined, headers);
  const etag = String(Object(failed).etag);
  const stale = [await compensate({ "if-match": '"x"' }), await compensate({ "if-match": '"x"' }, "?dryRun=true")];
  const plan = await compensate({}, "?dryRun=true");
  const seen = { "if-match": etag, "idempotency-key": `undo-${id}` };
  const { status, body } = await compensate(seen);
  const repeated = await compensate(seen);

  expect(stale).toMatchObject([isOther, isOther]);
  expect(stale[0]?.body["detail"]).toBe(`Operation ${id} has ended: Failed. If-Match names another version of it.`);
  expect(stale[0]?.headers.get("etag")).toBe(etag);
  expect(plan.body["steps"]).toMatchObject([{ name: "removeIdentity", action: "delete", blockers: [] }]);
  expect(repeated.body).toEqual(body);
  expect({ status, kind: body["kind"] }).toEqual({ status: 202, kind: "compensate" });
  const ended = await service.waitFor(String(body["id"]));
  expect(ended).toMatchObject({
    status: "Succeeded",
    compensates: id,
    steps: [{ name: "removeIdentity", action: "delete" }],
  });
  expectNothingOf(wanted.namespace);
  expect((await service.call("GET", `/api/namespaces/${names.cluster}/${wanted.namespace}`)).status).toBe(404);
  const again = await service.call("POST", `/api/operations/${id}/compensate`);
  expect(again).toMatchObject({ status: 409, body: { code: "NOTHING_TO_COMPENSATE" } });
});

/** Messages for a namespace that another operation holds: they occupy no slot, keep their order, and survive crashes. */
interface Held {
  readonly namespace: string;
  readonly operation: string;
}

interface Waiting {
  readonly operation: string;
  readonly since: string;
}

interface Listed {
  readonly id: string;
  readonly status: string;
  readonly startTime: string;
  readonly endTime: string;
}

const queue = () => sandbox.cloud.serviceBus.queue(names.queue);
const requestFor = (namespace: string, database: string, roles: readonly string[] = ["reader"]) => ({
  cluster: names.cluster,
  namespace,
  databases: [{ server: names.sqlServer, database, roles }],
});
const send = (body: object, messageId?: string) =>
  queue().send({ body, applicationProperties: { confirmRemoval: true }, ...(messageId ? { messageId } : {}) });

async function operationsOf(namespace: string): Promise<readonly Listed[]> {
  const path = `/api/operations?cluster=${names.cluster}&namespace=${namespace}`;
  const { value } = (await service.call("GET", path)).body as { value: Listed[] };
  return value.toSorted((a, b) => (a.startTime < b.startTime ? -1 : 1));
}

async function waitingFor(namespace: string): Promise<readonly Waiting[]> {
  const { body } = await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`);
  return (body as { waiting?: Waiting[] }).waiting ?? [];
}

/** Sends a request by queue that holds its namespace until it is approved. */
async function hold(namespace: string): Promise<Held> {
  send(requestFor(namespace, "orders"));
  const first = async () => (await operationsOf(namespace))[0]?.id;
  await expect.poll(first, { timeout: 30_000 }).toBeDefined();
  const operation = (await first()) ?? "";
  await expect
    .poll(async () => (await service.operation(operation)).phase, { timeout: 30_000 })
    .toBe("awaitingApproval");
  return { namespace, operation };
}

async function approve(by: Service, { operation }: Held) {
  const { approval: asked } = (await service.operation(operation)) as object as { approval: { requestHash: string } };
  return await by.call("POST", `/api/operations/${operation}/approve`, { requestHash: asked.requestHash });
}

async function approveByBoth(held: Held): Promise<void> {
  for (const by of [service, second]) expect((await approve(by, held)).status).toBe(202);
}

const subsets = [["reader"], ["writer"], ["executor"], ["reader", "writer"], ["reader", "executor"]];
const eight = [...subsets, ["writer", "executor"], ["reader", "writer", "executor"], ["reader"]];

it("eight messages leave their slots, wait in their order through kills, and begin one after another", async () => {
  const held = await hold("held-eight");
  for (const [index, roles] of eight.entries()) send(requestFor(held.namespace, "messages", roles), `eight-${index}`);
  // The last message is for another namespace; if all slots were occupied, it would arrive after a minute at best.
  send(requestFor("innocent", "messages"));

  await expect.poll(async () => (await operationsOf("innocent")).length).toBe(1);
  const states = () =>
    queue()
      .messages()
      .map(({ messageId, state }) => `${messageId} ${state}`);
  await expect.poll(states).toEqual(eight.map((_, index) => `eight-${index} deferred`));
  expect(
    queue()
      .messages()
      .every(({ deliveryCount }) => deliveryCount === 0),
  ).toBe(true);
  await expect.poll(async () => (await waitingFor(held.namespace)).length).toBe(8);
  const waiting = await waitingFor(held.namespace);
  expect(new Set(waiting.map(({ operation }) => operation)).size).toBe(8);
  expect(waiting.every(({ since }) => Date.parse(since) <= Date.now())).toBe(true);
  const { body: list } = await service.call("GET", "/api/namespaces?top=100");
  expect(list["value"]).toContainEqual(expect.objectContaining({ namespace: held.namespace, waiting }));

  await sandbox.killHost();
  await sandbox.restartHost();
  expect(await waitingFor(held.namespace)).toEqual(waiting);
  await approveByBoth(held);
  const third = waiting[2]?.operation ?? "";
  await expect
    .poll(async () => (await operationsOf(held.namespace)).map(({ id }) => id), { timeout: 60_000 })
    .toContain(third);
  await sandbox.killHost();
  await sandbox.restartHost();

  // A kill between the start of an operation and the completion of its message leaves that message locked for a minute.
  for (const { operation } of waiting) {
    await expect
      .poll(async () => (await operationsOf(held.namespace)).map(({ id }) => id), { timeout: 120_000 })
      .toContain(operation);
    expect(await service.waitFor(operation, 60_000)).toMatchObject({ status: "Succeeded" });
  }
  const operations = await operationsOf(held.namespace);
  expect(operations.map(({ id }) => id)).toEqual([held.operation, ...waiting.map(({ operation }) => operation)]);
  for (const [index, { startTime }] of operations.entries()) {
    const before = operations[index - 1];
    if (before)
      expect(Date.parse(startTime), `operation ${index} begins after the one before`).toBeGreaterThanOrEqual(
        Date.parse(before.endTime),
      );
  }
  // Those that no kill affected: the end of each begins the next, not a timer.
  const last = operations.slice(-3);
  expect(Date.parse(last[2]?.startTime ?? "") - Date.parse(last[1]?.endTime ?? "")).toBeLessThan(5_000);
  await expect.poll(() => queue().messages(), { timeout: 30_000 }).toEqual([]);
  expect(queue().deadLetters()).toEqual([]);
  expect(await waitingFor(held.namespace)).toEqual([]);
}, 300_000);

it("the same request sent twice is one change, and a request that is refused at its turn does not block the others", async () => {
  const held = await hold("held-refused");
  const wanted = requestFor(held.namespace, "messages");
  send({ ...wanted, identityMode: "podIdentity" }, "mode");
  send(wanted, "once");
  send(wanted, "twice");
  await expect.poll(async () => (await waitingFor(held.namespace)).length).toBe(3);

  await approveByBoth(held);

  await expect.poll(() => queue().messages(), { timeout: 60_000 }).toEqual([]);
  expect(queue().deadLetters()).toMatchObject([
    { messageId: "mode", applicationProperties: { DeadLetterReason: "MODE_CHANGE_REFUSED" } },
  ]);
  await expect
    .poll(async () => (await operationsOf(held.namespace)).map(({ status }) => status))
    .toEqual(["Succeeded", "Succeeded"]);
}, 120_000);
