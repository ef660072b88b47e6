import { generateKeyPair } from "jose";
import sql from "mssql";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sidFromClientId } from "../../../../src/domain/naming/sid.ts";
import { clientIdOf } from "../../../../test/support/ids.ts";
import { databaseName, type SqlSandbox, startSqlSandbox } from "../../../../test/support/sql.ts";

let sandbox: SqlSandbox;
beforeAll(async () => {
  sandbox = await startSqlSandbox();
});
afterAll(() => sandbox.close());

const database = () => sandbox.simulator.database(databaseName);
const refused = { code: "ELOGIN", message: "Login failed for user '<token-identified principal>'." };

async function logInWith(token: string, name = databaseName): Promise<sql.ConnectionPool> {
  const pool = new sql.ConnectionPool({
    server: "localhost",
    port: sandbox.simulator.port,
    database: name,
    options: { encrypt: true, maxRetriesOnTransientErrors: 0 },
    authentication: { type: "azure-active-directory-access-token", options: { token } },
    // Its SELECT 1 would make the pool log in again when a connection has lost its user.
    validateConnection: false,
  });
  pool.on("error", () => undefined);
  return pool.connect();
}

describe("a token", () => {
  it("is accepted with and without a slash at the end of its audience", async () => {
    const pool = await logInWith(await sandbox.token(sandbox.admin, { aud: "https://database.windows.net" }));

    expect(pool.connected).toBe(true);
    await pool.close();
  });

  it("is refused when any part of it is wrong", async () => {
    const seconds = Math.floor(Date.now() / 1000);
    const { privateKey } = await generateKeyPair("RS256");
    const wrong = [
      { aud: "https://management.azure.com/" },
      { tid: "00000000-0000-0000-0000-000000000000" },
      { exp: seconds - 1 },
      { nbf: seconds + 60 },
      { privateKey },
    ];

    for (const claims of wrong) {
      await expect(logInWith(await sandbox.token(sandbox.admin, claims))).rejects.toMatchObject(refused);
    }
    await expect(logInWith("no token at all")).rejects.toMatchObject(refused);
  });

  it("expires by the simulated world's clock", async () => {
    let time = Date.now();
    const other = await startSqlSandbox({ now: () => new Date(time) });
    const pool = await other.connect(other.admin);
    time += 3_601_000;
    await expect(pool.close().then(() => pool.connect())).rejects.toMatchObject(refused);
    await other.close();
  });
});

describe("a database", () => {
  it("that does not exist on the server is error 4060", async () => {
    const numbers: number[] = [];
    const pool = new sql.ConnectionPool({
      server: "localhost",
      port: sandbox.simulator.port,
      database: "nowhere",
      options: { encrypt: true, maxRetriesOnTransientErrors: 0 },
      authentication: {
        type: "azure-active-directory-access-token",
        options: { token: await sandbox.token(sandbox.admin) },
      },
      beforeConnect: (connection) => {
        connection.on("errorMessage", ({ number }: { number: number }) => numbers.push(number));
      },
    });

    await expect(pool.connect()).rejects.toThrow();
    // As SQL Server, which says both.
    expect(numbers).toEqual([4060, 18456]);
  });

  it("defaults to master, where only the administrator can log in", async () => {
    const pool = await logInWith(await sandbox.token(sandbox.admin), "");
    const { recordset } = await pool.request().query("SELECT DB_NAME() AS name, USER_NAME() AS who");
    await pool.close();

    expect(recordset).toEqual([{ name: "master", who: "dbo" }]);
    const app = sandbox.addPrincipal("app-without-database");
    await expect(logInWith(await sandbox.token(app), "")).rejects.toMatchObject(refused);
  });

  it("is empty again after the world drops and recreates it", async () => {
    const databases = sandbox.world.sqlServers.get("sql-dev")?.databases ?? new Set();
    databases.add("short");
    await sandbox.simulator.database("short").runScript("CREATE TABLE t (id int)");
    databases.delete("short");
    expect(() => sandbox.simulator.database("short")).toThrow('SQL server "sql-dev" has no database "short"');
    databases.add("short");

    await expect(sandbox.simulator.database("SHORT").runScript("SELECT * FROM t")).rejects.toMatchObject({
      number: 208,
    });
  });
});

