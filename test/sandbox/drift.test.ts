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

const drifting = { cluster: names.cluster, namespace: "drifting" };
const nobodys = { cluster: names.cluster, namespace: "nobodys" };
const fresh = { clientId: crypto.randomUUID(), principalId: crypto.randomUUID(), federatedCredentials: new Map() };

/** Breaks all that the watcher is to find before it looks, since the timer comes only twice a minute. */
beforeAll(async () => {
  sandbox = await startSandbox({
    because: "it looks for drift all the time",
    drift: { everyMinutes: 0.02, repair: ["Error"] },
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
