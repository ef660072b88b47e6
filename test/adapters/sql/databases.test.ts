/** The adapter against the simulator, over the wire, with the driver that Azure runs. */

import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { databaseName, type SqlSandbox, startSqlSandbox } from "azure-sim/testing/sql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDatabases } from "../../../src/adapters/sql/index.ts";
import type { PrincipalId } from "../../../src/domain/naming/identityPair.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import type { DatabaseTarget } from "../../../src/domain/targets/sqlDatabase.ts";
import type { Databases } from "../../../src/ports/databases.ts";
import { clientIdOf, principalIdOf } from "../../support/ids.ts";
import { targetOf } from "../../support/sqlTarget.ts";

let sandbox: SqlSandbox;
let databases: Databases & { close(): Promise<void> };
let target: DatabaseTarget;

beforeEach(async () => {
  sandbox = await startSqlSandbox();
  databases = createDatabases({
    credential: sandbox.credential(sandbox.admin),
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 2_000,
  });
  target = targetOf(sandbox, databaseName);
});

afterEach(async () => {
  await databases.close();
  await sandbox.close();
});

const users = () => sandbox.simulator.database(databaseName).users();
const anIdentity = (name = "app") => {
  const principal = sandbox.addPrincipal(name);
  return { ...principal, user: name, sid: sidFromClientId(clientIdOf(principal.clientId)) };
};

describe("change", () => {
  it("creates a user by SID with roles, a permission and a mark, all in one batch", async () => {
    const { user, sid } = anIdentity("o'brien ]x[");

    await databases.change(target, [
      { kind: "createFromSid", user, sid },
      { kind: "addRole", user, role: "db_datareader" },
      { kind: "addRole", user, role: "db_datawriter" },
      { kind: "grant", user, permission: "EXECUTE" },
      { kind: "mark", user, mark: "aks-dev/shop 'quoted' 漢字" },
    ]);

    expect(users()).toEqual([
      {
        name: user,
        type: "E",
        sid,
        roles: ["db_datareader", "db_datawriter"],
        permissions: ["EXECUTE"],
        ownedSchemas: [],
        properties: { mooring: "aks-dev/shop 'quoted' 漢字" },
      },
    ]);
    const batches = sandbox.faults.journal.filter(({ operation }) => operation !== "LOGIN");
    expect(batches).toEqual([{ wire: "sql", operation: "CREATE USER", target: "sql-dev/orders" }]);
  });

  it("creates a user from the directory by its object id, with the client id as SID", async () => {
    const { user, sid, principalId } = anIdentity();

    await databases.change(target, [{ kind: "createFromProvider", user, objectId: principalIdOf(principalId) }]);

    expect(users()).toMatchObject([{ name: user, type: "E", sid }]);
  });

  it("removes roles, permission and mark, and drops the user", async () => {
    const { user, sid } = anIdentity();
    await databases.change(target, [
      { kind: "createFromSid", user, sid },
      { kind: "addRole", user, role: "db_datareader" },
      { kind: "grant", user, permission: "EXECUTE" },
      { kind: "mark", user, mark: "one" },
    ]);

    await databases.change(target, [
      { kind: "removeRole", user, role: "db_datareader" },
      { kind: "revoke", user, permission: "EXECUTE" },
      { kind: "mark", user, mark: "two" },
    ]);
    expect(users()).toMatchObject([{ roles: [], permissions: [], properties: { mooring: "two" } }]);

    await databases.change(target, [{ kind: "mark", user, mark: undefined }]);
    expect(users()).toMatchObject([{ properties: {} }]);

    await databases.change(target, [{ kind: "drop", user }]);
    expect(users()).toEqual([]);
  });

  it("ignores a mark or a user that is already gone", async () => {
    const { user, sid } = anIdentity();
    await databases.change(target, [
      { kind: "createFromSid", user, sid },
      { kind: "mark", user, mark: undefined },
      { kind: "drop", user },
      { kind: "drop", user },
    ]);

    expect(users()).toEqual([]);
  });

  it("does all or nothing: the first error rolls back what came before it", async () => {
    const { user, sid } = anIdentity();

    const done = databases.change(target, [
      { kind: "createFromSid", user, sid },
      { kind: "addRole", user, role: "no_such_role" },
      { kind: "addRole", user, role: "nor_this_one" },
    ]);

    await expect(done).rejects.toMatchObject({
      name: "PermanentError",
      code: "SQL_ROLE_MISSING",
      message: expect.stringContaining("no_such_role"),
    });
    expect(users()).toEqual([]);
    // Nor does the pooled connection keep the transaction open, which would show it the changes.
    expect((await databases.inspect(target, { name: user, sid })).users).toEqual([]);
    await databases.change(target, [{ kind: "createFromSid", user, sid }]);
    expect(users()).toHaveLength(1);
  });

  it("sends nothing when there is nothing to change", async () => {
    await databases.change(target, []);

    expect(sandbox.faults.journal).toEqual([]);
  });

  it("refuses an invalid SID or object id before it sends anything", async () => {
    const bad = [
      { kind: "createFromSid", user: "a", sid: "0x00'; DROP TABLE x --" },
      { kind: "createFromSid", user: "a".repeat(129), sid: "0x00" },
      { kind: "createFromProvider", user: "a", objectId: "'; DROP TABLE x --" as PrincipalId },
      { kind: "mark", user: "a", mark: "x".repeat(3751) },
    ] as const;

    for (const change of bad) {
      await expect(databases.change(target, [change])).rejects.toMatchObject({ code: "SQL_REJECTED" });
    }
    expect(sandbox.faults.journal).toEqual([]);
  });
});

