/** What timers find on the whole system: drift, which would repair what other tests break, and access that ends. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { ownerTags } from "../../src/domain/naming/ownership.ts";
import { identityOf } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;

const drifting = { cluster: names.cluster, namespace: "drifting" };
const nobodys = { cluster: names.cluster, namespace: "nobodys" };
const fresh = { clientId: crypto.randomUUID(), principalId: crypto.randomUUID(), federatedCredentials: new Map() };

/** Breaks all that the watcher is to find before it looks, since the timer comes only twice a minute. */
beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it looks for drift all the time, and requests expire at once",
    drift: { everyMinutes: 0.02, repair: ["Error"] },
    expiry: { confirmMinutes: 0 },
  });
  service = serviceOf(sandbox);
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  const onboarded = await service.waitFor(await service.onboard({ ...drifting, databases }));
  expect(onboarded.status, JSON.stringify(onboarded.error)).toBe("Succeeded");

  const known = identityOf(sandbox.cloud, "drifting");
  if (!known) throw new Error("no identity to copy");
  const name = identityName(nobodys);
  const id = known.id.replace(known.name, name);
  sandbox.cloud.world.identities.set(id.toLowerCase(), {
    ...{ ...known, ...fresh, id, name },
    tags: ownerTags(nobodys, "lost"),
  });
  await sandbox.cloud.sql.database("messages").runScript(
    `DROP USER [${identityName(drifting)}];
    CREATE USER stranger WITHOUT LOGIN; ALTER ROLE mooring_writer ADD MEMBER stranger`,
  );
});
afterAll(() => sandbox?.close());

const soon = { timeout: 75_000, interval: 500 };

interface Told {
  readonly type: string;
  readonly subject: string;
  readonly data: { readonly findings?: readonly { readonly code: string }[] };
}

const toldOf = (namespace: string) =>
  sandbox.cloud.serviceBus
    .subscription(names.topic, "all")
    .messages()
    .map(({ body }) => body as Told)
    .filter(({ type, subject }) => type.includes("drift") && subject === `${names.cluster}/${namespace}`);

const warnings = async () => (await service.call("GET", "/api/health/ready")).body["warnings"];

it("finds drift by itself, repairs it, and publishes both on the topic", async () => {
  const kinds = () => toldOf("drifting").map(({ type }) => type.split(".").at(2));
  await expect.poll(kinds, soon).toEqual(["drift-detected", "drift-resolved"]);

  expect(toldOf("drifting")[0]?.data.findings).toMatchObject([{ code: "USER_MISSING" }]);
  const namespace = await service.call("GET", `/api/namespaces/${names.cluster}/drifting`);
  expect(namespace.body).toMatchObject({ state: "Onboarded", findings: [] });
  const { body } = await service.call("GET", `/api/operations?namespace=drifting&cluster=${names.cluster}`);
  expect(body["value"]).toMatchObject([
    { kind: "repair", status: "Succeeded", requestedBy: "mooring" },
    { kind: "onboard" },
  ]);
}, 90_000);

it("names an identity that no record knows, on the topic and to an operator", async () => {
  const name = identityName(nobodys);
  await expect.poll(() => toldOf("nobodys").length, soon).toBe(1);

  expect(toldOf("nobodys")[0]?.data.findings).toMatchObject([{ code: "IDENTITY_UNRECORDED", target: name }]);
  await expect
    .poll(warnings, soon)
    .toContain(
      `No record knows identity ${name} (client ID ${fresh.clientId}), which has Mooring's tags for ${names.cluster}/nobodys.`,
    );
}, 90_000);

it("names a stranger in one of Mooring's database roles", async () => {
  await expect
    .poll(warnings, soon)
    .toContain(
      `In ${names.sqlServer}/messages stranger, which no record knows, is in Mooring's role mooring_writer. ` +
        "Take it out: `ALTER ROLE [mooring_writer] DROP MEMBER [stranger]` (docs/runbook.md).",
    );
  expect(await warnings()).toHaveLength(2);
}, 90_000);

/** Access that ends: the timer, the tables' clock, the topic, and every place that shows it. */
const namespaceRef = (namespace: string) => ({ cluster: names.cluster, namespace });
const target = "uploads";
const messages = { server: names.sqlServer, database: "messages", roles: ["reader"] };

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
