/** What a workload can still open on a real PostgreSQL after its access was revoked, whatever it did before to keep it. */
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { hasPostgres, type PostgresFixture, startFixture } from "azure-sim/testing/postgres";
import type { ServicePrincipal } from "azure-sim/world";
import type { Client, ClientConfig } from "pg";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createPostgres } from "../../../src/adapters/postgres/index.ts";
import { IdentityPair } from "../../../src/domain/naming/identityPair.ts";
import { postgresHeirName, postgresRoleName } from "../../../src/domain/naming/names.ts";
import type { PostgresPlace, PostgresWord } from "../../../src/domain/targets/postgres.ts";
import type { PostgresRoles } from "../../../src/ports/postgres.ts";
import { askToGive } from "../../../src/resources/definitions/permit.ts";
import type { Decision } from "../../../src/resources/definitions/targetFamily.ts";
import { tidy } from "../../../src/resources/definitions/tidying.ts";
import { planGrant } from "../../../src/resources/target/postgres/grant.ts";
import { planRevocation } from "../../../src/resources/target/postgres/revocation.ts";
import { catalog, createFakeCloud } from "../../support/fakeCloud.ts";

describe.runIf(hasPostgres("revoking on PostgreSQL"))("revoking on PostgreSQL", () => {
  let fixture: PostgresFixture;
  let postgres: PostgresRoles;
  let place: PostgresPlace;
  let app: ServicePrincipal;
  let identity: IdentityPair;
  let namespace = 0;
  const clients: Client[] = [];
  const namespaceRef = () => ({ cluster: "aks-dev", namespace: `team-${namespace}` });
  const role = () => postgresRoleName(namespaceRef());

  beforeAll(async () => {
    fixture = await startFixture();
    setDefaultCACertificates([...getCACertificates("default"), fixture.tls.certificate]);
    const getToken = async () => ({
      token: await fixture.tokenOf(fixture.mooring),
      expiresOnTimestamp: Date.now() + 3_600_000,
    });
    postgres = createPostgres({ credential: { getToken }, timeoutMs: 10_000 });
    place = {
      kind: "postgresql",
      resourceId: "/subscriptions/s/resourceGroups/g/providers/Microsoft.DBforPostgreSQL/flexibleServers/pg-dev",
      ...{ host: "localhost", port: fixture.simulator.port, login: "mooring", database: "orders", schema: "sales" },
    };
    await sql(`SET ROLE azure_pg_admin; CREATE TABLE public.private (x text); INSERT INTO public.private VALUES ('secret');
      CREATE TABLE sales.orders (id serial PRIMARY KEY, what text)`);
  });
  beforeEach(() => {
    namespace += 1;
    app = fixture.addPrincipal(`team-${namespace}`);
    identity = IdentityPair.parse(app);
  });
  afterEach(async () => {
    fixture.faults.clear();
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined)));
  });
  afterAll(() => fixture?.simulator.close());

  const sql = (text: string, database = "orders") => fixture.simulator.runScript(database, text);

  async function logIn(database = "orders", options: ClientConfig = {}): Promise<Client> {
    const client = await fixture.logIn(role(), await fixture.tokenOf(app), { database, ...options });
    clients.push(client);
    return client;
  }

  const judge = async () => "ours" as const;
  const about = () => ({ namespaceRef: namespaceRef(), target: "ledger", recordedMark: async () => undefined, judge });
  const ports = () => {
    const { registry, identities } = createFakeCloud().ports;
    const known: typeof identities = { ...identities, get: async () => identity as never };
    return { postgres, catalog, registry, identities: known };
  };

  async function act({ conflict, writes, tidying = [] }: Decision): Promise<readonly string[]> {
    expect(conflict).toBeUndefined();
    for (const write of writes) await write();
    return await tidy(tidying);
  }

  async function give(...access: readonly PostgresWord[]): Promise<Decision> {
    const asking = { ...namespaceRef(), operation: "op-1", wanted: { databases: [] }, isRepair: false, isPlan: false };
    const permit = await askToGive(ports(), asking);
    const granting = {
      permit,
      isFirst: false,
      operation: "op-1",
      access,
      adoptionPolicy: "Never",
      identity,
      revokesSurplus: true,
    } as const;
    const decision = await planGrant(ports(), place, { ...about(), ...granting });
    expect(await act(decision)).toEqual([]);
    return decision;
  }

  const plan = (keep: readonly PostgresWord[] = [], more: object = {}) =>
    planRevocation(ports(), place, { ...about(), keep, keepsResource: keep.length > 0, ...more });
  const revoke = async (...keep: readonly PostgresWord[]) => await act(await plan(keep));
  const forbidden = { code: "42501" };

  /** Who owns what in the schema. */
  const ownersOf = async (...things: readonly string[]) =>
    (
      await sql(
        `SELECT name, owner FROM (SELECT relname::text AS name, pg_get_userbyid(relowner)::text AS owner FROM pg_class
         UNION ALL SELECT proname::text, pg_get_userbyid(proowner)::text FROM pg_proc) AS each
         WHERE name IN (${things.map((each) => `'${each}'`).join(", ")}) ORDER BY name`,
      )
    ).map(({ name, owner }) => `${name}: ${owner}`);

  describe.each(["read", "nothing"] as const)("down to %s, after own", (left) => {
    const narrow = () => revoke(...(left === "read" ? (["read"] as const) : []));
    const another = async (): Promise<Client> => {
      if (left === "read") return await logIn();
      // Another namespace, which may read the schema.
      namespace += 1;
      app = fixture.addPrincipal(`team-${namespace}`);
      identity = IdentityPair.parse(app);
      await give("read");
      return await logIn();
    };

    it("runs no code of the workload with rights of a stronger role", async () => {
      await give("own");
      const own = role();
      const heir = postgresHeirName(own);
      const client = await logIn();
      await client.query(`
        CREATE FUNCTION sales.sneak(q text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER AS
          $$DECLARE found text; BEGIN EXECUTE q INTO found; RETURN current_user || found; END$$;
        CREATE FUNCTION sales.look() RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS
          $$BEGIN RETURN current_user IS NOT NULL; END$$;
        CREATE PROCEDURE sales.act() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM public.private';
        CREATE AGGREGATE sales.agg(text) (SFUNC = textcat, STYPE = text);
        CREATE AGGREGATE sales.agg_of_none(*) (SFUNC = int8inc, STYPE = int8, INITCOND = '0');
        CREATE OPERATOR sales.@@@ (LEFTARG = text, RIGHTARG = text, FUNCTION = textcat);
        CREATE VIEW sales.window_${namespace} AS SELECT x FROM public.private;
        CREATE TABLE sales.plain_${namespace} (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY, what text);
        CREATE TYPE sales.mood_${namespace} AS ENUM ('ok');
        CREATE TABLE sales.moody_${namespace} (m sales.mood_${namespace}, all_of sales.mood_${namespace}[]);
        CREATE DOMAIN sales.checked_${namespace} AS text CHECK (sales.look());
        CREATE TABLE sales.typed_${namespace} (d sales.checked_${namespace});
        CREATE TABLE sales.indexed_${namespace} (what text);
        CREATE INDEX ON sales.indexed_${namespace} ((sales.look()));
        CREATE TABLE sales.constrained_${namespace} (what text CHECK (sales.look()));
        CREATE TABLE sales.defaulted_${namespace} (what text DEFAULT sales.look()::text);
        CREATE TABLE sales.generated_${namespace} (what text, g boolean GENERATED ALWAYS AS (sales.look()) STORED);
        CREATE TABLE sales.ruled_${namespace} (what text);
        CREATE RULE r AS ON INSERT TO sales.ruled_${namespace} DO ALSO DELETE FROM public.private;
        CREATE TABLE sales.guarded_${namespace} (what text);
        CREATE POLICY p ON sales.guarded_${namespace} USING (true);
        CREATE TABLE sales.counted_${namespace} (a text, b text);
        CREATE STATISTICS sales.counts_${namespace} ON (sales.look()::text), b FROM sales.counted_${namespace};
        CREATE TYPE sales.span_${namespace} AS RANGE (SUBTYPE = int);
        CREATE SEQUENCE sales.loose_${namespace};
        ALTER DEFAULT PRIVILEGES IN SCHEMA sales GRANT SELECT ON TABLES TO PUBLIC;
        GRANT ALL ON sales.window_${namespace}, sales.plain_${namespace} TO PUBLIC;
        CREATE MATERIALIZED VIEW sales.stored_${namespace} AS SELECT 1 AS one;
        GRANT SELECT ON sales.window_${namespace} TO mooring`);
      const made = namespace;

      const stays = await narrow();

      expect(stays.join()).toContain(heir);
      expect(stays.join()).toContain("sales.sneak(text)");
      const of = (name: string) => `${name}_${made}`;
      const coded = "window typed indexed constrained defaulted generated ruled guarded counted stored"
        .split(" ")
        .map(of);
      const plain = "plain moody loose".split(" ").map(of);
      const code = ["sneak", "look", "act", "agg", "agg_of_none"];
      expect(await ownersOf(...coded, ...code)).toEqual(
        [...coded, ...code].toSorted().map((each) => `${each}: ${heir}`),
      );
      expect(await ownersOf(...plain, `plain_${made}_id_seq`, `plain_${made}_n_seq`)).toEqual(
        [...plain, `plain_${made}_id_seq`, `plain_${made}_n_seq`].toSorted().map((each) => `${each}: azure_pg_admin`),
      );
      const client2 = await another();
      await expect(client2.query("SELECT sales.sneak('SELECT x FROM public.private')")).rejects.toMatchObject(
        forbidden,
      );
      await expect(client2.query("CALL sales.act()")).rejects.toMatchObject(forbidden);
      await client2.query(`SELECT * FROM sales.plain_${made}`);
      await expect(client2.query(`SELECT * FROM sales.window_${made}`)).rejects.toMatchObject(forbidden);
      await expect(client2.query(`INSERT INTO sales.plain_${made} VALUES (1)`)).rejects.toMatchObject(forbidden);
      // Nobody can act as the heir, and it may do nothing.
      const members = `SELECT m.member::regrole::text AS member, inherit_option, set_option FROM pg_auth_members AS m
        WHERE m.roleid = '"${heir}"'::regrole AND m.grantor <> 10`;
      expect(await sql(members)).toEqual([]);
      const rights = `SELECT has_schema_privilege('${heir}', 'sales', 'CREATE') AS creates, has_table_privilege('${heir}', 'public.private', 'SELECT') AS reads`;
      expect(await sql(rights)).toEqual([{ creates: false, reads: false }]);
      await sql(`DROP OWNED BY "${heir}" CASCADE`);
      if (left === "nothing") expect(await sql(`SELECT FROM pg_roles WHERE rolname = '${own}'`)).toEqual([]);
      namespace = made;
      expect(await act(await plan(left === "read" ? ["read"] : [], { triesAgain: true }))).toEqual([]);
      expect(await sql(`SELECT FROM pg_roles WHERE rolname = '${heir}'`)).toEqual([]);
    });

    it("waits for no transaction of the workload", async () => {
      await give("own");
      const client = await logIn();
      const table = `sales.held_${namespace}`;
      await client.query(`CREATE TABLE ${table} (what text)`);
      await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);

      expect(await narrow()).toEqual([]);

      await expect(client.query(`SELECT * FROM ${table}`)).rejects.toThrow();
      expect(await ownersOf(`held_${namespace}`)).toEqual([`held_${namespace}: azure_pg_admin`]);
      if (left === "nothing") await expect(logIn()).rejects.toMatchObject({ code: "28P01" });
      else await expect((await logIn()).query(`DROP TABLE ${table}`)).rejects.toMatchObject(forbidden);
    });

    it("names whoever else holds a lock", async () => {
      await give("own");
      const table = `sales.dumped_${namespace}`;
      await (await logIn()).query(`CREATE TABLE ${table} (what text); GRANT SELECT ON ${table} TO azure_pg_admin`);
      const dba = await fixture.logIn("mooring", await fixture.tokenOf(fixture.mooring), {
        application_name: "pg_dump",
      });
      clients.push(dba);
      await dba.query(`BEGIN; SELECT * FROM ${table}`);

      if (left === "read")
        await expect(narrow()).rejects.toThrow(/session \d+ of mooring \(pg_dump\) holds a lock on sales/);
      else {
        expect((await narrow()).join()).toMatch(/session \d+ of mooring \(pg_dump\) holds a lock on sales/);
        await expect(logIn()).rejects.toMatchObject({ code: "28000" });
      }
      await dba.query("COMMIT");
      expect(await narrow()).toEqual([]);
    });
  });

  it("gives no table to a stronger role that gets code while it is handed over", async () => {
    await give("own");
    const client = await logIn();
    const table = `quick_${namespace}`;
    await client.query(`CREATE TABLE sales.${table} (what text);
      CREATE FUNCTION sales.late_${namespace}() RETURNS text LANGUAGE sql AS 'SELECT current_user::text'`);
    const operation = "mooring: hand over what the role owns";
    fixture.faults.add({ wire: "postgres", operation, skip: 1, effect: { kind: "delay", ms: 1_500 } });

    const handing = postgres.handOver(place, role());
    const refused = expect(handing).rejects.toMatchObject({ code: "POSTGRES_UNAVAILABLE" });
    await expect.poll(() => fixture.faults.active.map(({ hits }) => hits)).toEqual([1]);
    await client.query(`ALTER TABLE sales.${table} ALTER what SET DEFAULT sales.late_${namespace}()`);

    await refused;
    await postgres.handOver(place, role());
    expect(await ownersOf(table)).toEqual([`${table}: ${postgresHeirName(role())}`]);
    await sql(`DROP OWNED BY "${postgresHeirName(role())}" CASCADE`);
    expect(await revoke()).toEqual([]);
  });

  it.each([["read"], ["write"], ["own"]] as const)(
    "is not vetoed by what a role with %s makes elsewhere",
    async (word) => {
      await give(word);
      const client = await logIn("postgres");
      await client.query("SELECT lo_create(0)");
      const reader = await logIn();
      await reader.query("SELECT * FROM sales.orders");
      const decision = await plan();
      expect(decision.stays?.join()).toContain("also has something in postgres");

      const stays = await act(decision);

      expect(stays.join()).toMatch(/large object|in database postgres|1 object/);
      await expect(reader.query("SELECT * FROM sales.orders")).rejects.toThrow();
      await expect(logIn()).rejects.toMatchObject({ code: "28000" });
      await expect(logIn("postgres")).rejects.toMatchObject({ code: "28000" });
      const held = `SELECT FROM pg_class, aclexplode(relacl) AS a WHERE a.grantee = '"${role()}"'::regrole`;
      expect(await sql(held)).toEqual([]);

      // The namespace asks again, and gives it up again: nothing is in the way.
      expect((await give("read")).differences).toContainEqual({ field: "LOGIN", current: null, desired: "granted" });
      await (await logIn()).query("SELECT * FROM sales.orders");
      expect((await revoke()).length).toBe(1);
      await expect(logIn()).rejects.toMatchObject({ code: "28000" });

      // The watch finds nothing to do, until somebody has tidied up.
      expect((await act(await plan([], { triesAgain: true }))).length).toBe(1);
      await sql(`DROP OWNED BY "${role()}"`, "postgres");
      expect(await act(await plan([], { triesAgain: true }))).toEqual([]);
      expect(await sql(`SELECT FROM pg_roles WHERE rolname = '${role()}'`)).toEqual([]);
    },
  );

  it("leaves out, and names, what belongs to an owner for whom it may not act", async () => {
    await sql("CREATE ROLE dba; CREATE TABLE sales.theirs (x text); ALTER TABLE sales.theirs OWNER TO dba");
    const { notices } = await give("read");
    expect(notices?.map(({ message }) => message).join()).toContain("dba");
    const client = await logIn();
    await client.query("SELECT * FROM sales.orders");
    await expect(client.query("SELECT * FROM sales.theirs")).rejects.toMatchObject(forbidden);
    expect((await give("read")).action).toBe("create");
    expect(await revoke()).toEqual([]);
    await sql("DROP TABLE sales.theirs; DROP ROLE dba");
  });

  it("says what stays after somebody else got a table, and shuts the role where all of it goes", async () => {
    await give("write");
    await sql(`CREATE ROLE dba; CREATE TABLE sales.moved (x text); GRANT SELECT ON sales.moved TO "${role()}";
      ALTER TABLE sales.moved OWNER TO dba`);
    // Something else on the server stays.
    const kept = { keepsResource: true };
    await postgres.amendNotes(place, { role: role(), base: undefined, add: { "other/public CONNECT": "op-1" } });

    await expect(plan([], kept).then(act)).rejects.toMatchObject({
      code: "POSTGRES_FORBIDDEN",
      message: expect.stringContaining("SELECT on moved, which belongs to dba"),
    });
    await postgres.amendNotes(place, { role: role(), base: undefined, remove: ["other/public CONNECT"] });
    expect((await revoke()).join()).toContain("moved");
    await expect(logIn()).rejects.toMatchObject({ code: "28000" });
    await sql("DROP TABLE sales.moved; DROP ROLE dba");
    expect(await revoke()).toEqual([]);
  });

  it("forgets a password that the workload gave its role, each time that it touches the role", async () => {
    await give("read");
    const hasPassword = async () =>
      (await sql(`SELECT rolpassword IS NOT NULL AS is FROM pg_authid WHERE rolname = '${role()}'`))[0]?.["is"];
    await (await logIn()).query(`ALTER ROLE "${role()}" PASSWORD 'kept'`);
    expect(await hasPassword()).toBe(true);
    await give("write");
    expect(await hasPassword()).toBe(false);
    await (await logIn()).query(`ALTER ROLE "${role()}" PASSWORD 'kept'`);
    await sql(`REVOKE SELECT ON sales.orders FROM "${role()}"`);
    await give("write");
    expect(await hasPassword()).toBe(false);
    expect(await revoke()).toEqual([]);
  });
});