describe("inspect", () => {
  it("recognizes a user that may no longer connect", async () => {
    const run = (script: string) => sandbox.simulator.database(databaseName).runScript(script);
    const read = async () => (await databases.inspect(target, { name: "locked", sid: undefined })).users[0];
    await databases.change(target, [{ kind: "createFromSid", user: "locked", sid: anIdentity("locked").sid }]);
    expect((await read())?.isDisabled).toBeUndefined();

    await run("REVOKE CONNECT FROM locked");

    expect(await read()).toMatchObject({ permissions: [], isDisabled: true });
    await databases.change(target, [{ kind: "grant", user: "locked", permission: "CONNECT" }]);
    expect((await read())?.isDisabled).toBeUndefined();
    await databases.change(target, [{ kind: "revoke", user: "locked", permission: "CONNECT" }]);
    expect(await read()).toMatchObject({ isDisabled: true });
  });

  it("reports the user's other permissions, and what keeps it from being dropped", async () => {
    const one = anIdentity("one");
    const run = (script: string) => sandbox.simulator.database(databaseName).runScript(script);
    await databases.change(target, [{ kind: "createFromSid", user: "one", sid: one.sid }]);
    await run("CREATE TABLE stock (id int); CREATE TABLE price (id int); CREATE USER [other] WITHOUT LOGIN;");
    await run("CREATE SCHEMA shop");
    await run("CREATE ROLE reports AUTHORIZATION one; ALTER AUTHORIZATION ON OBJECT::dbo.price TO one;");
    await run(
      "GRANT SELECT, UPDATE ON stock TO one; GRANT EXECUTE ON SCHEMA::shop TO one; GRANT ALTER ANY USER TO one;",
    );
    await run("ALTER ROLE db_owner ADD MEMBER one");
    const theirs = await sandbox.connect(one);
    await theirs.query("GRANT SELECT ON price TO other");

    const { users: found, mayChangeRoles } = await databases.inspect(target, { name: "one", sid: undefined });

    expect(found).toMatchObject([
      {
        permissions: ["ALTER ANY USER"],
        otherPermissions: ["GRANT EXECUTE ON SCHEMA shop", "GRANT SELECT ON dbo.stock", "GRANT UPDATE ON dbo.stock"],
        ownedRoles: ["reports"],
        dependants: ["object dbo.price", "SELECT that it granted to other"],
      },
    ]);
    expect(mayChangeRoles).toBe(true);
    const dropping = databases.change(target, [{ kind: "drop", user: "one" }]);
    await expect(dropping).rejects.toMatchObject({ code: "SQL_USER_HAS_DEPENDANTS" });
    await run("DROP ROLE reports");
    await expect(databases.change(target, [{ kind: "drop", user: "one" }])).rejects.toMatchObject({
      code: "SQL_USER_HAS_DEPENDANTS",
      message: expect.stringContaining("15183"),
    });
    await run("ALTER AUTHORIZATION ON OBJECT::dbo.price TO dbo");
    await expect(databases.change(target, [{ kind: "drop", user: "one" }])).rejects.toMatchObject({
      code: "SQL_USER_HAS_DEPENDANTS",
      message: expect.stringContaining("15284"),
    });
    await run("REVOKE SELECT ON price FROM other");
    await databases.change(target, [{ kind: "drop", user: "one" }]);
    expect(users()).toMatchObject([{ name: "other" }]);
  });

  it("says what Mooring cannot do when it is not in db_owner", async () => {
    const weak = anIdentity("weak");
    await databases.change(target, [{ kind: "createFromSid", user: "weak", sid: weak.sid }]);
    await sandbox.simulator.database(databaseName).runScript("GRANT ALTER ANY USER TO weak");
    const asWeak = createDatabases({ credential: sandbox.credential(weak), connectTimeoutMs: 5_000 });

    expect(await asWeak.inspect(target, { name: "nobody", sid: undefined })).toMatchObject({
      mayChangeRoles: false,
      mayMakeUsers: true,
      mayGrant: false,
    });
    const run = (script: string) => sandbox.simulator.database(databaseName).runScript(script);
    await run("REVOKE ALTER ANY USER FROM weak; ALTER ROLE db_securityadmin ADD MEMBER weak");
    expect(await asWeak.inspect(target, { name: "nobody", sid: undefined })).toMatchObject({
      mayChangeRoles: false,
      mayMakeUsers: false,
      mayGrant: true,
    });

    await asWeak.close();
  });

  it("finds the users of that name or that SID, and every role, in one round trip", async () => {
    const [one, two] = [anIdentity("one"), anIdentity("two")];
    await sandbox.simulator.database(databaseName).runScript(`
      CREATE ROLE messages;
      CREATE USER [other] WITHOUT LOGIN;`);
    await sandbox.simulator.database(databaseName).runScript("CREATE SCHEMA shop");
    await databases.change(target, [
      { kind: "createFromSid", user: "one", sid: one.sid },
      { kind: "addRole", user: "one", role: "messages" },
      { kind: "addRole", user: "one", role: "db_datareader" },
      { kind: "grant", user: "one", permission: "EXECUTE" },
      { kind: "mark", user: "one", mark: "berth" },
      { kind: "createFromSid", user: "two", sid: two.sid },
    ]);
    await sandbox.simulator.database(databaseName).runScript("ALTER AUTHORIZATION ON SCHEMA::shop TO one");
    const before = sandbox.faults.journal.length;

    const state = await databases.inspect(target, { name: "ONE", sid: two.sid });

    expect(state.users).toEqual([
      {
        name: "one",
        type: "E",
        sid: one.sid,
        roles: ["db_datareader", "messages"],
        permissions: ["EXECUTE"],
        ownedSchemas: ["shop"],
        mark: "berth",
        createdTime: expect.any(String),
      },
      {
        name: "two",
        type: "E",
        sid: two.sid,
        roles: [],
        permissions: [],
        ownedSchemas: [],
        mark: undefined,
        createdTime: expect.any(String),
      },
    ]);
    expect(state.roles).toContain("messages");
    expect(state.roles).toContain("db_owner");
    expect(sandbox.faults.journal.slice(before)).toEqual([
      { wire: "sql", operation: "SELECT", target: "sql-dev/orders" },
    ]);
  });

  it("finds no user where none exists, with or without a SID", async () => {
    const { sid } = anIdentity();

    expect((await databases.inspect(target, { name: "nobody", sid: undefined })).users).toEqual([]);
    expect((await databases.inspect(target, { name: "nobody' OR 1=1 --", sid })).users).toEqual([]);
  });
});

