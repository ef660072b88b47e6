/** The role bundle `appender` on the whole system: planned, given, missed and given back, exported, revoked, and gone. */
import { expect } from "vitest";
import { names } from "../../sandbox/cloud.ts";
import { identityName } from "../../src/domain/naming/names.ts";
import type { SuiteSandbox } from "../../test/support/sandbox.ts";
import { type Service, serviceOf } from "../../test/support/service.ts";
import { it } from "../../test/support/sharedSandbox.ts";

const namespaceRef = { cluster: names.cluster, namespace: "appending" };
const path = `/api/namespaces/${namespaceRef.cluster}/${namespaceRef.namespace}`;
const user = identityName(namespaceRef);

let sandbox: SuiteSandbox;
let service: Service;

it.beforeAll(({ sandbox: shared }) => {
  sandbox = shared;
  service = serviceOf(sandbox);
});

function wanted(...roles: string[]) {
  return { ...namespaceRef, databases: [{ server: names.sqlServer, database: "messages", roles }] };
}

function database() {
  return sandbox.cloud.sql.database("messages");
}

function rolesNow() {
  return database()
    .users()
    .find(({ name }) => name === user)?.roles;
}

it("gives mooring_appender, notices when it is gone, exports it, and revokes it again", async () => {
  const plan = await service.call("POST", "/api/onboardings?dryRun=true", wanted("reader", "appender"));
  expect(plan.body).toMatchObject({
    blocked: false,
    steps: expect.arrayContaining([
      expect.objectContaining({
        name: "grantDatabase",
        differences: expect.arrayContaining([{ field: "mooring_appender", current: null, desired: "granted" }]),
      }),
    ]),
  });

  const onboarded = await service.waitFor(await service.onboard(wanted("reader", "appender")));
  expect(onboarded.status, JSON.stringify(onboarded.error)).toBe("Succeeded");
  expect(rolesNow()?.toSorted()).toEqual(["mooring_appender", "mooring_reader"]);

  await database().runScript(`ALTER ROLE mooring_appender DROP MEMBER [${user}]`);
  const verified = await service.call("POST", `${path}/verify`);
  expect(verified.body).toMatchObject({ findings: [{ code: "GRANT_MISSING", field: "mooring_appender" }] });
  const repair = await service.call("POST", `${path}/repair`);
  expect((await service.waitFor(String(repair.body["id"]))).status).toBe("Succeeded");
  expect(rolesNow()?.toSorted()).toEqual(["mooring_appender", "mooring_reader"]);

  const exported = await fetch(`${sandbox.url}${path}/export?format=tsql`);
  expect(await exported.text()).toContain(`ALTER ROLE [mooring_appender] ADD MEMBER [${user}];`);

  expect((await service.waitFor(await service.onboard(wanted("reader")))).status).toBe("Succeeded");
  expect(rolesNow()).toEqual(["mooring_reader"]);

  expect((await service.waitFor(await service.offboard(namespaceRef.cluster, namespaceRef.namespace))).status).toBe(
    "Succeeded",
  );
  expect(rolesNow()).toBeUndefined();
});