describe("an identity that is not the administrator", () => {
  it("logs in as the user whose SID is its client id", async () => {
    const app = sandbox.addPrincipal("app-by-client-id");
    await database().runScript(
      `CREATE USER [whatever name] WITH SID = ${sidFromClientId(clientIdOf(app.clientId))}, TYPE = E`,
    );

    const pool = await sandbox.connect(app);

    const { recordset } = await pool.request().query("SELECT USER_NAME() AS who, IS_MEMBER('db_owner') AS isOwner");
    expect(recordset).toEqual([{ who: "whatever name", isOwner: 0 }]);
  });

  it("cannot log in when its user has the object id as SID, a common mistake", async () => {
    const app = sandbox.addPrincipal("app-by-object-id");
    await database().runScript(
      `CREATE USER wrong WITH SID = ${sidFromClientId(clientIdOf(app.principalId))}, TYPE = E`,
    );

    await expect(logInWith(await sandbox.token(app))).rejects.toMatchObject(refused);
  });

  it("cannot log in as a group, without CONNECT, or after its user was dropped", async () => {
    const app = sandbox.addPrincipal("app-refused");
    const sid = sidFromClientId(clientIdOf(app.clientId));
    const logIn = async () => {
      const pool = await logInWith(await sandbox.token(app));
      await pool.close();
    };

    await database().runScript(`CREATE USER g WITH SID = ${sid}, TYPE = X`);
    await expect(logIn()).rejects.toMatchObject(refused);
    await database().runScript(`DROP USER g; CREATE USER g WITH SID = ${sid}, TYPE = E`);
    await expect(logIn()).resolves.toBeUndefined();
    await database().runScript("REVOKE CONNECT FROM g");
    await expect(logIn()).rejects.toMatchObject(refused);
    await database().runScript("GRANT CONNECT TO g; DROP USER g");
    await expect(logIn()).rejects.toMatchObject(refused);
  });

  it("can do nothing more on an open connection once its user is dropped", async () => {
    const app = sandbox.addPrincipal("app-dropped");
    await database().runScript(`CREATE USER d WITH SID = ${sidFromClientId(clientIdOf(app.clientId))}, TYPE = E`);
    const pool = await logInWith(await sandbox.token(app));
    await pool.request().query("SELECT DB_NAME() AS name");

    await database().runScript("DROP USER d");

    await expect(pool.request().query("SELECT DB_NAME() AS name")).rejects.toMatchObject({ number: 916 });
    await pool.close();
  });
});

describe("a user name and a password", () => {
  const connect = (port: number, password: string) =>
    new sql.ConnectionPool({
      server: "localhost",
      port,
      database: databaseName,
      user: "sa",
      password,
      options: { encrypt: true },
    }).connect();

  it("are refused", async () => {
    await expect(connect(sandbox.simulator.port, "secret")).rejects.toMatchObject({
      code: "ELOGIN",
      message: "Login failed for user 'sa'.",
    });
  });

  it("are accepted only when a test has set them up, and cannot create users from the directory", async () => {
    const other = await startSqlSandbox({ sqlLogins: { sa: "pässwörd" } });
    const pool = await connect(other.simulator.port, "pässwörd");

    await expect(pool.request().query("CREATE USER [mooring] FROM EXTERNAL PROVIDER")).rejects.toMatchObject({
      number: 33159,
    });
    await expect(connect(other.simulator.port, "wrong")).rejects.toMatchObject({ code: "ELOGIN" });
    await pool.close();
    await other.close();
  });
});