describe("connections", () => {
  it("are shared by concurrent calls, and closed when idle", async () => {
    const idle = createDatabases({ credential: sandbox.credential(sandbox.admin), idleMs: 50 });
    try {
      await Promise.all(["a", "b", "c"].map((name) => idle.inspect(target, { name, sid: undefined })));
      await expect.poll(() => sandbox.openConnections()).toBe(0);
      await idle.inspect(target, { name: "again", sid: undefined });
      expect(sandbox.openConnections()).toBe(1);
    } finally {
      await idle.close();
    }
    await expect.poll(() => sandbox.openConnections()).toBe(0);
  });

  it("stay shared after an earlier pool could not connect and would have become idle", async () => {
    const idleMs = 100;
    let tokens = 0;
    const credential = sandbox.credential(sandbox.admin);
    const refusedOnce = createDatabases({
      credential: {
        async getToken(...asked) {
          tokens += 1;
          if (tokens === 1) throw new Error("no token yet");
          return await credential.getToken(...asked);
        },
      },
      idleMs,
    });
    try {
      const inspect = () => refusedOnce.inspect(target, { name: "a", sid: undefined });
      await expect(inspect()).rejects.toThrow();
      await inspect();
      const tokensOfOnePool = tokens;
      sandbox.faults.latencyMs = 10 * idleMs;
      const slow = inspect();
      await sleep(3 * idleMs);
      await Promise.all([slow, inspect(), inspect(), inspect(), inspect()]);
      // A pool has at most four connections; a second pool would have more.
      expect(tokens).toBe(tokensOfOnePool + 3);
    } finally {
      await refusedOnce.close();
    }
  });

  it("request a token with Mooring's scope at every login, whatever the server names", async () => {
    const scopes: unknown[] = [];
    const asked = createDatabases({
      credential: {
        getToken: async (scope) => {
          scopes.push(scope);
          return { token: await sandbox.token(sandbox.admin), expiresOnTimestamp: Date.now() + 60_000 };
        },
      },
      scope: "https://database.usgovcloudapi.net/.default",
    });
    try {
      await asked.inspect(target, { name: "a", sid: undefined });
    } finally {
      await asked.close();
    }

    expect(scopes).toEqual(["https://database.usgovcloudapi.net/.default"]);
  });

  it("cost nothing before the first call: the driver is not even loaded", async () => {
    const adapter = new URL("../../../src/adapters/sql/index.ts", import.meta.url);
    const script = `
      import { createRequire } from "node:module";
      const { createDatabases } = await import(${JSON.stringify(adapter.href)});
      createDatabases({ credential: { getToken: async () => null } });
      const loaded = Object.keys(createRequire(${JSON.stringify(adapter.href)}).cache);
      console.log(loaded.filter((path) => /[\\/](mssql|tedious)[\\/]/.test(path)).length);`;

    const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);

    expect(stdout.trim()).toBe("0");
  });

  it("are refused after close", async () => {
    await databases.close();

    await expect(databases.inspect(target, { name: "a", sid: undefined })).rejects.toThrow("shutting down");
  });
});
