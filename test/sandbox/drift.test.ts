/** The drift watcher on the whole system. It has its own sandbox, because it would repair what other tests break. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import { ownerTags } from "../../src/domain/naming/ownership.ts";
import { identityOf } from "../proof/support/remains.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

let sandbox: SuiteSandbox;
let service: Service;

beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it looks for drift all the time",
    drift: { everyMinutes: 0.02, repair: ["Error"] },
  });
  service = serviceOf(sandbox);
});
afterAll(() => sandbox?.close());

it("finds drift by itself, repairs it, and publishes both on the topic", async () => {
  const berth = { cluster: names.cluster, namespace: "drifting" };
  const databases = [{ server: names.sqlServer, database: "messages", roles: ["reader"] }];
  const onboarded = await service.waitFor(await service.onboard({ ...berth, databases }));
  expect(onboarded.status, JSON.stringify(onboarded.error)).toBe("Succeeded");
  await sandbox.cloud.sql.database("messages").runScript(`DROP USER [${identityName(berth)}]`);

  const told = () =>
    sandbox.cloud.serviceBus
      .subscription(names.topic, "all")
      .messages()
      .map(({ body }) => body as { type: string; subject: string; data: { findings?: { code: string }[] } })
      .filter(({ type, subject }) => type.includes("drift") && subject === `${names.cluster}/drifting`);
  await expect
    .poll(() => told().map(({ type }) => type.split(".").at(2)), { timeout: 75_000, interval: 500 })
    .toEqual(["drift-detected", "drift-resolved"]);

  expect(told()[0]?.data.findings).toMatchObject([{ code: "USER_MISSING" }]);
  const namespace = await service.call("GET", `/api/namespaces/${names.cluster}/drifting`);
  expect(namespace.body).toMatchObject({ state: "Onboarded", findings: [] });
  const { body } = await service.call("GET", `/api/operations?namespace=drifting&cluster=${names.cluster}`);
  expect(body["value"]).toMatchObject([
    { kind: "repair", status: "Succeeded", requestedBy: "mooring" },
    { kind: "onboard" },
  ]);
}, 90_000);

it("names an identity that no record knows, on the topic and to an operator", async () => {
  const { world } = sandbox.cloud;
  const known = identityOf(sandbox.cloud, "drifting");
  if (!known) throw new Error("no identity to copy");
  const berth = { cluster: names.cluster, namespace: "nobodys" };
  const name = identityName(berth);
  const id = known.id.replace(known.name, name);
  const fresh = { clientId: crypto.randomUUID(), principalId: crypto.randomUUID(), federatedCredentials: new Map() };
  world.identities.set(id.toLowerCase(), { ...known, ...fresh, id, name, tags: ownerTags(berth, "lost") });

  const told = () =>
    sandbox.cloud.serviceBus
      .subscription(names.topic, "all")
      .messages()
      .map(({ body }) => body as { subject: string; data: { findings?: { code: string }[] } })
      .filter(({ subject }) => subject === `${names.cluster}/nobodys`);
  await expect.poll(() => told().length, { timeout: 75_000, interval: 500 }).toBe(1);

  expect(told()[0]?.data.findings).toMatchObject([{ code: "IDENTITY_UNRECORDED", target: name }]);
  const { body } = await service.call("GET", "/api/health/ready");
  expect(body["warnings"]).toEqual([
    `No record knows identity ${name} (client ID ${fresh.clientId}), which has Mooring's tags for ${names.cluster}/nobodys.`,
  ]);
}, 90_000);

it("names a stranger in one of Mooring's database roles", async () => {
  await sandbox.cloud.sql
    .database("messages")
    .runScript("CREATE USER stranger WITHOUT LOGIN; ALTER ROLE mooring_writer ADD MEMBER stranger");

  const warnings = async () => (await service.call("GET", "/api/health/ready")).body["warnings"];
  await expect
    .poll(warnings, { timeout: 75_000, interval: 500 })
    .toContain(
      `In ${names.sqlServer}/messages stranger, which no record knows, is in Mooring's role mooring_writer. ` +
        "Take it out: `ALTER ROLE [mooring_writer] DROP MEMBER [stranger]` (docs/runbook.md).",
    );
}, 90_000);
