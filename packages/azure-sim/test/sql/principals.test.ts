import { randomUUID } from "node:crypto";
/** Users, roles, schemas and permissions: Azure SQL's answers by error number, over the wire, as various identities. */
import type { ConnectionPool } from "mssql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { sidFromClientId } from "../../../../src/domain/naming/sid.ts";
import { clientIdOf } from "../../../../test/support/ids.ts";
import { databaseName, type SqlSandbox, startSqlSandbox } from "../../../../test/support/sql.ts";
import type { ServicePrincipal } from "../../src/world.ts";

let sandbox: SqlSandbox;
let admin: ConnectionPool;
beforeEach(async () => {
  sandbox = await startSqlSandbox();
  admin = await sandbox.connect(sandbox.admin);
});
afterEach(() => sandbox.close());

const run = (text: string, as: ConnectionPool = admin) => as.request().batch(text);
const numberOf = async (text: string, as?: ConnectionPool): Promise<number | undefined> => {
  try {
    await run(text, as);
    return undefined;
  } catch (error) {
    return error instanceof Error ? Number(Reflect.get(error, "number")) : Number.NaN;
  }
};
const user = (name: string) =>
  sandbox.simulator
    .database(databaseName)
    .users()
    .find((each) => each.name === name);

/** Creates an identity with a user in the database, and connects as that user. */
async function connectUser(name: string, setup = ""): Promise<{ principal: ServicePrincipal; pool: ConnectionPool }> {
  const principal = sandbox.addPrincipal(name);
  await run(`CREATE USER [${name}] WITH SID = ${sidFromClientId(clientIdOf(principal.clientId))}, TYPE = E; ${setup}`);
  return { principal, pool: await sandbox.connect(principal) };
}

it("asks whoever may alter a user, but not every user, for the old password", async () => {
  await run("CREATE USER kept WITH PASSWORD = N'first'");
  const { pool } = await connectUser("helper", "GRANT ALTER ON USER::kept TO helper");

  expect(await numberOf("ALTER USER kept WITH PASSWORD = N'second'", pool)).toBe(15151);
  expect(await numberOf("ALTER USER kept WITH PASSWORD = N'second' OLD_PASSWORD = N'wrong'", pool)).toBe(15151);
  expect(await numberOf("ALTER USER kept WITH PASSWORD = N'second' OLD_PASSWORD = N'first'", pool)).toBeUndefined();
  expect(await numberOf("ALTER USER helper WITH PASSWORD = N'any'")).toBe(15151);
});

describe("CREATE USER WITH SID", () => {
  it("accepts any 16 bytes, and refuses what Azure refuses", async () => {
    const sid = `0x${"AB".repeat(16)}`;

    expect(await numberOf(`CREATE USER [a]]b] WITH SID = ${sid}, TYPE = E, DEFAULT_SCHEMA = dbo`)).toBeUndefined();
    expect(user("a]b")).toMatchObject({ sid, type: "E" });

    expect(await numberOf(`CREATE USER [A]]B] WITH SID = 0x${"CD".repeat(16)}, TYPE = E`)).toBe(15023);
    expect(await numberOf(`CREATE USER other WITH SID = ${sid}, TYPE = E`)).toBe(15063);
    expect(await numberOf("CREATE USER c WITH SID = 0x00, TYPE = E")).toBe(15419);
    expect(await numberOf(`CREATE USER c WITH SID = ${sid}`)).toBe(33162);
    expect(await numberOf("CREATE USER c WITH TYPE = E")).toBe(33162);
    expect(await numberOf(`CREATE USER c WITH SID = ${sid}, TYPE = Z`)).toBe(33163);
    expect(await numberOf(`CREATE USER [c\\d] WITH SID = 0x${"CD".repeat(16)}, TYPE = E`)).toBe(33169);
    expect(await numberOf("CREATE USER c FROM EXTERNAL PROVIDER WITH TYPE = E")).toBe(33168);
    expect(await numberOf(`CREATE USER c WITHOUT LOGIN WITH SID = ${sid}`)).toBe(33170);
    expect(await numberOf("CREATE USER c")).toBe(102);
    expect(await numberOf(`CREATE USER [${"x".repeat(129)}] WITHOUT LOGIN`)).toBe(103);
    expect(await numberOf("CREATE USER [] WITHOUT LOGIN")).toBe(1038);
  });
});

