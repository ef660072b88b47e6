/** The adapter and its statements on a real PostgreSQL. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { hasPostgres, type PostgresFixture, startFixture } from "azure-sim/testing/postgres";
import type { ServicePrincipal } from "azure-sim/world";
import type { Client } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPostgres } from "../../../src/adapters/postgres/index.ts";
import { PrincipalId } from "../../../src/domain/naming/identityPair.ts";
import { namespaceKey, postgresRoleName } from "../../../src/domain/naming/names.ts";
import { printMark } from "../../../src/domain/naming/ownership.ts";
import { type PostgresPlace, rightsOf } from "../../../src/domain/targets/postgres.ts";
import type { PostgresRoles } from "../../../src/ports/postgres.ts";
import { planRevocation } from "../../../src/resources/target/postgres/revocation.ts";
import { noteKey } from "../../../src/resources/target/postgres/role.ts";
import { catalog, createFakeCloud } from "../../support/fakeCloud.ts";

describe.runIf(hasPostgres("the PostgreSQL adapter"))("the PostgreSQL adapter", () => {
  let fixture: PostgresFixture;
  let postgres: PostgresRoles;
  let place: PostgresPlace;
  let app: ServicePrincipal;
  let principalId: PrincipalId;
  const refused: string[] = [];
  const clients: Client[] = [];
  const role = "mooring-aks-dev-team-a-12345678";
  const mark = { berth: "aks-dev/team-a", operation: "op-1", grants: {} };

  beforeAll(async () => {
    fixture = await startFixture();
    setDefaultCACertificates([...getCACertificates("default"), fixture.tls.certificate]);
    postgres = adapterFor(fixture.mooring);
    place = {
      kind: "postgresql",
      resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-dev",
      host: "localhost",
      port: fixture.simulator.port,
      login: "mooring",
      database: "orders",
      schema: "sales",
    };
    await onServer(
      "CREATE TABLE sales.orders (id serial PRIMARY KEY, what text); ALTER TABLE sales.orders OWNER TO azure_pg_admin",
    );
  });
  beforeEach(() => {
    app = fixture.addPrincipal("team-a");
    principalId = PrincipalId.parse(app.principalId);
  });
  afterEach(async () => {
    fixture.faults.clear();
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
    const [there] = await onServer(`SELECT FROM pg_roles WHERE rolname = '${role}'`);
    if (there)
      await onServer(`REASSIGN OWNED BY "${role}" TO azure_pg_admin; DROP OWNED BY "${role}"; DROP ROLE "${role}"`);
  });
  afterAll(async () => {
    await fixture?.simulator.close();
  });

  function adapterFor(who: ServicePrincipal, timeoutMs = 10_000): PostgresRoles {
    return createPostgres({
      credential: {
        getToken: async () => ({
          token: await fixture.tokenOf(who),
          expiresOnTimestamp: Date.now() + 3_600_000,
        }),
        refuse: (token) => void refused.push(token),
      },
      timeoutMs,
    });
  }

  async function onServer(sql: string) {
    return await fixture.simulator.runScript("orders", sql);
  }

  /** As the application. */
  async function logIn(): Promise<Client> {
    const client = await fixture.logIn(role, await fixture.tokenOf(app));
    clients.push(client);
    return client;
  }

  async function makeRole(): Promise<void> {
    await postgres.create(place, { role, principalId, comment: JSON.stringify(mark) });
  }

  async function give(...words: Parameters<typeof rightsOf>[0]): Promise<void> {
    await postgres.grant(place, { role, rights: rightsOf(words), owners: await owners() });
  }

  async function owners(): Promise<readonly string[]> {
    const { schema } = await postgres.inspect(place, { role, principalId });
    return schema?.owners.filter(({ isActedFor }) => isActedFor).map(({ name }) => name) ?? [];
  }

  it("makes a role that lets the identity in and may do nothing", async () => {
    await makeRole();
    await makeRole();

    const { roles, schema } = await postgres.inspect(place, { role, principalId });

    expect(roles).toEqual([
      {
        ...{ name: role, id: expect.any(String), principalId, canLogIn: true, isShut: false },
        ...{ comment: JSON.stringify(mark), databases: [] },
      },
    ]);
    expect(schema).toEqual({
      databaseOwner: "azure_pg_admin",
      schemaOwner: "azure_pg_admin",
      owners: [{ name: "azure_pg_admin", isActedFor: true }],
      held: [],
      heldPartly: [],
      inherited: [],
      owned: [],
    });
    await expect((await logIn()).query("SELECT * FROM sales.orders")).rejects.toMatchObject({ code: "42501" });
  });

  it("lists everybody who can use something in the schema, however they come by it", async () => {
    await makeRole();
    const before = (await postgres.holders(place)).map(({ name }) => name);
    await give("read");
    await onServer(
      "CREATE ROLE holder_group NOLOGIN; CREATE ROLE holder_person LOGIN IN ROLE holder_group; CREATE ROLE holder_idle LOGIN; GRANT USAGE ON SCHEMA sales TO holder_group, holder_idle; GRANT DELETE ON sales.orders TO holder_group; CREATE ROLE holder_outside LOGIN; GRANT SELECT ON sales.orders TO holder_outside",
    );

    const holders = await postgres.holders(place);
    await onServer(
      "DROP OWNED BY holder_group, holder_idle, holder_outside; DROP ROLE holder_group, holder_person, holder_idle, holder_outside",
    );

    expect(before).not.toContain(role);
    const of = (wanted: string) => holders.filter(({ name }) => name === wanted);
    expect(of(role)).toEqual([
      {
        ...{ name: role, id: expect.any(String), type: "service", principalId, comment: JSON.stringify(mark) },
        ...{ isSuperuser: false, rights: ["CONNECT", "USAGE", "SELECT ON TABLES"] },
      },
    ]);
    expect(of("holder_person")).toMatchObject([
      { type: "role", principalId: undefined, rights: ["CONNECT", "USAGE", "DELETE ON TABLES"] },
    ]);
    expect([...of("holder_group"), ...of("holder_idle"), ...of("holder_outside")]).toEqual([]);
    await expect(postgres.holders({ ...place, database: "gone" })).rejects.toMatchObject({ code: "POSTGRES_MISSING" });
  });

  it("lets a reader read what is there and what is made later, and write nothing", async () => {
    await makeRole();
    await give("read");
    await onServer("CREATE TABLE sales.later (name text); ALTER TABLE sales.later OWNER TO azure_pg_admin");
    await onServer("SET ROLE azure_pg_admin; CREATE TABLE sales.latest (name text)");
    const client = await logIn();

    await client.query("SELECT * FROM sales.orders");
    await client.query("SELECT * FROM sales.latest");
    await expect(client.query("INSERT INTO sales.orders (what) VALUES ('x')")).rejects.toMatchObject({ code: "42501" });
    await expect(client.query("CREATE TABLE sales.mine ()")).rejects.toMatchObject({ code: "42501" });

    // Made by another role, and given to the owner afterwards: default privileges do not reach it, and the reading says so.
    const { schema } = await postgres.inspect(place, { role, principalId });
    expect(schema?.heldPartly).toEqual(["SELECT ON TABLES"]);
    await give("read");
    await client.query("SELECT * FROM sales.later");
    expect((await postgres.inspect(place, { role, principalId })).schema?.held).toEqual(rightsOf(["read"]));
    await onServer("DROP TABLE sales.later, sales.latest");
  });

  it("lets a writer write, through sequences, too", async () => {
    await makeRole();
    await give("write");
    const client = await logIn();

    await client.query("INSERT INTO sales.orders (what) VALUES ('x')");
    await client.query("UPDATE sales.orders SET what = 'y' WHERE what = 'x'");
    await client.query("DELETE FROM sales.orders WHERE what = 'y'");

    await expect(client.query("TRUNCATE sales.orders")).rejects.toMatchObject({ code: "42501" });
    expect((await postgres.inspect(place, { role, principalId })).schema?.held.toSorted()).toEqual(
      rightsOf(["write"]).toSorted(),
    );
  });

  it("lets an owner make tables, and gives them to the database's owner before the role goes", async () => {
    await makeRole();
    await give("own");
    const client = await logIn();
    await client.query("CREATE TABLE sales.mine (name text); INSERT INTO sales.mine VALUES ('kept')");
    await client.query(
      "CREATE FUNCTION sales.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE TYPE sales.mood AS ENUM ('ok')",
    );
    await client.end();

    const before = await postgres.inspect(place, { role, principalId });
    const id = before.roles[0]?.id ?? "";
    await postgres.drop(place, { role, id: "1", databases: ["orders"] });
    expect((await postgres.inspect(place, { role, principalId })).roles).toHaveLength(1);
    await postgres.drop(place, { role, id, databases: ["orders"] });

    expect(before.schema?.owned).toEqual(["function sales.f(integer)", "table sales.mine", "type sales.mood"]);
    expect(before.roles[0]?.databases).toEqual(["orders"]);
    expect((await postgres.inspect(place, { role, principalId })).roles).toEqual([]);
    expect(await onServer("SELECT name FROM sales.mine")).toEqual([{ name: "kept" }]);
    expect(await onServer("SELECT tableowner::text AS owner FROM pg_tables WHERE tablename = 'mine'")).toEqual([
      { owner: "azure_pg_admin" },
    ]);
    await onServer("DROP TABLE sales.mine; DROP FUNCTION sales.f; DROP TYPE sales.mood");
    await expect(logIn()).rejects.toMatchObject({ code: "28P01" });
  });

  it("takes back one right after another, and leaves no right to act for the role", async () => {
    await makeRole();
    await give("own");
    const client = await logIn();
    await client.query("CREATE TABLE sales.mine (name text)");

    const surplus = rightsOf(["own"]).filter((right) => !rightsOf(["read"]).includes(right));
    expect(await postgres.revoke(place, { role, rights: surplus, owners: await owners() })).toEqual([]);
    await postgres.handOver(place, role);

    const { schema } = await postgres.inspect(place, { role, principalId });
    expect(schema?.owned).toEqual([]);
    await expect(client.query("DROP TABLE sales.mine")).rejects.toMatchObject({ code: "42501" });
    await postgres.revoke(place, { role, rights: rightsOf(["read"]), owners: await owners() });
    const after = await postgres.inspect(place, { role, principalId });
    expect(after.schema).toMatchObject({ held: [], heldPartly: [] });
    expect(after.roles[0]?.databases).toEqual([]);
    expect(
      await onServer(
        `SELECT count(*)::int AS n FROM pg_auth_members WHERE roleid = '"${role}"'::regrole AND inherit_option`,
      ),
    ).toEqual([{ n: 0 }]);
    await onServer("DROP TABLE sales.mine");
  });

  it("amends the mark, whoever else does", async () => {
    await makeRole();

    const counts = await Promise.all(
      ["a", "b", "c"].map((key) => postgres.amendNotes(place, { role, base: undefined, add: { [key]: "op-1" } })),
    );
    const left = await postgres.amendNotes(place, { role, base: undefined, remove: ["b", "nothing"] });

    expect(Math.max(...counts)).toBe(3);
    expect(left).toBe(2);
    const { roles } = await postgres.inspect(place, { role, principalId });
    expect(JSON.parse(roles[0]?.comment ?? "")).toEqual({ ...mark, grants: { a: "op-1", c: "op-1" } });
    await onServer(`COMMENT ON ROLE "${role}" IS 'it''s mine'`);
    expect(await postgres.amendNotes(place, { role, base: JSON.stringify(mark), add: { "it's": "a\\b" } })).toBe(1);
    await postgres.removeComment(place, role);
    expect((await postgres.inspect(place, { role, principalId })).roles[0]?.comment).toBeUndefined();
  });

  it("ends the right to connect with the last of a database's schemas, although both are given up at once", async () => {
    const namespaceRef = { cluster: "aks-dev", namespace: "two-schemas" };
    const own = postgresRoleName(namespaceRef);
    const note = (key: string) => [key, "op-1"] as const;
    const schemas = [place, { ...place, schema: "public" }];
    const grants = Object.fromEntries([
      ...schemas.flatMap((each) => rightsOf(["read"]).map((right) => note(noteKey(each, right)))),
      note("elsewhere/public CONNECT"),
    ]);
    const comment = printMark({ berth: namespaceKey(namespaceRef), operation: "op-1", grants });
    await postgres.create(place, { role: own, principalId, comment });
    for (const each of schemas)
      await postgres.grant(each, { role: own, rights: rightsOf(["read"]), owners: await owners() });
    const recordedMark = async () => undefined;
    const { identities, registry } = createFakeCloud().ports;
    const plan = (each: PostgresPlace) =>
      planRevocation({ postgres, catalog, identities, registry }, each, {
        namespaceRef,
        target: each.schema,
        keep: [],
        keepsResource: false,
        recordedMark,
        judge: async () => "ours",
      });

    const [first, second] = await Promise.all(schemas.map(plan));
    for (const write of [...(first?.writes ?? []), ...(second?.writes ?? [])]) await write();

    const { roles } = await postgres.inspect(place, { role: own, principalId });
    expect(roles[0]).toMatchObject({ name: own, databases: [] });
    await onServer(`DROP ROLE "${own}"`);
  });

  it("drops no role whose mark has a note, and makes one anew once, whoever else does", async () => {
    await makeRole();
    await postgres.amendNotes(place, { role, base: undefined, add: { a: "op-1" } });
    const [old] = (await postgres.inspect(place, { role, principalId })).roles;
    if (!old) throw new Error("no role");
    await postgres.drop(place, { ...old, role });
    expect((await postgres.inspect(place, { role, principalId })).roles).toEqual([old]);
    const other = PrincipalId.parse(fixture.addPrincipal("team-a again").principalId);

    await Promise.all(
      ["first", "second"].map((comment) => postgres.replace(place, { ...old, role, principalId: other, comment })),
    );

    const { roles } = await postgres.inspect(place, { role, principalId });
    expect(roles).toEqual([
      { ...old, id: expect.not.stringMatching(`^${old.id}$`), principalId: other, comment: expect.any(String) },
    ]);
  });

  it("makes a role anew without anything that others gave the earlier one", async () => {
    await makeRole();
    await give("read");
    await onServer(`CREATE ROLE strong; GRANT strong, pg_read_all_data TO "${role}"; CREATE ROLE weak; GRANT "${role}" TO weak;
      CREATE SCHEMA apart AUTHORIZATION azure_pg_admin; ALTER ROLE "${role}" CREATEDB; SET ROLE azure_pg_admin;
      CREATE TABLE apart.accounts (); GRANT USAGE ON SCHEMA apart TO "${role}"; GRANT SELECT ON apart.accounts TO "${role}";
      ALTER DEFAULT PRIVILEGES IN SCHEMA apart GRANT SELECT ON TABLES TO "${role}"; RESET ROLE`);
    const [old] = (await postgres.inspect(place, { role, principalId })).roles;
    if (!old) throw new Error("no role");
    await expect((await logIn()).query("SELECT * FROM apart.accounts")).resolves.toMatchObject({ rowCount: 0 });
    app = fixture.addPrincipal("team-a again");
    principalId = PrincipalId.parse(app.principalId);

    await postgres.replace(place, { ...old, role, principalId, comment: JSON.stringify(mark) });

    const [attributes] = await onServer(`SELECT rolcreatedb AS makes FROM pg_roles WHERE rolname = '${role}'`);
    expect(attributes).toMatchObject({ makes: false });
    const links = `SELECT r.rolname AS a, m.rolname AS b FROM pg_auth_members x JOIN pg_roles r ON r.oid = x.roleid
      JOIN pg_roles m ON m.oid = x.member WHERE '${role}' IN (r.rolname, m.rolname)`;
    expect(await onServer(links)).toEqual([{ a: role, b: "mooring" }]);
    await onServer("SET ROLE azure_pg_admin; CREATE TABLE apart.later (); RESET ROLE");
    const fresh = await logIn();
    for (const table of ["apart.accounts", "apart.later", "sales.orders"])
      await expect(fresh.query(`SELECT * FROM ${table}`), table).rejects.toMatchObject({ code: "42501" });
    await onServer("DROP SCHEMA apart CASCADE; DROP ROLE strong; DROP ROLE weak");
  });

  it.each(["drop", "replace"] as const)("gives up a role (%s) that gets a new table at this moment", async (how) => {
    await makeRole();
    await give("own");
    const [old] = (await postgres.inspect(place, { role, principalId })).roles;
    if (!old) throw new Error("no role");
    const owner = await fixture.logIn("mooring", await fixture.tokenOf(fixture.mooring));
    // Whoever reads the catalog does not see it yet; by default, the role gets rights on it.
    await owner.query("SET ROLE azure_pg_admin; BEGIN; CREATE TABLE sales.fresh ()");

    const given = { role, id: old.id, databases: old.databases, principalId, comment: JSON.stringify(mark) };
    const giving = postgres[how](place, given);
    await expect
      .poll(() => onServer("SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ~ 'DROP ROLE'"))
      .toHaveLength(1);
    await owner.query("COMMIT");
    await giving;

    const { roles } = await postgres.inspect(place, { role, principalId });
    expect(roles.map(({ id }) => id)).toEqual(how === "drop" ? [] : [expect.not.stringMatching(`^${old.id}$`)]);
    await owner.query("DROP TABLE sales.fresh");
    await owner.end();
  });

  it("sees no rights of an earlier role that is made anew while it looks", async () => {
    await makeRole();
    await give("read");
    const [old] = (await postgres.inspect(place, { role, principalId })).roles;
    if (!old) throw new Error("no role");
    fixture.faults.add({ wire: "postgres", operation: "mooring: inspect role", effect: { kind: "delay", ms: 1_500 } });

    const looking = postgres.inspect(place, { role, principalId });
    await expect.poll(() => fixture.faults.active.map(({ hits }) => hits)).toEqual([1]);
    await postgres.replace(place, { ...old, role, principalId, comment: JSON.stringify(mark) });

    const { roles, schema } = await looking;
    expect(roles[0]?.id).not.toBe(old.id);
    expect(schema).toMatchObject({ held: [], heldPartly: [] });
  });

  it("takes back its own rights although others have tables there", async () => {
    await makeRole();
    await give("read");
    await onServer("CREATE ROLE stranger; CREATE TABLE sales.theirs (); ALTER TABLE sales.theirs OWNER TO stranger");

    await postgres.revoke(place, { role, rights: rightsOf(["read"]), owners: ["azure_pg_admin"] });

    expect((await postgres.inspect(place, { role, principalId })).roles[0]?.databases).toEqual([]);
    await onServer("DROP TABLE sales.theirs; DROP ROLE stranger");
  });

  it.each(["'tidied up'", "NULL", `'{"berth": "aks-dev/other", "operation": null, "grants": {"x": "y"}}'`])(
    "writes a mark again that was lost (%s) once, whoever else does",
    async (comment) => {
      await makeRole();
      await onServer(`COMMENT ON ROLE "${role}" IS ${comment}`);
      const base = JSON.stringify({ ...mark, grants: { a: "op-1", b: "op-1" } });

      const left = await Promise.all(
        ["a", "b"].map((note) => postgres.amendNotes(place, { role, base, remove: [note] })),
      );

      expect(Math.min(...left)).toBe(0);
      const { roles } = await postgres.inspect(place, { role, principalId });
      expect(JSON.parse(roles[0]?.comment ?? "")).toEqual({ ...mark, grants: {} });
    },
  );

  it("takes nothing from a role, or a mark, that another target has just given up; and gives nothing", async () => {
    const add = { a: "op-1" };
    const gone = { code: "POSTGRES_UNAVAILABLE" };
    for (const comment of [undefined, "NULL", "'tidied up'", `'{"no": "mark"}'`]) {
      if (comment !== undefined) await makeRole();
      if (comment !== undefined) await onServer(`COMMENT ON ROLE "${role}" IS ${comment}`);

      expect(await postgres.amendNotes(place, { role, base: undefined, remove: ["a"] }), comment).toBe(0);
      await expect(postgres.amendNotes(place, { role, base: undefined, add }), comment).rejects.toMatchObject(gone);
      if (comment === undefined) await postgres.removeComment(place, role);
      // It is looked at again.
      const rights = rightsOf(["read"]);
      if (comment === undefined)
        await expect(postgres.revoke(place, { role, rights, owners: [] })).rejects.toMatchObject(gone);
    }
  });

  it("finds a role that lets the identity in under another name", async () => {
    const admin = await fixture.logIn("mooring", await fixture.tokenOf(fixture.mooring), { database: "postgres" });
    await admin.query("SELECT pgaadauth_create_principal_with_oid('by-hand', $1, 'service', false, false)", [
      principalId,
    ]);

    const { roles } = await postgres.inspect(place, { role, principalId });

    expect(roles).toMatchObject([{ name: "by-hand", principalId }]);
    await admin.query('DROP ROLE "by-hand"');
    await admin.end();
  });

  it("tells tables of owners for whom it may not act, and gives the rest", async () => {
    await onServer("CREATE ROLE stranger; CREATE TABLE sales.theirs (); ALTER TABLE sales.theirs OWNER TO stranger");
    await makeRole();

    const { schema } = await postgres.inspect(place, { role, principalId });
    await postgres.grant(place, { role, rights: rightsOf(["read"]), owners: ["azure_pg_admin"] });

    expect(schema?.owners).toContainEqual({ name: "stranger", isActedFor: false });
    expect((await postgres.inspect(place, { role, principalId })).schema?.held).toEqual(rightsOf(["read"]));
    await expect((await logIn()).query("SELECT * FROM sales.theirs")).rejects.toMatchObject({ code: "42501" });
    await onServer("DROP TABLE sales.theirs; DROP ROLE stranger");
  });

  it("says what an error means", async () => {
    const unknown = { role, principalId: PrincipalId.parse(crypto.randomUUID()), comment: "" };
    await expect(postgres.create(place, unknown)).rejects.toMatchObject({ code: "PRINCIPAL_NOT_YET_VISIBLE" });
    const nowhere = { ...place, database: "nothing" };
    expect((await postgres.inspect(nowhere, { role, principalId })).schema).toBeUndefined();
    await expect(postgres.grant(nowhere, { role, rights: [], owners: [] })).rejects.toMatchObject({
      code: "POSTGRES_MISSING",
    });
    expect((await postgres.inspect({ ...place, schema: "nothing" }, { role, principalId })).schema).toBeUndefined();
    await expect(
      adapterFor(fixture.addPrincipal("stranger")).inspect(place, { role, principalId }),
    ).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED" });
    expect(refused.length).toBeGreaterThan(0);
    await expect(postgres.inspect({ ...place, port: 1 }, { role, principalId })).rejects.toMatchObject({
      code: "POSTGRES_UNAVAILABLE",
      message: expect.not.stringContaining("localhost"),
    });
    await expect(postgres.create(place, { ...unknown, role: "x".repeat(64) })).rejects.toMatchObject({
      code: "POSTGRES_REJECTED",
    });
  });

  it.each([
    ["cutBefore", "POSTGRES_UNAVAILABLE"],
    ["cutAfter", "POSTGRES_UNAVAILABLE"],
    ["garbage", "POSTGRES_UNAVAILABLE"],
    ["hang", "POSTGRES_UNAVAILABLE"],
  ] as const)("retries after %s", async (kind, code) => {
    fixture.faults.add({ wire: "postgres", operation: "mooring: create role", effect: { kind } });

    await expect(
      adapterFor(fixture.mooring, 500).create(place, { role, principalId, comment: JSON.stringify(mark) }),
    ).rejects.toMatchObject({ code });

    await makeRole();
  });

  it.each([
    ["53300", "POSTGRES_UNAVAILABLE"],
    ["40P01", "POSTGRES_UNAVAILABLE"],
    ["57P01", "POSTGRES_UNAVAILABLE"],
    ["28000", "AUTHENTICATION_FAILED"],
    ["42501", "POSTGRES_FORBIDDEN"],
    ["2BP01", "POSTGRES_ROLE_IN_USE"],
    ["42883", "POSTGRES_NOT_ENTRA"],
    ["22023", "POSTGRES_REJECTED"],
  ])("takes SQLSTATE %s for %s", async (state, code) => {
    fixture.faults.add({ wire: "postgres", operation: "mooring: *", effect: { kind: "error", code: state } });

    await expect(makeRole()).rejects.toMatchObject({ code });
  });
});
