/** Repeated requests, and requests on condition that nothing has changed since the client looked. */
import { expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import type { SuiteSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";
import { it } from "../support/sharedSandbox.ts";

let sandbox: SuiteSandbox;
let service: Service;

it.beforeAll(async ({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
});

let count = 0;
function request(changes: object = {}) {
  count += 1;
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  return { cluster: names.cluster, namespace: `repeated-${count}`, databases, ...changes };
}
const post = (body: object, headers: Record<string, string>) => service.call("POST", "/api/onboardings", body, headers);

it.each(["idempotency-key", "repeatability-request-id"])(
  "answers the same key and request with the same answer (%s)",
  async (header) => {
    const wanted = request();
    const headers = { [header]: crypto.randomUUID() };

    const first = await post(wanted, headers);
    const second = await post(Object.fromEntries(Object.entries(wanted).toReversed()), headers);

    expect(first).toMatchObject({ status: 202, body: { isNew: true } });
    expect(second.status).toBe(202);
    expect(second.body).toEqual(first.body);
    expect(second.headers.get("location")).toBe(first.headers.get("location"));
    expect([first, second].map((answer) => answer.headers.get("idempotency-replayed"))).toEqual([null, "true"]);
    if (header === "repeatability-request-id") expect(second.headers.get("repeatability-result")).toBe("accepted");
    await service.waitFor(String(first.body["id"]));
  },
);

it("still gives the first answer after the operation has failed", async () => {
  sandbox.cloud.faults.add({
    wire: "sql",
    operation: "CREATE USER",
    times: 99,
    effect: { kind: "error", code: 15247 },
  });
  const wanted = request();
  const headers = { "idempotency-key": "failing" };
  const first = await post(wanted, headers);
  expect((await service.waitFor(String(first.body["id"]))).status).toBe("Failed");
  sandbox.cloud.faults.clear();

  expect((await post(wanted, headers)).body).toEqual(first.body);
  const fresh = await post(wanted, { "idempotency-key": "failing, once more" });

  expect(fresh).toMatchObject({ status: 422 });
  const other = await post(wanted, { "idempotency-key": "failing-once-more" });
  expect(other.body["id"]).not.toBe(first.body["id"]);
});

it("refuses a key that was used with another request, and still accepts it for that request", async () => {
  const [one, other] = [request(), request()];
  const headers = { "idempotency-key": crypto.randomUUID() };
  const first = await post(one, headers);

  expect(await post(other, headers)).toMatchObject({
    status: 422,
    body: {
      code: "IDEMPOTENCY_KEY_REUSED",
      detail: expect.stringContaining(
        `this one did nothing. The first one was accepted: GET /api/operations/${String(first.body["id"])} tells`,
      ),
      fix: expect.stringContaining("with a new key"),
    },
  });
  expect((await service.call("GET", `/api/namespaces/${names.cluster}/${other.namespace}`)).status).toBe(404);
  expect((await post(one, headers)).body).toEqual(first.body);
});

it("processes one of twenty simultaneous requests; the others wait or get its answer", async () => {
  const wanted = request();
  const headers = { "idempotency-key": crypto.randomUUID() };

  const answers = await Promise.all(Array.from({ length: 20 }, () => post(wanted, headers)));

  const taken = answers.filter(({ status }) => status === 202);
  expect(new Set(taken.map(({ body }) => body["id"])).size).toBe(1);
  expect(taken.filter((answer) => !answer.headers.has("idempotency-replayed"))).toHaveLength(1);
  for (const { status, body, headers: given } of answers.filter(({ status }) => status !== 202)) {
    expect([status, body["code"], given.get("retry-after")]).toEqual([409, "IDEMPOTENCY_IN_PROGRESS", "1"]);
  }
});

it("does not keep refusals: the same key works once the reason is gone", async () => {
  sandbox.cloud.faults.add({ wire: "sql", operation: "CREATE USER", times: 1, effect: { kind: "delay", ms: 500 } });
  const wanted = request();
  const id = await service.onboard(wanted);
  const changed = { ...wanted, serviceAccount: "other" };
  const headers = { "idempotency-key": crypto.randomUUID() };
  expect(await post(changed, headers)).toMatchObject({ status: 409, body: { code: "OPERATION_IN_PROGRESS" } });
  await service.waitFor(id);
  await service.waitFor(await service.offboard(names.cluster, wanted.namespace));

  expect((await post(changed, headers)).status).toBe(202);
});

it("refuses two different keys, since one of them would be ignored", async () => {
  const both = (azure: string) => ({ "idempotency-key": "one", "repeatability-request-id": azure });

  const different = await service.call("POST", "/api/onboardings", request(), both("two"));
  const same = await service.call("POST", "/api/onboardings", request(), both("one"));

  expect(different).toMatchObject({ status: 422, body: { code: "INVALID_REQUEST" } });
  expect(different.body["detail"]).toContain("Repeatability-Request-ID");
  expect(same.status).toBe(202);
  expect(same.headers.get("repeatability-result")).toBe("accepted");
});

const unmet = { status: 412, body: { code: "PRECONDITION_FAILED" } };

it("onboards only if nothing exists yet, and changes only the version that was seen, in a dry run too", async () => {
  const wanted = request();
  const path = `/api/namespaces/${names.cluster}/${wanted.namespace}`;
  const plan = (body: object, headers: Record<string, string>) =>
    service.call("POST", "/api/onboardings?dryRun=true", body, headers);
  const isNew = { "if-none-match": "*" };
  const early = [await post(wanted, { "if-match": "*" }), await plan(wanted, { "if-match": '"x"' })];
  const planned = await plan(wanted, isNew);
  const first = await post(wanted, { ...isNew, "idempotency-key": wanted.namespace });
  const repeated = await post(wanted, { ...isNew, "idempotency-key": wanted.namespace });
  await service.waitFor(String(first.body["id"]));

  const taken = [await post(wanted, isNew), await plan(wanted, isNew)];
  const change = { ...wanted, serviceAccount: "other" };
  const { body: seen } = await plan(change, { "if-match": "*" });
  const stale = [await post(change, { "if-match": '"x"' }), await plan(change, { "if-match": '"x"' })];
  const { body: namespace } = await service.call("GET", path);
  const changed = await post(change, { "if-match": String(seen["etag"]) });
  // The namespace has changed since, but by this very request.
  const again = await post(change, { "if-match": String(seen["etag"]) });

  expect(early).toMatchObject([unmet, unmet]);
  expect(early[0]?.body["detail"]).toBe(
    `Namespace ${names.cluster}/${wanted.namespace} is not onboarded. If-Match requires that it exists.`,
  );
  expect([planned.status, planned.body["etag"]]).toEqual([200, undefined]);
  expect([first.status, repeated.body]).toEqual([202, first.body]);
  expect(taken).toMatchObject([unmet, unmet]);
  expect(taken[0]?.body["detail"]).toContain(
    `is Onboarded, by operation ${first.body["id"]}. If-None-Match requires that it does not exist.`,
  );
  expect(stale).toMatchObject([unmet, unmet]);
  expect(seen["etag"]).toBe(namespace["etag"]);
  expect([changed.status, again.status]).toEqual([202, 202]);
  expect(again.body).toMatchObject({ id: changed.body["id"], isNew: false });
  await service.waitFor(String(changed.body["id"]));
});

it("verifies once per key, and only the version that was seen", async () => {
  const wanted = request();
  await service.waitFor(await service.onboard(wanted));
  const path = `/api/namespaces/${names.cluster}/${wanted.namespace}`;
  await expect.poll(async () => (await service.call("GET", path)).body["state"]).toBe("Onboarded");
  const { body: namespace } = await service.call("GET", path);
  const verify = (headers: Record<string, string>) => service.call("POST", `${path}/verify`, undefined, headers);

  const stale = await verify({ "if-match": '"x"', "idempotency-key": "look" });
  const first = await verify({ "if-match": String(namespace["etag"]), "idempotency-key": "look" });
  const again = await verify({ "if-match": String(namespace["etag"]), "idempotency-key": "look" });
  const other = await verify({ "if-match": String(namespace["etag"]) });

  expect(stale).toMatchObject(unmet);
  expect([first.status, again.headers.get("idempotency-replayed"), again.body]).toEqual([200, "true", first.body]);
  // A verification does not invalidate an If-Match.
  expect(other.status).toBe(200);
  expect(other.body["verifiedTime"]).not.toBe(first.body["verifiedTime"]);
});

it("gives a namespace an ETag, answers 304 if it is unchanged, and offboards only the version that was seen", async () => {
  const wanted = request();
  const path = `/api/namespaces/${names.cluster}/${wanted.namespace}`;
  const onboarding = await service.onboard(wanted);
  const early = (await service.call("GET", path)).headers.get("etag") ?? "";
  await service.waitFor(onboarding);
  await expect.poll(async () => (await service.call("GET", path)).body["state"]).toBe("Onboarded");
  const etag = (await service.call("GET", path)).headers.get("etag") ?? "";

  const cached = await service.call("GET", path, undefined, { "if-none-match": `"x", W/${etag}` });
  const stale = await service.call("DELETE", path, undefined, { "if-match": early });
  const staleUpkeep = await Promise.all(
    ["repair", "repair?dryRun=true", "migrate", "migrate?dryRun=true"].map((what) =>
      service.call("POST", `${path}/${what}`, undefined, { "if-match": early }),
    ),
  );
  const planned = await service.call("POST", `${path}/repair?dryRun=true`, undefined, { "if-match": etag });
  const fresh = await service.call("DELETE", path, undefined, { "if-match": etag, "idempotency-key": "gone" });
  const again = await service.call("DELETE", path, undefined, { "if-match": etag, "idempotency-key": "gone" });

  expect(etag).toMatch(/^"[0-9a-f]{32}\.[0-9a-f]{16}"$/);
  expect(early).not.toBe(etag);
  expect([cached.status, cached.headers.get("etag")]).toEqual([304, etag]);
  expect(stale).toMatchObject({ status: 412, body: { code: "PRECONDITION_FAILED" } });
  expect(staleUpkeep.map(({ status, body }) => `${status} ${body["code"]}`)).toEqual(
    staleUpkeep.map(() => "412 PRECONDITION_FAILED"),
  );
  expect(planned.status).toBe(200);
  expect(fresh.status).toBe(202);
  expect(again.body).toEqual(fresh.body);
  await service.waitFor(String(fresh.body["id"]));
});
