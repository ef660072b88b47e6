/** What an identity can reach, on the whole system: users are known by their SID, and a lost row gives nobody what others have. */

import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { TableClient } from "@azure/data-tables";
import { expect } from "vitest";
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

const messages = { server: names.sqlServer, database: "messages", roles: ["reader"] };
const orders = { server: names.sqlServer, database: "orders", roles: ["writer"] };
const usersOf = (database: string) => sandbox.cloud.sql.database(database).users();

/** The request may remove access. */
async function onboard(namespace: string, databases: readonly object[], query = "") {
  const body = { cluster: names.cluster, namespace, databases };
  const { status, body: answer } = await service.call("POST", `/api/onboardings?confirmRemoval=true${query}`, body);
  expect(status, JSON.stringify(answer)).toBe(202);
  return await service.waitFor(String(answer["id"]));
}

/** As after a restore of an older copy of the tables. */
async function loseRow(namespace: string) {
  const { cloud } = sandbox;
  setDefaultCACertificates([...getCACertificates("default"), cloud.tls.certificate]);
  const client = new TableClient(cloud.tablesEndpoint, "MooringNamespaces", cloud.credentialOf("mooring"));
  for await (const { partitionKey = "", rowKey = "" } of client.listEntities()) {
    if (rowKey.includes(namespace)) await client.deleteEntity(partitionKey, rowKey);
  }
}

it("takes a renamed user's access away, and finds a user in a database that no request names", async () => {
  const namespace = "renaming";
  const name = identityName({ cluster: names.cluster, namespace });
  expect((await onboard(namespace, [messages, orders])).status).toBe("Succeeded");
  const sid = usersOf("orders").find((user) => user.name === name)?.sid;
  await sandbox.cloud.sql.database("orders").runScript(`ALTER USER [${name}] WITH NAME = [quiet]`);

  const changed = await onboard(namespace, [messages]);

  expect(changed.status, JSON.stringify(changed.error)).toBe("Succeeded");
  expect(usersOf("orders").map((user) => user.sid)).not.toContain(sid);

  const script = `CREATE USER [another] WITH SID = ${sid}, TYPE = E; ALTER ROLE [db_datareader] ADD MEMBER [another]`;
  await sandbox.cloud.sql.database("orders").runScript(script);
  const { body } = await service.call("POST", `/api/namespaces/${names.cluster}/${namespace}/verify`);
  expect(body["findings"]).toMatchObject([
    { code: "USER_ADDED", severity: "Error", target: `${names.sqlServer}/orders`, found: "another (db_datareader)" },
  ]);
}, 60_000);

it("leaves an identity that no record knows to an operator, who names it", async () => {
  const namespace = "restored";
  const name = identityName({ cluster: names.cluster, namespace });
  expect((await onboard(namespace, [messages, orders])).status).toBe("Succeeded");
  const identity = [...sandbox.cloud.world.identities.values()].find((each) => each.name === name);
  const clientId = identity?.clientId ?? "";
  await loseRow(namespace);

  const refused = await onboard(namespace, [messages]);
  expect(refused).toMatchObject({ status: "Failed", error: { code: "IDENTITY_UNRECORDED" } });
  expect(usersOf("orders").map(({ sid }) => sid)).toContain(sidFromClientId(clientIdOf(clientId)));

  const body = { cluster: names.cluster, namespace, databases: [messages, orders] };
  const planned = await service.call("POST", `/api/onboardings?dryRun=true`, body);
  expect(JSON.stringify(planned.body)).toContain(`${name} (mooring_writer) in ${names.sqlServer}/orders`);

  const adopted = await onboard(namespace, [messages, orders], `&adoptIdentity=${clientId}`);
  expect(adopted.status, JSON.stringify(adopted.error)).toBe("Succeeded");
  const audit = await service.call("GET", `/api/audit?cluster=${names.cluster}&namespace=${namespace}`);
  expect(audit.body["value"]).toContainEqual(expect.objectContaining({ what: "ensureIdentity", action: "adopt" }));
}, 60_000);

it("refuses a client ID that is none", async () => {
  const body = { cluster: names.cluster, namespace: "restored", databases: [messages] };
  const { status, body: answer } = await service.call("POST", "/api/onboardings?adoptIdentity=me", body);

  expect(status).toBe(422);
  expect(answer).toMatchObject({ code: "INVALID_REQUEST", errors: [{ pointer: "?adoptIdentity" }] });
});
