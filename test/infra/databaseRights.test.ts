/**
 * What someone with Mooring's token can and cannot do in a database in which infra/sql/database-user.sql was run. docs/security.md
 * says the same in words.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { databaseName, type SqlSandbox, startSqlSandbox } from "azure-sim/testing/sql";
import type { ServicePrincipal } from "azure-sim/world";
import sql, { type ConnectionPool } from "mssql";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDatabases } from "../../src/adapters/sql/index.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import { ownRoles } from "../../src/domain/targets/databaseRoles.ts";
import { ownRights } from "../../src/resources/target/sqlDatabase/ownRights.ts";
import { statementsFor } from "../../tools/azure/grantDatabase.ts";
import { clientIdOf } from "../support/ids.ts";

const script = await readFile(join(import.meta.dirname, "../../infra/sql/database-user.sql"), "utf8");

let sandbox: SqlSandbox;
let mooring: ServicePrincipal;
let pool: ConnectionPool;
let made = 0;

beforeAll(async () => {
  sandbox = await startSqlSandbox();
  mooring = sandbox.addPrincipal("mooring-service");
  await asOwner(`${script.replaceAll("[mooring]", `[${mooring.displayName}]`)}
    CREATE TABLE stock (id int); INSERT INTO stock VALUES (1); CREATE ROLE theirs; CREATE USER people WITHOUT LOGIN;`);
  await asOwner("CREATE SCHEMA shop");
  pool = await sandbox.connect(mooring);
});
afterAll(() => sandbox?.close());

const asOwner = (text: string) => sandbox.simulator.database(databaseName).runScript(text);
const asMooring = (text: string) => pool.request().batch(text);
const me = () => `[${mooring.displayName}]`;

it("is the same script as the one that Mooring prints when a right is missing, and may run twice", async () => {
  const statements = script.split("\n").filter((line) => line !== "" && !line.startsWith("--"));

  expect(new Set(statements)).toEqual(
    new Set(["CREATE USER [mooring] FROM EXTERNAL PROVIDER;", ...ownRights("mooring")]),
  );
  const { rest } = await statementsFor({ name: mooring.displayName, clientId: mooring.clientId });
  await asOwner(rest);
});

describe("where the server accepts passwords, a thief", () => {
  const opened: ConnectionPool[] = [];
  afterEach(async () => {
    sandbox.world.sqlServers.set("sql-dev", { ...server(), isEntraOnly: false });
    for (const each of opened.splice(0)) await each.close();
  });
  const server = () => {
    const found = sandbox.world.sqlServers.get("sql-dev");
    if (!found) throw new Error("there is no server");
    return found;
  };
  async function logIn(user: string, password: string) {
    const { port } = sandbox.simulator;
    const options = { encrypt: true, trustServerCertificate: false };
    const made = new sql.ConnectionPool({ server: "localhost", port, user, password, database: databaseName, options });
    opened.push(made);
    await made.connect();
    return made;
  }

  it("makes a user who stays when the token has expired, and reads as that", async () => {
    await asMooring("CREATE USER stayer WITH PASSWORD = N'of the thief'; ALTER ROLE mooring_reader ADD MEMBER stayer");

    const { recordset } = await (await logIn("stayer", "of the thief")).request().query("SELECT id FROM stock");

    expect(recordset).toEqual([{ id: 1 }]);
    await asMooring("DROP USER stayer");
  });

  it("sets the password of a user, an owner of the database, too, and becomes that", async () => {
    await asOwner("CREATE USER theirs_to_be WITH PASSWORD = N'theirs'; ALTER ROLE db_owner ADD MEMBER theirs_to_be");

    await asMooring("ALTER USER theirs_to_be WITH PASSWORD = N'mine'");

    await expect(logIn("theirs_to_be", "theirs")).rejects.toMatchObject({ code: "ELOGIN" });
    const owner = await logIn("theirs_to_be", "mine");
    await owner.request().query("CREATE TABLE mine (id int); DROP TABLE mine");
    await asMooring("DROP USER theirs_to_be");
  });

  it("gets in with neither once the server is Entra-only", async () => {
    await asMooring("CREATE USER stayer WITH PASSWORD = N'of the thief'");
    sandbox.world.sqlServers.set("sql-dev", { ...server(), isEntraOnly: true });

    await expect(logIn("stayer", "of the thief")).rejects.toMatchObject({ code: "ELOGIN" });
    await asMooring("DROP USER stayer");
  });
});

const members = async () => {
  const databases = createDatabases({ credential: sandbox.credential(mooring), connectTimeoutMs: 5_000 });
  const found = await databases.ownRoleMembers({ server: serverTarget(), database: databaseName });
  await databases.close();
  return found.map(({ role, member, isSelf }) => ({ role, member, isSelf }));
};

it("lets Mooring see everybody who has something there", async () => {
  await asOwner(
    "CREATE USER ann WITHOUT LOGIN; ALTER ROLE db_datareader ADD MEMBER ann; CREATE ROLE loose; GRANT SELECT ON SCHEMA::shop TO ann",
  );
  const databases = createDatabases({ credential: sandbox.credential(mooring), connectTimeoutMs: 5_000 });

  const { users, self } = await databases.inspectAll({ server: serverTarget(), database: databaseName });
  await databases.close();

  expect(self).toBe(mooring.displayName);
  const names = users.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(["ann", "people", self]));
  for (const none of ["dbo", "guest", "sys", "INFORMATION_SCHEMA", "public", "loose"])
    expect(names).not.toContain(none);
  expect(users.find(({ name }) => name === "ann")).toMatchObject({
    type: "S",
    roles: ["db_datareader"],
    otherPermissions: ["GRANT SELECT ON SCHEMA shop"],
  });
  await asOwner("DROP USER ann; DROP ROLE loose");
});

it("lets Mooring do all that it does, and see what it needs to", async () => {
  const databases = createDatabases({ credential: sandbox.credential(mooring), connectTimeoutMs: 5_000 });
  const target = { server: serverTarget(), database: databaseName };
  const user = "ours";
  const sid = sidFromClientId(clientIdOf("00000000-0000-4000-8000-00000000000a"));
  await databases.change(target, [
    { kind: "createFromSid", user, sid },
    { kind: "mark", user, mark: "mark" },
    ...ownRoles.map(({ name: role }) => ({ kind: "addRole", user, role }) as const),
  ]);

  const state = await databases.inspect(target, { name: user, sid });

  expect(state).toMatchObject({
    users: [{ name: user, roles: ["mooring_executor", "mooring_reader", "mooring_writer"], mark: "mark" }],
    self: mooring.displayName,
    changeableRoles: ["mooring_executor", "mooring_reader", "mooring_writer"],
    rolePermissions: {
      mooring_executor: ["EXECUTE"],
      mooring_reader: ["SELECT"],
      mooring_writer: ["DELETE", "INSERT", "SELECT", "UPDATE"],
    },
    ...{ mayChangeRoles: false, mayMakeUsers: true, mayGrant: false, seesDefinitions: true },
  });
  await databases.change(target, [
    ...ownRoles.map(({ name: role }) => ({ kind: "removeRole", user, role }) as const),
    { kind: "mark", user, mark: undefined },
    { kind: "drop", user },
  ]);
  expect((await databases.inspect(target, { name: user, sid })).users).toEqual([]);
  await databases.close();
});

function serverTarget() {
  const { port } = sandbox.simulator;
  return { alias: "sql-dev", resourceId: "", host: "localhost", port, userCreation: "sid", databases: {} } as const;
}

const refused: readonly string[] = [
  "SELECT * FROM stock",
  "INSERT INTO stock VALUES (2)",
  "UPDATE stock SET id = 2",
  "DELETE FROM stock",
  "CREATE TABLE mine (id int)",
  "DROP TABLE stock",
  "CREATE SCHEMA mine",
  "DROP SCHEMA shop",
  "CREATE ROLE mine",
  "DROP ROLE mooring_executor",
  "ALTER AUTHORIZATION ON ROLE::mooring_reader TO people",
  "ALTER ROLE theirs ADD MEMBER people",
  "ALTER ROLE db_datareader ADD MEMBER people",
  "ALTER ROLE db_datawriter ADD MEMBER people",
  "ALTER ROLE db_accessadmin ADD MEMBER people",
  "ALTER ROLE db_securityadmin ADD MEMBER people",
  "ALTER ROLE db_ddladmin ADD MEMBER people",
  "ALTER ROLE db_owner ADD MEMBER people",
  "GRANT SELECT TO people",
  "GRANT CONTROL TO mooring_reader",
  "GRANT ALTER ANY ROLE TO people",
  "REVOKE EXECUTE FROM mooring_executor",
  "ALTER USER dbo WITH NAME = nobody",
];

it.each(refused)("refuses: %s", async (text) => {
  await expect(asMooring(text)).rejects.toMatchObject({ code: "EREQUEST" });
});

it("refuses the same with Mooring's own user in it", async () => {
  const own = [
    `ALTER ROLE db_owner ADD MEMBER ${me()}`,
    `ALTER ROLE theirs ADD MEMBER ${me()}`,
    `GRANT SELECT TO ${me()}`,
  ];
  for (const text of own) await expect(asMooring(text)).rejects.toMatchObject({ code: "EREQUEST" });
});

beforeEach(() => {
  made += 1;
});

it("lets a thief drop users and make others, for whoever it likes", async () => {
  await asOwner(`CREATE USER theirs${made} WITHOUT LOGIN; ALTER ROLE db_datareader ADD MEMBER theirs${made}`);

  await asMooring(`DROP USER theirs${made}; CREATE USER thief${made} WITH SID = 0x${"0B".repeat(16)}, TYPE = E;`);

  const names = sandbox.simulator
    .database(databaseName)
    .users()
    .map(({ name }) => name);
  expect(names).toContain(`thief${made}`);
  expect(names).not.toContain(`theirs${made}`);
});

it("lets a thief read and write, for whoever may change the members of a role can become one", async () => {
  await asMooring(`ALTER ROLE mooring_writer ADD MEMBER ${me()}`);

  const { recordset } = await asMooring("SELECT id FROM stock");

  expect(recordset).toEqual([{ id: 1 }]);
  expect(await members()).toContainEqual({ role: "mooring_writer", member: mooring.displayName, isSelf: true });
  await asMooring(`ALTER ROLE mooring_writer DROP MEMBER ${me()}`);
  await expect(asMooring("SELECT id FROM stock")).rejects.toMatchObject({ number: 229 });
});