describe("CREATE USER FROM EXTERNAL PROVIDER", () => {
  it("looks up the display name and uses the client id as SID", async () => {
    const app = sandbox.addPrincipal("orders-api");

    await run("CREATE USER [Orders-API] FROM EXTERNAL PROVIDER");

    expect(user("Orders-API")).toMatchObject({ type: "E", sid: sidFromClientId(clientIdOf(app.clientId)) });
  });

  it("finds the simulated world's managed identities, also by object id and with a suffix", async () => {
    const [clientId, principalId] = [randomUUID(), randomUUID()];
    sandbox.world.identities.set("/id", {
      id: "/id",
      name: "id-shop",
      subscriptionId: sandbox.world.subscriptionId,
      resourceGroup: "nodes",
      location: "westeurope",
      tags: {},
      clientId,
      principalId,
      createdAt: new Date(),
      federatedCredentials: new Map(),
    });

    await run(`CREATE USER [id-shop-2] FROM EXTERNAL PROVIDER WITH OBJECT_ID = '${principalId}'`);

    expect(user("id-shop-2")).toMatchObject({ sid: sidFromClientId(clientIdOf(clientId)) });
    expect(await numberOf(`CREATE USER [other] FROM EXTERNAL PROVIDER WITH OBJECT_ID = '${principalId}'`)).toBe(37545);
    expect(await numberOf(`CREATE USER [id-shop] FROM EXTERNAL PROVIDER WITH OBJECT_ID = '${clientId}'`)).toBe(37545);
  });

  it("says which of the three ways the look-up failed", async () => {
    sandbox.addPrincipal("twin");
    sandbox.addPrincipal("twin");

    expect(await numberOf("CREATE USER [nobody] FROM EXTERNAL PROVIDER")).toBe(33130);
    expect(await numberOf("CREATE USER [twin] FROM EXTERNAL PROVIDER")).toBe(33131);
    const server = sandbox.world.sqlServers.get("sql-dev");
    if (server) server.canReadDirectory = false;
    expect(await numberOf("CREATE USER [mooring] FROM EXTERNAL PROVIDER")).toBe(33134);
  });
});

