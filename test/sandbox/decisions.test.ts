/** Cancel, approval, change and a second compensation through the whole system, including a kill -9 during a wait. */
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
});

it("refuses to cancel an ended or a missing operation, and refuses a malformed cancel", async () => {
  const id = await service.onboard(request("messages"));
  await service.waitFor(id);

  const late = await service.call("POST", `/api/operations/${id}/cancel`);
  expect(late).toMatchObject({ status: 409, body: { code: "OPERATION_ENDED" } });
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

it("decides only about the version that was seen: not after another decision in between, nor by a weak tag", async () => {
  const { operation } = await requestByQueue();
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
  expect([planned.status, rejected.status]).toEqual([200, 202]);
  await service.waitFor(operation.id);
  const ended = await read();
  const late = await post(service, "cancel", now);
  expect(ended.body["etag"]).not.toBe(now);
  // A request that would be refused without a condition is refused for that reason (RFC 9110, 13.2.1).
  expect(late).toMatchObject({ status: 409, body: { code: "OPERATION_ENDED" } });
});

it("ends with REJECTED after a rejection, and has written nothing", async () => {
  const { operation, namespace } = await requestByQueue();

  const plan = await service.call("POST", `/api/operations/${operation.id}/reject?dryRun=true`);
  expect(plan).toMatchObject({ status: 200, body: { steps: [], notices: [expect.any(String)] } });
  const rejected = await service.call("POST", `/api/operations/${operation.id}/reject`, { comment: "ask first" });

  expect(rejected).toMatchObject({ status: 202, body: { decision: "reject", kind: "onboard" } });
  expect(await service.waitFor(operation.id)).toMatchObject({
    status: "Failed",
    error: { code: "REJECTED", message: expect.stringContaining("ask first") },
  });
  // Sent again by a caller who got no answer: it is the same decision, and has one entry in the trail.
  const again = await service.call("POST", `/api/operations/${operation.id}/reject`, { comment: "ask first" });
  expect(again).toMatchObject({ status: 202, body: { decision: "reject" } });
  const trail = (await service.call("GET", `/api/audit?operation=${operation.id}`)).body["value"] as object[];
  expect(trail.filter((entry) => Object(entry).action === "reject")).toHaveLength(1);
  expectNothingOf(namespace);
});

it("plans and makes a change to an onboarded namespace, and changes nothing when the same request is repeated", async () => {
  const wanted = { ...request("messages"), serviceAccount: "web" };
  const { namespace } = wanted;
  const before = { ...wanted, serviceAccount: "app", databases: [{ ...wanted.databases[0], roles: ["writer"] }] };
  await service.waitFor(await service.onboard(before));

  const plan = await service.call("POST", "/api/onboardings?dryRun=true", wanted);
  const changed = await service.call("POST", "/api/onboardings?confirmRemoval=true", wanted);
  const id = String(changed.body["id"]);

  expect(changed).toMatchObject({ status: 202, body: { kind: "change", isNew: true } });
  const ended = await service.waitFor(id);
  expect(ended).toMatchObject({ status: "Succeeded", request: wanted, replaces: before });
  const actions = ended.steps.map(({ name, action }) => `${name} ${action}`);
  expect(actions).toEqual([
    "preflight none",
    "ensureIdentity none",
    "applyNamespace none",
    "grantDatabase update",
    "applyServiceAccount create",
    "federateIdentity create",
    "verify none",
    "narrowDatabase update",
    "retireServiceAccount delete",
    "retireCredential delete",
  ]);
  const planned = plan.body["steps"] as { name: string; action: string }[];
  expect(planned.map(({ name, action }) => `${name} ${action}`)).toEqual(
    actions.filter((text) => !text.startsWith("verify ")),
  );
  const name = identityName({ cluster: names.cluster, namespace });
  const user = sandbox.cloud.sql
    .database("messages")
    .users()
    .find((each) => each.name === name);
  expect(user?.roles).toEqual(["mooring_reader"]);
  const identity = [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
  expect([...(identity?.federatedCredentials.values() ?? [])].map(({ subject }) => subject)).toEqual([
    `system:serviceaccount:${namespace}:web`,
  ]);
  const again = await service.call("POST", "/api/onboardings", wanted);
  const nothing = { message: expect.stringContaining("nothing changes") };
  expect(again).toMatchObject({ status: 202, body: { id, kind: "change", isNew: false, ...nothing } });

  const other = await service.call("POST", "/api/onboardings", { ...wanted, identityMode: "podIdentity" });
  expect(other).toMatchObject({ status: 409, body: { code: "MODE_CHANGE_REFUSED" } });
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
  const seen = { "if-match": etag, "idempotency-key": `undo-${id}` };
  const { status, body } = await compensate(seen);
  const repeated = await compensate(seen);

  expect(stale).toMatchObject([isOther, isOther]);
  expect(stale[0]?.body["detail"]).toBe(`Operation ${id} has ended: Failed. If-Match names another version of it.`);
  expect(stale[0]?.headers.get("etag")).toBe(etag);
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
