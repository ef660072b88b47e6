/**
 * Rights in a database on the whole system: bundles on a schema and roles of the database's owner, with the T-SQL that a plan asks for;
 * and a database of 0.1.0 that gets Mooring's roles, whose namespaces are moved without a moment without access.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { mintAccessToken } from "azure-sim/entra";
import sql from "mssql";
import { afterAll, beforeAll, expect, it } from "vitest";
import { parse, stringify } from "yaml";
import { identityOf } from "../proof/support/remains.ts";
import { withFixedRoles } from "../support/fixedRoles.ts";
import { type SuiteSandbox, startSandbox } from "../support/sandbox.ts";
import { type Service, serviceOf } from "../support/service.ts";

const [cluster, server] = ["aks-dev", "sql-dev"];
const root = join(import.meta.dirname, "../..");

let sandbox: SuiteSandbox;
let service: Service;
const pools: sql.ConnectionPool[] = [];

beforeAll(async () => {
  const {
    auth: _entra,
    teams: _teams,
    queue: _queue,
    approval: _approval,
    ...document
  } = parse(await readFile(join(root, "mooring.yaml"), "utf8"));
  document.limits = { requestsPerSecond: 2_000, burst: 10_000 };
  document.sqlServers[server].databases = {
    messages: { roles: ["writer", "executor"] },
    orders: { roles: ["reader@sales", "role:reports"], mooringIsOwner: false },
  };
  sandbox = await startSandbox({
    because: "its catalog has roles of its own",
    catalog: stringify(document),
  });
  service = serviceOf(sandbox);
  setDefaultCACertificates([...getCACertificates("default"), sandbox.cloud.tls.certificate]);
});
afterAll(async () => {
  for (const pool of pools) await pool.close();
  await sandbox?.close();
});

const asOwner = (database: string, text: string) => sandbox.cloud.sql.database(database).runScript(text);
const request = (namespace: string, database: string, roles: readonly string[]) => ({
  ...{ cluster, namespace, databases: [{ server, database, roles }] },
});

async function onboard(...asked: Parameters<typeof request>) {
  const { body } = await service.call("POST", "/api/onboardings?confirmRemoval=true", request(...asked));
  return await service.waitFor(String(body["id"]));
}

/** As the application of the namespace. */
async function connect(namespace: string, database: string) {
  const { cloud } = sandbox;
  const identity = identityOf(cloud, namespace);
  if (!identity) throw new Error(`no identity for ${namespace}`);
  const token = await mintAccessToken(cloud.world, identity, "https://database.windows.net/");
  const pool = new sql.ConnectionPool({
    ...{ server: "localhost", port: cloud.sql.port, database, options: { encrypt: true } },
    authentication: { type: "azure-active-directory-access-token", options: { token } },
  });
  pools.push(pool);
  return await pool.connect();
}

function rolesOf(namespace: string, database: string) {
  const name = identityOf(sandbox.cloud, namespace)?.name;
  return sandbox.cloud.sql
    .database(database)
    .users()
    .find((user) => user.name === name)?.roles;
}

it("gives a bundle on a schema, and a role that the database's owner made, after the owner has run what the plan says", async () => {
  await asOwner("orders", "CREATE SCHEMA sales");
  await asOwner(
    "orders",
    `CREATE TABLE sales.bills (id int); CREATE TABLE stock (id int); CREATE TABLE staff (id int);
     CREATE ROLE reports; GRANT SELECT ON OBJECT::staff TO reports;`,
  );
  const wanted = ["reader@sales", "role:reports"] as const;
  const plan = async () => {
    const { body } = await service.call("POST", "/api/onboardings?dryRun=true", request("scoped", "orders", wanted));
    const steps = body["steps"] as { name: string; blockers: { code: string; message: string }[] }[];
    return steps.find(({ name }) => name === "grantDatabase")?.blockers ?? [];
  };

  const [blocker] = await plan();
  expect(blocker?.code).toBe("SQL_ROLE_MISSING");
  const script = blocker?.message.split("has to run there: ")[1] ?? "";
  expect(script).toContain("GRANT SELECT ON SCHEMA::[sales] TO [mooring_reader_sales];");
  expect(script).toContain("GRANT ALTER ON ROLE::[reports] TO [mooring];");
  await asOwner("orders", script);
  expect(await plan()).toEqual([]);

  const onboarded = await onboard("scoped", "orders", wanted);
  expect(onboarded.status, JSON.stringify(onboarded.error)).toBe("Succeeded");
  expect(rolesOf("scoped", "orders")).toEqual(["mooring_reader_sales", "reports"]);
  const application = await connect("scoped", "orders");
  await application.query("SELECT id FROM sales.bills");
  await application.query("SELECT id FROM staff");
  await expect(application.query("SELECT id FROM stock")).rejects.toMatchObject({ number: 229 });
  await expect(application.query("INSERT INTO sales.bills VALUES (1)")).rejects.toMatchObject({ number: 229 });
  const exported = await fetch(`${sandbox.url}/api/namespaces/${cluster}/scoped/export?format=tsql`);
  expect(await exported.text()).toContain("ALTER ROLE [mooring_reader_sales] ADD MEMBER");

  expect((await onboard("scoped", "orders", ["reader@sales"])).status).toBe("Succeeded");
  expect(rolesOf("scoped", "orders")).toEqual(["mooring_reader_sales"]);
  await expect(application.query("SELECT id FROM staff")).rejects.toMatchObject({ number: 229 });
  const verified = await service.call("POST", `/api/namespaces/${cluster}/scoped/verify`);
  expect(verified.body).toMatchObject({ findings: [] });
  expect((await service.waitFor(await service.offboard(cluster, "scoped"))).status).toBe("Succeeded");
  expect(rolesOf("scoped", "orders")).toBeUndefined();
}, 60_000);