describe("roles, schemas and what depends on a user", () => {
  it("are dropped with the user, except a schema, which prevents the drop", async () => {
    await run("CREATE USER u WITHOUT LOGIN; CREATE ROLE r; ALTER ROLE r ADD MEMBER u; GRANT EXECUTE, SELECT TO u");
    await run("EXEC sp_addextendedproperty N'k', N'v', N'USER', N'u'");
    await run("CREATE SCHEMA s AUTHORIZATION u");

    expect(await numberOf("DROP USER u")).toBe(15138);
    await run("ALTER AUTHORIZATION ON SCHEMA::s TO dbo");
    await run("DROP USER u");

    const left = await run(`
      SELECT COUNT(*) AS n FROM sys.database_role_members;
      SELECT COUNT(*) AS n FROM sys.extended_properties;
      SELECT COUNT(*) AS n FROM sys.database_permissions WHERE permission_name <> 'CONNECT';
      SELECT principal_id FROM sys.schemas WHERE name = 's'`);
    expect(left.recordsets).toEqual([[{ n: 0 }], [{ n: 0 }], [{ n: 0 }], [{ principal_id: 1 }]]);
  });

  it("give error 15151 when missing, with a text that names the attempt", async () => {
    await run("CREATE USER u WITHOUT LOGIN; CREATE ROLE r");
    const failing = [
      ["ALTER ROLE nope ADD MEMBER u", "Cannot alter the role 'nope'"],
      ["ALTER ROLE r ADD MEMBER nope", "Cannot add the principal 'nope'"],
      ["ALTER ROLE r DROP MEMBER nope", "Cannot drop the principal 'nope'"],
      ["DROP USER nope", "Cannot drop the user 'nope'"],
      ["DROP USER r", "Cannot drop the user 'r'"],
      ["DROP ROLE u", "Cannot drop the role 'u'"],
      ["ALTER AUTHORIZATION ON SCHEMA::nope TO u", "Cannot find the schema 'nope'"],
      ["GRANT EXECUTE TO nope", "Cannot find the user 'nope'"],
    ];

    for (const [text = "", start] of failing) {
      await expect(run(text)).rejects.toMatchObject({
        number: 15151,
        message: `${start}, because it does not exist or you do not have permission.`,
      });
    }
    await expect(
      run("DROP USER IF EXISTS nope; DROP ROLE IF EXISTS nope; DROP SCHEMA IF EXISTS nope"),
    ).resolves.toBeDefined();
  });

  it("cannot be changed when built in or in use", async () => {
    await run(
      "CREATE USER u WITHOUT LOGIN; CREATE ROLE r; ALTER ROLE r ADD MEMBER u; CREATE ROLE owned AUTHORIZATION u",
    );

    expect(await numberOf("DROP USER dbo")).toBe(15150);
    expect(await numberOf("DROP ROLE db_owner")).toBe(15150);
    expect(await numberOf("DROP ROLE r")).toBe(15144);
    expect(await numberOf("DROP USER u")).toBe(15421);
    expect(await numberOf("ALTER ROLE public ADD MEMBER u")).toBe(15405);
    expect(await numberOf("ALTER ROLE r ADD MEMBER dbo")).toBe(15405);
    expect(await numberOf("ALTER ROLE r ADD MEMBER r")).toBe(15413);
    expect(await numberOf("GRANT EXECUTE TO dbo")).toBe(4624);
    expect(await numberOf("SELECT 2 AS n; CREATE SCHEMA s")).toBe(111);
    expect(await numberOf("ALTER ROLE r DROP MEMBER u; ALTER ROLE r DROP MEMBER u; DROP ROLE r")).toBeUndefined();
  });

  it("keep their properties when the documented fixes are run: ALTER USER, ALTER AUTHORIZATION", async () => {
    await run(
      "CREATE USER renamed WITHOUT LOGIN; CREATE USER other WITHOUT LOGIN; CREATE ROLE owned AUTHORIZATION renamed",
    );
    await run(
      "ALTER ROLE db_datareader ADD MEMBER renamed; EXEC sp_addextendedproperty N'k', N'v', N'USER', N'renamed'",
    );
    const sid = user("renamed")?.sid;

    await run("ALTER USER [renamed] WITH NAME = [expected]");
    await run("ALTER AUTHORIZATION ON ROLE::[owned] TO [dbo]");

    expect(user("expected")).toMatchObject({ sid, roles: ["db_datareader"], properties: { k: "v" } });
    expect(user("renamed")).toBeUndefined();
    expect(await numberOf("ALTER USER other WITH NAME = expected")).toBe(15023);
    expect(await numberOf("ALTER USER other WITH NAME = Other, DEFAULT_SCHEMA = dbo")).toBeUndefined();
    expect(await numberOf("ALTER USER nope WITH NAME = x")).toBe(15151);
    expect(await numberOf("ALTER USER owned WITH NAME = x")).toBe(15151);
    expect(await numberOf("ALTER USER dbo WITH NAME = x")).toBe(15150);
    expect(await numberOf("ALTER AUTHORIZATION ON ROLE::nope TO dbo")).toBe(15151);
    expect(await numberOf("DROP USER expected")).toBeUndefined();
    const { pool } = await connectUser("powerless");
    expect(await numberOf("ALTER USER other WITH NAME = x", pool)).toBe(15151);
    expect(await numberOf("ALTER AUTHORIZATION ON ROLE::owned TO powerless", pool)).toBe(15151);
  });

  it("can have one extended property of each name, on users only", async () => {
    await run("CREATE USER u WITHOUT LOGIN");
    const level = "@level0type = USER, @level0name = u";

    expect(await numberOf(`EXEC sys.sp_updateextendedproperty @name = N'k', @value = N'v', ${level}`)).toBe(15217);
    expect(await numberOf(`EXEC sys.sp_dropextendedproperty @name = N'k', ${level}`)).toBe(15217);
    expect(await numberOf(`EXEC sys.sp_addextendedproperty @name = N'k', @value = N'v', ${level}`)).toBeUndefined();
    expect(await numberOf(`EXEC sys.sp_addextendedproperty @name = N'K', @value = N'v', ${level}`)).toBe(15233);
    expect(await numberOf("EXEC sp_addextendedproperty N'k', N'v', N'USER', N'nobody'")).toBe(15135);
    expect(await numberOf("EXEC sp_addextendedproperty N'k', N'v', N'ROLE', N'public'")).toBe(15135);
    expect(await numberOf("EXEC sp_addextendedproperty N'k', N'v', @level1type = N'TABLE'")).toBe(8145);
    expect(
      await numberOf(`DECLARE @v nvarchar(max) = N'v'; EXEC sp_addextendedproperty N'm', @v, N'USER', N'u'`),
      "a (max) type does not fit into a sql_variant",
    ).toBe(206);
  });
});

