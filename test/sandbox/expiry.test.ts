/** Access that ends, on the whole system: the timer, the tables' clock, the topic, and every place that shows it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityOf } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;
const namespaceRef = (namespace: string) => ({ cluster: names.cluster, namespace });
const target = "uploads";
const messages = { server: names.sqlServer, database: "messages", roles: ["reader"] };

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "requests expire at once",
    expiry: { confirmMinutes: 0 },
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

const inSeconds = (seconds: number) => new Date(Math.ceil(Date.now() / 1_000 + seconds) * 1_000).toISOString();

async function onboard(request: object) {
  const ended = await service.waitFor(await service.onboard(request));
  expect(ended.status, JSON.stringify(ended.error)).toBe("Succeeded");
  return ended;
}

it("offboards one namespace and narrows another when their access ends, and shows it everywhere before", async () => {
  const ending = { ...namespaceRef("ending"), databases: [messages], expiresAt: inSeconds(15) };
  const narrowed = {
    ...namespaceRef("narrowed"),
    databases: [messages],
    targets: [{ target: target, access: ["read"], expiresAt: ending.expiresAt }],
  };
  await Promise.all([onboard(ending), onboard(narrowed)]);

  const shown = await service.call("GET", `/api/namespaces/${names.cluster}/narrowed`);
  expect(shown.body).toMatchObject({ expiry: { time: ending.expiresAt, targets: [target] } });
  const { body: access } = await service.call("GET", "/api/access?namespace=narrowed");
  expect(access["value"]).toMatchObject([
    { target: `${names.sqlServer}/messages` },
    { target: target, until: ending.expiresAt },
  ]);
  const { body: audit } = await service.call("GET", `/api/audit?cluster=${names.cluster}&namespace=ending`);
  expect(audit["value"]).toContainEqual(
    expect.objectContaining({
      action: "accepted",
      differences: [{ field: `${names.sqlServer}/messages ends`, current: null, desired: ending.expiresAt }],
    }),
  );

  const state = async (namespace: string) => {
    const { status, body } = await service.call("GET", `/api/namespaces/${names.cluster}/${namespace}`);
    return status === 404 ? "gone" : `${body["state"]} ${(body["targets"] as unknown[] | undefined)?.length ?? 0}`;
  };
  await expect
    .poll(async () => [await state("ending"), await state("narrowed")], { timeout: 110_000, interval: 1_000 })
    .toEqual(["gone", "Onboarded 0"]);

  expect(identityOf(sandbox.cloud, "ending")).toBeUndefined();
  const { body } = await service.call("GET", `/api/operations?cluster=${names.cluster}&namespace=narrowed`);
  expect(body["value"]).toMatchObject([
    { kind: "change", status: "Succeeded", requestedBy: "mooring-expiry" },
    { kind: "onboard" },
  ]);
  const told = sandbox.cloud.serviceBus
    .subscription(names.topic, "all")
    .messages()
    .map(({ body: event }) => event as { type: string; subject: string; data: object })
    .filter(({ type }) => type === "mooring.namespace.expiry-approaching.v1");
  expect(told.map(({ subject, data }) => ({ subject, data }))).toEqual(
    expect.arrayContaining([
      { subject: `${names.cluster}/ending`, data: { expiresTime: ending.expiresAt } },
      { subject: `${names.cluster}/narrowed`, data: { expiresTime: ending.expiresAt, targets: [target] } },
    ]),
  );
}, 130_000);

it("refuses an end that has passed, in the words of the field, and both fields", async () => {
  const refused = async (fields: object) => {
    const request = { ...namespaceRef("refused"), databases: [messages], ...fields };
    const { status, body } = await service.call("POST", "/api/onboardings", request);
    return { status, code: body["code"], errors: body["errors"] };
  };

  expect(await refused({ expiresAt: "2020-01-01T00:00:00Z" })).toMatchObject({
    ...{ status: 422, code: "EXPIRY_PASSED", errors: [{ pointer: "/expiresAt" }] },
  });
  expect(await refused({ expiresAt: "2090-01-01T00:00:00Z", expiresAfter: "P1D" })).toMatchObject({
    ...{ status: 422, code: "INVALID_REQUEST", errors: [{ pointer: "/expiresAfter" }] },
  });
});
