/** The rights that a template cannot grant, granted on a simulated server and in a cluster that the Azure CLI would reach. */

import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { databaseName, type SqlSandbox, startSqlSandbox } from "azure-sim/testing/sql";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { loadCatalog } from "../../../src/catalog.ts";
import { Catalog } from "../../../src/domain/catalog/catalog.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import { type Grant, grant } from "../../../tools/azure/grant.ts";
import { grantDatabase, runScript } from "../../../tools/azure/grantDatabase.ts";
import { clientIdOf } from "../../support/ids.ts";
import { createFakeAz, optionOf } from "./fakeAz.ts";

const root = dirname(dirname(dirname(import.meta.dirname)));
const catalog = loadCatalog(join(root, "mooring.yaml"));
const identity = {
  name: "id-mooring]; DROP TABLE x; --",
  clientId: "00000000-0000-4000-8000-00000000000a",
  principalId: "00000000-0000-4000-8000-00000000000b",
};
let sql: SqlSandbox;

beforeAll(async () => {
  sql = await startSqlSandbox();
});
afterAll(() => sql?.close());

const login = async (principal = sql.admin) => ({
  host: "localhost",
  port: sql.simulator.port,
  database: databaseName,
  token: await sql.token(principal),
});

it("creates the user by SID, whatever its name, and finds it the next time", async () => {
  const first = await grantDatabase(await login(), identity);
  const second = await grantDatabase(await login(), identity);

  expect([first, second]).toEqual(["created", "already there"]);
  expect(sql.simulator.database(databaseName).users()).toContainEqual(
    expect.objectContaining({
      name: identity.name,
      sid: sidFromClientId(clientIdOf(identity.clientId)),
      roles: [],
      permissions: ["ALTER ANY USER", "VIEW DEFINITION"],
    }),
  );
});

it("does not mistake another identity's user for Mooring's", async () => {
  const reborn = { ...identity, clientId: "00000000-0000-4000-8000-00000000000c" };

  await expect(grantDatabase(await login(), reborn)).rejects.toThrow("DROP USER [id-mooring]]; DROP TABLE x; --]");
});

it("runs the sample's script", async () => {
  await runScript(await login(), await readFile(join(root, "examples/messagelist.sql"), "utf8"));

  const pool = await sql.connect(sql.admin);
  const { recordset } = await pool.request().query("SELECT COUNT(*) AS messages FROM messagelist");
  expect(recordset).toEqual([{ messages: 2 }]);
});

const host = new URL(Object.values(catalog.clusters)[0]?.apiServer ?? "").hostname;
const cluster = { id: "/subscriptions/s/aks-dev", name: "aks-dev", resourceGroup: "rg", fqdn: host };

async function run(answers: Record<string, unknown>, grantIn = async () => "created"): Promise<readonly Grant[]> {
  const { az } = createFakeAz({
    "account get-access-token": { accessToken: "token" },
    "aks list": [cluster],
    "aks command invoke": { exitCode: 0, logs: "" },
    ...answers,
  });
  const grants: Grant[] = [];
  for await (const each of grant(az, { catalog, identity, grantIn })) grants.push(each);
  return grants;
}

it("applies the ClusterRole with the identity filled in, and creates a user in every database", async () => {
  let applied = "";
  const grants = await run({
    "aks command invoke": async (args: readonly string[]) => {
      applied = await readFile(optionOf(args, "--file"), "utf8");
      return { exitCode: 0, logs: "clusterrole.rbac.authorization.k8s.io/mooring created" };
    },
  });

  expect(grants).toEqual([
    { what: "cluster aks-dev", outcome: "ClusterRoles and bindings applied" },
    { what: "database sql-dev/messages", outcome: "user created" },
    { what: "database sql-dev/orders", outcome: "user created" },
  ]);
  const documents = parseAllDocuments(applied).map((document) => document.toJS());
  expect(documents.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    "ClusterRole mooring",
    "ClusterRoleBinding mooring",
    "ValidatingAdmissionPolicy mooring-writes",
    "ValidatingAdmissionPolicyBinding mooring-writes",
    "ClusterRole mooring-namespace-deletion",
    "ClusterRoleBinding mooring-namespace-deletion",
    // The catalog's cluster uses aad-pod-identity, and has no verification Job.
    "ClusterRole mooring-pod-identity",
    "ClusterRoleBinding mooring-pod-identity",
    "ClusterRole mooring-namespace-profile",
    "ClusterRoleBinding mooring-namespace-profile",
  ]);
  expect(applied).toContain(`request.userInfo.username == "${identity.principalId}"`);
  expect(applied).not.toMatch(/<object id|<image of/);
  const subjects = documents.flatMap((document) => document.subjects ?? []);
  expect(subjects.map(({ kind, name }) => [kind, name])).toEqual(subjects.map(() => ["User", identity.principalId]));
});

it("says how to do by hand what it could not, and continues", async () => {
  const grants = await run({ "aks command invoke": { exitCode: 1, logs: "forbidden" } }, async () => {
    throw new Error("Login failed for user '<token-identified principal>'.");
  });

  expect(grants.map(({ what, outcome }) => [what, outcome])).toEqual([
    ["cluster aks-dev", "forbidden"],
    ["database sql-dev/messages", "Login failed for user '<token-identified principal>'."],
    ["database sql-dev/orders", "Login failed for user '<token-identified principal>'."],
  ]);
  expect(grants[0]?.byHand).toMatch(
    /^for file in infra\/kubernetes\/cluster-role.yaml .*; do sed .* \| kubectl apply -f -; done$/,
  );
  expect(grants[0]?.byHand).toContain(`|${identity.principalId}|`);
  expect(grants[1]?.byHand).toContain(
    `CREATE USER [id-mooring]]; DROP TABLE x; --] WITH SID = ${sidFromClientId(clientIdOf(identity.clientId))}, TYPE = E;\nGRANT ALTER ANY USER TO [id-mooring]]; DROP TABLE x; --];\n`,
  );
});

it("prints all of it for a cluster outside Azure, with the name under which that knows Mooring", async () => {
  const [known] = Object.values(catalog.clusters);
  const login = { by: "serviceAccount", namespace: "mooring", name: "bot", tokenFile: "/var/run/token" };
  const { podIdentity: _only, ...common } = { podIdentity: undefined, ...known };
  const k3s = { ...common, kind: "oidc", identityModes: ["workloadIdentity"], login };
  const { az, calls } = createFakeAz({ "account get-access-token": { accessToken: "token" } });
  const grants: Grant[] = [];
  const outside = Catalog.parse({ ...catalog, teams: {}, queue: undefined, clusters: { k3s } });
  for await (const each of grant(az, { catalog: outside, identity, grantIn: async () => "created" })) grants.push(each);

  expect(grants[0]).toMatchObject({ what: "cluster k3s", outcome: expect.stringContaining("Azure does not manage") });
  expect(grants[0]?.byHand).toMatch(
    /^kubectl create namespace mooring\nkubectl create serviceaccount bot --namespace mooring\nfor file in .*issuer-keys\.yaml;/,
  );
  expect(grants[0]?.byHand).toContain("|system:serviceaccount:mooring:bot|");
  expect(calls.filter((call) => call.startsWith("aks"))).toEqual([]);
});

it("names a cluster that does not exist in Azure", async () => {
  const [first] = await run({ "aks list": [] });

  expect(first?.outcome).toContain(`has the API server ${host}`);
});