describe("a user's permissions on a table", () => {
  const tables =
    "CREATE TABLE messagelist (id int IDENTITY, message nvarchar(50)); INSERT INTO messagelist VALUES (N'hello');";

  it("are exactly those of its roles", async () => {
    await run(tables);
    const nobody = await connectUser("nobody");
    const reader = await connectUser("reader", "ALTER ROLE db_datareader ADD MEMBER reader");
    const writer = await connectUser("writer", "ALTER ROLE db_datawriter ADD MEMBER writer");
    const owner = await connectUser("owner", "ALTER ROLE db_owner ADD MEMBER owner");
    const attempt = async (pool: ConnectionPool) => ({
      select: await numberOf("SELECT * FROM messagelist", pool),
      insert: await numberOf("INSERT INTO messagelist (message) VALUES ('x')", pool),
      update: await numberOf("UPDATE messagelist SET message = 'y'", pool),
      updateWhere: await numberOf("UPDATE messagelist SET message = 'y' WHERE id = 1", pool),
      delete: await numberOf("DELETE FROM messagelist", pool),
      create: await numberOf("CREATE TABLE other (id int)", pool),
    });
    const [no, yes] = [229, undefined];

    expect(await attempt(nobody.pool)).toEqual({
      select: no,
      insert: no,
      update: no,
      updateWhere: no,
      delete: no,
      create: 262,
    });
    expect(await attempt(reader.pool)).toEqual({
      select: yes,
      insert: no,
      update: no,
      updateWhere: no,
      delete: no,
      create: 262,
    });
    // Comparing a column requires the permission to read it.
    expect(await attempt(writer.pool)).toEqual({
      select: no,
      insert: yes,
      update: yes,
      updateWhere: no,
      delete: yes,
      create: 262,
    });
    expect(await attempt(owner.pool)).toEqual({
      select: yes,
      insert: yes,
      update: yes,
      updateWhere: yes,
      delete: yes,
      create: yes,
    });
  });

  it("are denied with Azure SQL's usual message", async () => {
    await run(tables);
    const { pool } = await connectUser("nobody");

    await expect(run("SELECT * FROM dbo.messagelist", pool)).rejects.toMatchObject({
      number: 229,
      message: "The SELECT permission was denied on the object 'messagelist', database 'orders', schema 'dbo'.",
    });
  });

  it("come from nested roles and grants at every level, and db_denydatareader removes them", async () => {
    await run(
      `${tables} CREATE ROLE a; CREATE ROLE b; ALTER ROLE b ADD MEMBER a; ALTER ROLE db_datareader ADD MEMBER b`,
    );
    const { pool } = await connectUser("u", "ALTER ROLE a ADD MEMBER u");
    const select = () => numberOf("SELECT * FROM messagelist", pool);

    expect(await select()).toBeUndefined();
    await run("ALTER ROLE a DROP MEMBER u");
    expect(await select()).toBe(229);
    for (const scope of ["", "ON SCHEMA::dbo", "ON OBJECT::dbo.messagelist", "ON messagelist"]) {
      await run(`GRANT SELECT ${scope} TO u`);
      expect(await select(), scope).toBeUndefined();
      await run(`REVOKE SELECT ${scope} FROM u`);
      expect(await select(), scope).toBe(229);
    }
    await run("GRANT SELECT TO u; ALTER ROLE db_denydatareader ADD MEMBER u");
    expect(await select()).toBe(229);
  });
});

