/** What someone with Mooring's token can and cannot do on a PostgreSQL server. docs/security.md says the same in words. */
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ServicePrincipal } from "../../packages/azure-sim/src/world.ts";
import { hasPostgres, type PostgresFixture, startFixture } from "../../packages/azure-sim/test/postgres/fixture.ts";

describe.runIf(hasPostgres("what a stolen token reaches on PostgreSQL"))("a stolen token on PostgreSQL", () => {
  let fixture: PostgresFixture;
  let admin: ServicePrincipal;
  const clients: Client[] = [];

  beforeAll(async () => {
    fixture = await startFixture();
    admin = fixture.addPrincipal("platform");
    const labelled = `SELECT pgaadauth_create_principal_with_oid('platform', '${admin.principalId}', 'service', true, false)`;
    // The simulated directory learns of a principal with the next statement of a client.
    await (await as("mooring", fixture.mooring, "postgres")).query(labelled.replaceAll("platform'", "unused'"));
    await asPlatform("postgres", labelled);
    await asPlatform(
      "orders",
      `CREATE TABLE sales.stock (id int); INSERT INTO sales.stock VALUES (1); ALTER TABLE sales.stock OWNER TO azure_pg_admin;
       CREATE ROLE private NOLOGIN; CREATE SCHEMA private AUTHORIZATION private;
       CREATE TABLE private.salaries (id int); ALTER TABLE private.salaries OWNER TO private`,
    );
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
  });
  afterAll(async () => {
    await fixture?.simulator.close();
  });

  const asPlatform = (database: string, text: string) => fixture.simulator.runScript(database, text);

  async function as(role: string, who: ServicePrincipal, database = "orders"): Promise<Client> {
    const client = await fixture.logIn(role, await fixture.tokenOf(who), { database });
    clients.push(client);
    return client;
  }

  const asMooring = (database?: string) => as("mooring", fixture.mooring, database);
  const refused = { code: "42501" };

  it("reads, changes and drops what the administrators own together", async () => {
    const mooring = await asMooring();

    expect((await mooring.query("SELECT id FROM sales.stock")).rows).toEqual([{ id: 1 }]);
    await mooring.query(
      "UPDATE sales.stock SET id = 2; CREATE TABLE sales.mine (); ALTER TABLE sales.stock ADD more int",
    );
    await mooring.query("DROP TABLE sales.mine");
    await asPlatform("postgres", "CREATE DATABASE scratch OWNER azure_pg_admin");
    await (await asMooring("postgres")).query("DROP DATABASE scratch");
  });

  it("has no right on what another role owns", async () => {
    const mooring = await asMooring();

    for (const text of [
      "SELECT * FROM private.salaries",
      "DELETE FROM private.salaries",
      "DROP TABLE private.salaries",
      "GRANT SELECT ON private.salaries TO CURRENT_USER",
      "CREATE TABLE private.mine ()",
      "SET ROLE private",
      "GRANT private TO CURRENT_USER",
    ])
      await expect(mooring.query(text), text).rejects.toMatchObject(refused);
  });

  it("becomes any role that it made, those of all namespaces", async () => {
    const app = fixture.addPrincipal("team-a");
    const mooring = await asMooring("postgres");
    await mooring.query("SELECT pgaadauth_create_principal_with_oid('team-a', $1, 'service', false, false)", [
      app.principalId,
    ]);
    await asPlatform("orders", 'CREATE TABLE sales.theirs (); ALTER TABLE sales.theirs OWNER TO "team-a"');
    const thief = await asMooring();

    await thief.query('GRANT "team-a" TO CURRENT_USER; SET ROLE "team-a"');

    expect((await thief.query("SELECT current_user AS me")).rows).toEqual([{ me: "team-a" }]);
    await asPlatform("orders", 'DROP TABLE sales.theirs; DROP OWNED BY "team-a"; DROP ROLE "team-a"');
  });

  it("makes roles for any principal, and administrators of the server, who stay", async () => {
    const other = fixture.addPrincipal("thief");
    const mooring = await asMooring("postgres");

    await mooring.query("SELECT pgaadauth_create_principal_with_oid('thief', $1, 'service', true, false)", [
      other.principalId,
    ]);

    const thief = await as("thief", other);
    expect((await thief.query("SELECT count(*)::int AS n FROM sales.stock")).rows).toEqual([{ n: 1 }]);
    await mooring.query("CREATE DATABASE hideout");
    await asPlatform("postgres", "DROP DATABASE hideout");
    await asPlatform("postgres", "DROP ROLE thief");
  });

  it("neither changes nor drops roles that others made, and becomes none", async () => {
    const mooring = await asMooring("postgres");

    for (const text of [
      "DROP ROLE private",
      "ALTER ROLE private LOGIN",
      "COMMENT ON ROLE private IS 'mine'",
      "DROP ROLE platform",
      "ALTER ROLE platform NOLOGIN",
      "SET ROLE platform",
      "GRANT platform TO CURRENT_USER",
    ])
      await expect(mooring.query(text), text).rejects.toMatchObject(refused);
  });

  it("is no superuser: no files and programs of the server, no roles with more than it has", async () => {
    const mooring = await asMooring("postgres");

    for (const text of [
      "COPY (SELECT 1) TO PROGRAM 'true'",
      "COPY (SELECT 1) TO '/out'",
      "SELECT pg_catalog.pg_read_file('PG_VERSION')",
      "CREATE ROLE higher SUPERUSER",
      "CREATE ROLE copier REPLICATION",
      "ALTER SYSTEM SET work_mem = '1GB'",
    ])
      await expect(mooring.query(text), text).rejects.toMatchObject(refused);
  });
});
