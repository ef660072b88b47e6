import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { ServicePrincipal } from "../../src/world.ts";
import { hasPostgres, type PostgresFixture, startFixture } from "./fixture.ts";

describe.runIf(hasPostgres("the simulated PostgreSQL server"))("the simulated PostgreSQL server", () => {
  let fixture: PostgresFixture;
  let app: ServicePrincipal;
  const clients: Client[] = [];

  beforeAll(async () => {
    fixture = await startFixture();
    app = fixture.addPrincipal("team-a");
    const admin = await adminOn("postgres");
    await admin.query("SELECT pgaadauth_create_principal_with_oid('team-a', $1, 'service', false, false)", [
      app.principalId,
    ]);
  });
  afterEach(async () => {
    fixture.faults.clear();
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
  });
  afterAll(async () => {
    await fixture?.simulator.close();
  });

  async function logIn(user: string, token: string, options = {}): Promise<Client> {
    const client = await fixture.logIn(user, token, options);
    clients.push(client);
    return client;
  }

  async function adminOn(database: string): Promise<Client> {
    return await logIn("mooring", await fixture.tokenOf(fixture.mooring), { database });
  }

  it("lets a principal in as its role, by a token for the password", async () => {
    const client = await logIn("team-a", await fixture.tokenOf(app));

    const { rows } = await client.query("SELECT current_user, current_database(), version()");

    expect(rows[0]).toMatchObject({ current_user: "team-a", current_database: "orders" });
    expect(rows[0]?.version).toMatch(/^PostgreSQL 18\./);
  });

  it("refuses everyone else with Azure's messages", async () => {
    const other = fixture.addPrincipal("other");

    const attempts: readonly (readonly [role: string, token: string, error: object, options?: object])[] = [
      [
        "team-a",
        await fixture.tokenOf(other),
        { code: "28000", message: expect.stringMatching(/^Service principal oid mismatch/) },
      ],
      [
        "team-a",
        await fixture.tokenOf(app, "https://database.windows.net/"),
        { code: "28000", message: expect.stringContaining("does not have a valid audience claim") },
      ],
      [
        "team-a",
        await fixture.tokenOf(app, undefined, -60),
        { message: "The access token has expired. Please acquire a new token and retry." },
      ],
      ["team-a", "password", { code: "28000" }],
      ["nobody", await fixture.tokenOf(app), { code: "28P01" }],
      ["azure_pg_admin", await fixture.tokenOf(app), { code: "28P01" }],
      [
        "team-a",
        await fixture.tokenOf(app),
        { code: "28000", message: expect.stringMatching(/no pg_hba.conf entry .* no encryption/) },
        { ssl: false },
      ],
      ["team-a", await fixture.tokenOf(app), { code: "3D000" }, { database: "nothing" }],
    ];

    for (const [role, token, error, options] of attempts)
      await expect(logIn(role, token, options), JSON.stringify(error)).rejects.toMatchObject(error);
  });

  it("lists the roles of Entra in database postgres alone, to its administrators alone", async () => {
    const admin = await adminOn("postgres");

    const { rows } = await admin.query("SELECT * FROM pgaadauth_list_principals(false) ORDER BY rolname");

    expect(rows).toEqual([
      expect.objectContaining({ rolname: "mooring", objectid: fixture.mooring.principalId, isadmin: 1 }),
      {
        rolname: "team-a",
        principaltype: "service",
        objectid: app.principalId,
        tenantid: fixture.world.tenantId,
        ismfa: 0,
        isadmin: 0,
      },
    ]);
    await expect(
      (await adminOn("orders")).query("SELECT * FROM pgaadauth_list_principals(false)"),
    ).rejects.toMatchObject({
      code: "42883",
    });
    const client = await logIn("team-a", await fixture.tokenOf(app), { database: "postgres" });
    await expect(client.query("SELECT * FROM pgaadauth_list_principals(false)")).rejects.toMatchObject({
      code: "42501",
    });
  });

  it("knows only principals of the tenant", async () => {
    const admin = await adminOn("postgres");
    const unknown = crypto.randomUUID();
    const create = "SELECT pgaadauth_create_principal_with_oid('team-x', $1, 'service', false, false)";

    await expect(admin.query(create, [unknown])).rejects.toThrow(
      `Could not validate AAD user <${unknown}> because its name is not found in the tenant.`,
    );

    const late = fixture.addPrincipal("late");
    await admin.query(create, [late.principalId]);
    await admin.query('DROP ROLE "team-x"');
  });

  it("has rights like any PostgreSQL: an administrator is no superuser", async () => {
    const admin = await adminOn("orders");
    await admin.query("CREATE TABLE things (name text)");
    const client = await logIn("team-a", await fixture.tokenOf(app));

    await expect(client.query("SELECT * FROM things")).rejects.toMatchObject({ code: "42501" });
    await admin.query('GRANT SELECT ON things TO "team-a"');
    await client.query("SELECT * FROM things");

    await expect(client.query("INSERT INTO things VALUES ('x')")).rejects.toMatchObject({ code: "42501" });
    await expect(admin.query("CREATE ROLE boss SUPERUSER")).rejects.toMatchObject({ code: "42501" });
    expect(await fixture.simulator.runScript("orders", "SELECT count(*)::int AS n FROM things")).toEqual([{ n: 0 }]);
  });

  it("fails and delays calls as it is told, and keeps a journal", async () => {
    const client = await adminOn("orders");
    const { faults } = fixture;
    const start = faults.journal.length;

    faults.add({
      wire: "postgres",
      operation: "SELECT",
      effect: { kind: "error", code: "53300", message: "too many" },
    });
    await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "53300", message: "too many" });
    faults.add({ wire: "postgres", operation: "CREATE TABLE", effect: { kind: "cutAfter" } });
    await expect(client.query("CREATE TABLE cut_after ()")).rejects.toThrow(/terminated|ended/i);
    const next = await adminOn("orders");
    faults.add({ wire: "postgres", operation: "CREATE TABLE", effect: { kind: "cutBefore" } });
    await expect(next.query("CREATE TABLE cut_before ()")).rejects.toThrow(/terminated|ended/i);
    const last = await adminOn("orders");
    faults.add({ wire: "postgres", operation: "SELECT", effect: { kind: "garbage" } });
    await expect(last.query("SELECT $1::int", [1])).rejects.toThrow();

    expect(
      await fixture.simulator.runScript("orders", "SELECT tablename AS name FROM pg_tables WHERE tablename ~ '^cut'"),
    ).toEqual([{ name: "cut_after" }]);
    expect(faults.journal.slice(start)).toEqual(
      ["SELECT", "CREATE TABLE", "LOGIN", "CREATE TABLE", "LOGIN", "SELECT"].map((operation) => ({
        wire: "postgres",
        operation,
        target: "pg-dev/orders",
      })),
    );
  });

  it("gives up a statement that its client cancels", async () => {
    const client = await adminOn("orders");

    const other = await adminOn("orders");
    const { rows: pids } = await client.query("SELECT pg_backend_pid() AS pid");

    const slow = expect(client.query("SELECT pg_sleep(30)")).rejects.toMatchObject({ code: "57014" });
    await new Promise((resolve) => setTimeout(resolve, 100));
    await other.query("SELECT pg_cancel_backend($1)", [pids[0]?.pid]);

    await slow;
  });
});