describe("a user's permissions on other users", () => {
  it("are none at first, and it cannot see those users either", async () => {
    await run("CREATE USER hidden WITHOUT LOGIN; CREATE ROLE r");
    const { pool } = await connectUser("u");

    expect(await numberOf("CREATE USER x WITHOUT LOGIN", pool)).toBe(15247);
    expect(await numberOf("CREATE ROLE x", pool)).toBe(15247);
    expect(await numberOf("DROP USER hidden", pool)).toBe(15151);
    expect(await numberOf("ALTER ROLE r ADD MEMBER u", pool)).toBe(15151);
    expect(await numberOf("GRANT EXECUTE TO hidden", pool)).toBe(4613);
    expect(await numberOf("CREATE SCHEMA s", pool)).toBe(2759);
    expect(await numberOf("EXEC sp_addextendedproperty N'k', N'v', N'USER', N'hidden'", pool)).toBe(15247);
    const { recordset } = await run(
      "SELECT name FROM sys.database_principals WHERE type IN ('E', 'S') AND principal_id > 4",
      pool,
    );
    expect(recordset).toEqual([{ name: "u" }]);
  });

  it("suffice for Mooring with ALTER ANY USER and ALTER on a role, but not for fixed roles", async () => {
    await run("CREATE ROLE messages");
    const { pool } = await connectUser(
      "operator",
      "GRANT ALTER ANY USER TO operator; GRANT ALTER ON ROLE::messages TO operator",
    );

    expect(
      await numberOf(
        `CREATE USER app WITHOUT LOGIN; ALTER ROLE messages ADD MEMBER app;
         EXEC sp_addextendedproperty N'mooring', N'v', N'USER', N'app'`,
        pool,
      ),
    ).toBeUndefined();
    expect(await numberOf("ALTER ROLE db_datareader ADD MEMBER app", pool)).toBe(15151);
    expect(await numberOf("DROP USER app", pool)).toBeUndefined();
  });
});

describe("a batch", () => {
  it("rolls everything back at its first error with XACT_ABORT; without it, the transaction stays open", async () => {
    const batch = "BEGIN TRAN; CREATE USER u WITHOUT LOGIN; ALTER ROLE nope ADD MEMBER u; COMMIT";

    expect(await numberOf(`SET XACT_ABORT ON; ${batch}`)).toBe(15151);
    expect((await run("SELECT @@TRANCOUNT AS n")).recordset).toEqual([{ n: 0 }]);
    expect(user("u")).toBeUndefined();

    expect(await numberOf(`SET XACT_ABORT OFF; ${batch}`)).toBe(15151);
    expect((await run("SELECT @@TRANCOUNT AS n, USER_ID('u') AS id")).recordset).toEqual([
      { n: 1, id: expect.any(Number) },
    ]);
    await run("ROLLBACK");
    expect(user("u")).toBeUndefined();
  });

  it("counts nested transactions, and only the outermost commits", async () => {
    await run("BEGIN TRAN; BEGIN TRANSACTION; CREATE USER u WITHOUT LOGIN; COMMIT");
    expect(user("u")).toBeUndefined();
    await run("COMMIT TRAN");
    expect(user("u")).toBeDefined();

    expect(await numberOf("COMMIT")).toBe(3902);
    expect(await numberOf("ROLLBACK")).toBe(3903);
  });
});