it("moves a namespace that 0.1.0 onboarded with fixed roles, which never loses its access", async () => {
  await withFixedRoles(sandbox.cloud, "messages");
  await asOwner("messages", "CREATE TABLE list (id int)");
  expect((await onboard("moved", "messages", ["writer", "executor"])).status).toBe("Succeeded");
  expect(rolesOf("moved", "messages")).toEqual(["db_datareader", "db_datawriter"]);
  const path = `/api/namespaces/${cluster}/moved`;
  expect((await service.call("POST", `${path}/verify`)).body).toMatchObject({ findings: [] });

  const script = await readFile(join(root, "infra/sql/database-user.sql"), "utf8");
  await asOwner("messages", script.replace("CREATE USER [mooring] FROM EXTERNAL PROVIDER;", ""));
  const verified = await service.call("POST", `${path}/verify`);
  expect(verified.body).toMatchObject({
    severity: "Warning",
    findings: [
      { code: "GRANT_BY_FIXED_ROLE", field: "mooring_writer", found: "db_datareader, db_datawriter" },
      { code: "GRANT_BY_FIXED_ROLE", field: "mooring_executor", found: "EXECUTE" },
    ],
  });
  const plan = await service.call("POST", `${path}/repair?dryRun=true`);
  const steps = plan.body["steps"] as { name: string; differences: { field: string; desired: string | null }[] }[];
  const differences = steps.find(({ name }) => name === "grantDatabase")?.differences ?? [];
  expect(differences.map(({ field, desired }) => `${desired ? "+" : "-"} ${field}`)).toEqual([
    ...["+ mooring_writer", "+ mooring_executor"],
    ...["- db_datareader", "- db_datawriter", "- EXECUTE"],
  ]);

  const application = await connect("moved", "messages");
  let isOver = false;
  let read = 0;
  const reading = (async () => {
    for (; !isOver; read += 1) await application.query("INSERT INTO list VALUES (1); SELECT COUNT(*) FROM list");
  })();
  const repair = await service.call("POST", `${path}/repair`);
  const repaired = await service.waitFor(String(repair.body["id"]));
  isOver = true;
  await reading;

  expect(repaired.status, JSON.stringify(repaired.error)).toBe("Succeeded");
  expect(read).toBeGreaterThan(0);
  expect(rolesOf("moved", "messages")).toEqual(["mooring_executor", "mooring_writer"]);

  // Now the owner takes Mooring out of db_owner, and everything still works.
  await asOwner("messages", "ALTER ROLE db_owner DROP MEMBER mooring");
  expect((await service.call("POST", `${path}/verify`)).body).toMatchObject({ findings: [] });
  expect((await onboard("moved", "messages", ["executor"])).status).toBe("Succeeded");
  expect(rolesOf("moved", "messages")).toEqual(["mooring_executor"]);
  expect((await service.waitFor(await service.offboard(cluster, "moved"))).status).toBe("Succeeded");
}, 60_000);

it("refuses a role that the catalog does not list, and a name that is none", async () => {
  const ask = async (...roles: string[]) =>
    (await service.call("POST", "/api/onboardings", request("refused", "orders", roles))).body;

  expect(await ask("reader@hr")).toMatchObject({
    code: "ROLE_NOT_ALLOWED",
    errors: [{ pointer: "/databases/0/roles" }],
  });
  for (const role of ["reader@", "owner@sales", "role:db_owner", "role:mooring_writer", "role:public", "reports"]) {
    expect(await ask(role), role).toMatchObject({
      code: "INVALID_REQUEST",
      errors: [{ pointer: "/databases/0/roles/0", detail: expect.stringContaining("reader@sales") }],
    });
  }
});
