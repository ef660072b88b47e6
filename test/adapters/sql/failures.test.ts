/** The errors that activities get when the database, the network or the directory fails: over the wire, by injected faults. */

import { startSql } from "azure-sim/sql";
import { databaseName, type SqlSandbox, startSqlSandbox } from "azure-sim/testing/sql";
import { createCertificate } from "azure-sim/tls";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { renewable } from "../../../src/adapters/credential.ts";
import { createDatabases } from "../../../src/adapters/sql/index.ts";
import { sidFromClientId } from "../../../src/domain/naming/sid.ts";
import type { DatabaseTarget } from "../../../src/domain/targets/sqlDatabase.ts";
import type { Databases, UserChange } from "../../../src/ports/databases.ts";
import { clientIdOf, principalIdOf } from "../../support/ids.ts";
import { targetOf } from "../../support/sqlTarget.ts";

let sandbox: SqlSandbox;
let databases: Databases & { close(): Promise<void> };
let target: DatabaseTarget;
let create: readonly UserChange[];

beforeEach(async () => {
  sandbox = await startSqlSandbox();
  databases = createDatabases({
    credential: sandbox.credential(sandbox.admin),
    connectTimeoutMs: 5_000,
    requestTimeoutMs: 400,
  });
  target = targetOf(sandbox, databaseName);
  create = [
    { kind: "createFromSid", user: "app", sid: sidFromClientId(clientIdOf(sandbox.addPrincipal("app").clientId)) },
  ];
});

afterEach(async () => {
  await databases.close();
  await sandbox.close();
});

const logins = () => sandbox.faults.journal.filter(({ operation }) => operation === "LOGIN").length;
const userNames = () =>
  sandbox.simulator
    .database(databaseName)
    .users()
    .map(({ name }) => name);

describe("an error of a statement", () => {
  it.each([
    [15023, "SQL_USER_CONFLICT"],
    [15063, "SQL_SID_TAKEN"],
    [15138, "SQL_USER_OWNS_SCHEMA"],
    [33131, "SQL_PRINCIPAL_UNRESOLVED"],
    [229, "SQL_FORBIDDEN"],
    [262, "SQL_FORBIDDEN"],
    [15247, "SQL_FORBIDDEN"],
    [916, "SQL_FORBIDDEN"],
    [102, "SQL_REJECTED"],
    [33159, "SQL_REJECTED"],
    [55555, "SQL_REJECTED"],
  ])("%i stops with %s", async (number, code) => {
    sandbox.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: number } });

    await expect(databases.change(target, create)).rejects.toMatchObject({
      name: "PermanentError",
      code,
      message: expect.stringMatching(new RegExp(`^sql-dev/orders: .*\\(SQL error ${number}\\)$`)),
    });
    expect(userNames()).toEqual([]);
  });

  it.each([
    [33130, "SQL_PRINCIPAL_NOT_YET_VISIBLE"],
    [37545, "SQL_PRINCIPAL_NOT_YET_VISIBLE"],
    [1204, "SQL_UNAVAILABLE"],
    [1205, "SQL_UNAVAILABLE"],
    [1222, "SQL_UNAVAILABLE"],
    [10928, "SQL_UNAVAILABLE"],
    [10929, "SQL_UNAVAILABLE"],
    [40197, "SQL_UNAVAILABLE"],
    [40613, "SQL_UNAVAILABLE"],
    [49918, "SQL_UNAVAILABLE"],
    [49919, "SQL_UNAVAILABLE"],
    [49920, "SQL_UNAVAILABLE"],
    [4221, "SQL_UNAVAILABLE"],
    [615, "SQL_UNAVAILABLE"],
    [926, "SQL_UNAVAILABLE"],
  ])("%i is worth retrying, as %s", async (number, code) => {
    sandbox.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: number } });

    await expect(databases.change(target, create)).rejects.toMatchObject({ name: "TransientError", code });

    await databases.change(target, create);
    expect(userNames()).toEqual(["app"]);
  });

  it("40613 names the database that was asked for", async () => {
    sandbox.faults.add({ wire: "sql", operation: "SELECT", effect: { kind: "error", code: 40613 } });

    await expect(databases.inspect(target, { name: "app", sid: undefined })).rejects.toMatchObject({
      message: expect.stringContaining("Database 'orders' on server 'sql-dev' is not currently available"),
    });
  });

  it("40501 says how long the service asks to be left alone", async () => {
    sandbox.faults.add({ wire: "sql", operation: "SELECT", effect: { kind: "error", code: 40501 } });

    await expect(databases.inspect(target, { name: "app", sid: undefined })).rejects.toMatchObject({
      code: "SQL_UNAVAILABLE",
      retryAfterSeconds: 10,
    });
  });

  it.each([
    ["Principal 'app' could not be found at this time. Please try again later.", "SQL_PRINCIPAL_NOT_YET_VISIBLE"],
    ["Principal 'app' could not be resolved. Error message: ''", "SQL_PRINCIPAL_UNRESOLVED"],
    [
      "Principal 'app' could not be resolved. Error message: 'AADSTS50076: try again later'",
      "SQL_PRINCIPAL_UNRESOLVED",
    ],
  ])("33134 is distinguished by its text: %s", async (message, code) => {
    sandbox.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: 33134, message } });

    await expect(databases.change(target, create)).rejects.toMatchObject({ code });
  });

  it.each([
    ["Cannot alter the role 'x', because it does not exist or you do not have permission.", "SQL_ROLE_MISSING"],
    ["Cannot add the principal 'x', because it does not exist or you do not have permission.", "SQL_REJECTED"],
  ])("15151 is about a role only where it says so: %s", async (message, code) => {
    sandbox.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "error", code: 15151, message } });

    await expect(databases.change(target, create)).rejects.toMatchObject({ name: "PermanentError", code });
  });

  it("is the database's own when the database is in the way", async () => {
    const database = sandbox.simulator.database(databaseName);
    await databases.change(target, create);
    await database.runScript("CREATE SCHEMA shop AUTHORIZATION app");
    const [first] = create;
    const sid = first?.kind === "createFromSid" ? first.sid : "";

    await expect(databases.change(target, create)).rejects.toMatchObject({ code: "SQL_USER_CONFLICT" });
    await expect(databases.change(target, [{ kind: "createFromSid", user: "twin", sid }])).rejects.toMatchObject({
      code: "SQL_SID_TAKEN",
    });
    await expect(databases.change(target, [{ kind: "drop", user: "app" }])).rejects.toMatchObject({
      code: "SQL_USER_OWNS_SCHEMA",
    });
  });

  it("is the directory's when SQL may not read it", async () => {
    const server = sandbox.world.sqlServers.get("sql-dev");
    if (server) server.canReadDirectory = false;
    const change = {
      kind: "createFromProvider",
      user: "app",
      objectId: principalIdOf(sandbox.admin.principalId),
    } as const;

    await expect(databases.change(target, [change])).rejects.toMatchObject({ code: "SQL_PRINCIPAL_UNRESOLVED" });
  });
});

describe("an error of the login", () => {
  it.each([
    [18456, "TransientError", "AUTHENTICATION_FAILED"],
    [33155, "TransientError", "AUTHENTICATION_FAILED"],
    [40615, "PermanentError", "SQL_FIREWALL"],
    [40914, "PermanentError", "SQL_FIREWALL"],
    [47073, "PermanentError", "SQL_FIREWALL"],
    [49918, "TransientError", "SQL_UNAVAILABLE"],
  ])("%i is a %s %s, though the driver hides the number, and is not retried", async (number, name, code) => {
    sandbox.faults.add({ wire: "sql", operation: "LOGIN", effect: { kind: "error", code: number } });

    await expect(databases.inspect(target, { name: "a", sid: undefined })).rejects.toMatchObject({ name, code });

    expect(logins()).toBe(1);
    await expect(databases.inspect(target, { name: "a", sid: undefined })).resolves.toMatchObject({ users: [] });
  });

  it("is retried by the driver where it may pass, and then by Mooring", async () => {
    const attempts = [40613, 40197, 40501, 10928, 10929].map(async (number) => {
      const database = `db${number}`;
      sandbox.world.sqlServers.get("sql-dev")?.databases.add(database);
      const takeBack = sandbox.faults.add({
        wire: "sql",
        operation: "LOGIN",
        target: `sql-dev/${database}`,
        times: Number.POSITIVE_INFINITY,
        effect: { kind: "error", code: number },
      });
      const there = targetOf(sandbox, database);

      await expect(databases.change(there, create)).rejects.toMatchObject({
        code: "SQL_UNAVAILABLE",
        message: expect.stringContaining(`SQL error ${number}`),
      });
      expect(sandbox.faults.journal.filter((call) => call.target === `sql-dev/${database}`)).toHaveLength(4);

      takeBack();
      await databases.change(there, create);
      expect(sandbox.simulator.database(database).users()).toHaveLength(1);
    });

    await Promise.all(attempts);
  });

  it("does not repeat the change: two refused logins, one CREATE USER", async () => {
    sandbox.faults.add({ wire: "sql", operation: "LOGIN", times: 2, effect: { kind: "error", code: 40613 } });

    await databases.change(target, create);

    // Two refused, and one that the pool keeps.
    expect(sandbox.faults.journal.map(({ operation }) => operation)).toEqual([
      "LOGIN",
      "LOGIN",
      "LOGIN",
      "CREATE USER",
    ]);
    expect(userNames()).toEqual(["app"]);
  });

  it("4060 says that the database may not exist at all", async () => {
    await expect(databases.inspect(targetOf(sandbox, "nowhere"), { name: "a", sid: undefined })).rejects.toMatchObject({
      code: "SQL_UNAVAILABLE",
      message: expect.stringContaining("the server has no such database"),
    });
    // The driver does not try again by itself: the last error that it sees is 18456.
    expect(logins()).toBe(1);
  });

  it("means that the identity has no user, unless it is the administrator", async () => {
    const stranger = createDatabases({ credential: sandbox.credential(sandbox.addPrincipal("stranger")) });
    try {
      await expect(stranger.inspect(target, { name: "a", sid: undefined })).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
        message: expect.stringContaining("<token-identified principal>"),
      });
    } finally {
      await stranger.close();
    }
  });

  it("has a refused token replaced", async () => {
    const refused: string[] = [];
    const own = sandbox.credential(sandbox.admin);
    const telling = createDatabases({ credential: { ...own, refuse: (token) => void refused.push(token) } });
    sandbox.faults.add({ wire: "sql", operation: "LOGIN", effect: { kind: "error", code: 18456 } });
    try {
      await expect(telling.inspect(target, { name: "a", sid: undefined })).rejects.toThrow("18456");
    } finally {
      await telling.close();
    }

    expect(refused).toEqual([expect.stringMatching(/^eyJ/)]);
  });

  it("writes addresses to the log only", async () => {
    const logged = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const message = "Client with IP address '203.0.113.7' is not allowed to access the server.";
    sandbox.faults.add({ wire: "sql", operation: "LOGIN", effect: { kind: "error", code: 40615, message } });
    const look = (at: DatabaseTarget) =>
      databases.inspect(at, { name: "a", sid: undefined }).catch((error: Error) => error.message);

    const refused = await look(target);
    const absent = await look({ ...target, server: { ...target.server, host: "sql-dev.invalid" } });

    expect(refused).toBe(
      "sql-dev/orders: Client with IP address '[address]' is not allowed to access the server. (SQL error 40615)",
    );
    expect(absent).toMatch(/^sql-dev\/orders: .*(ENOTFOUND|EAI_AGAIN)/);
    expect(absent).not.toContain("sql-dev.invalid");
    const log = logged.mock.calls.join("\n");
    expect(log).toContain("203.0.113.7");
    expect(log).toContain("sql-dev.invalid");
    logged.mockRestore();
  });

  it("names the database when the identity gets no token", async () => {
    vi.spyOn(console, "warn").mockImplementation(() => undefined);
    const noEndpoint = { getToken: async () => Promise.reject(new Error("ManagedIdentityCredential: no endpoint")) };
    const failing = createDatabases({
      credential: renewable({ open: () => noEndpoint, renew: async () => undefined }, 5_000),
    });
    try {
      await expect(failing.inspect(target, { name: "a", sid: undefined })).rejects.toMatchObject({
        code: "AUTHENTICATION_FAILED",
        message: expect.stringContaining("sql-dev/orders: Mooring's identity got no token: "),
      });
    } finally {
      await failing.close();
    }
  });
});

describe("a lost connection", () => {
  it("during a change leaves the outcome unknown until it is read back", async () => {
    sandbox.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "cutAfter" } });

    await expect(databases.change(target, create)).rejects.toMatchObject({
      name: "TransientError",
      code: "SQL_UNAVAILABLE",
    });

    const { users } = await databases.inspect(target, { name: "app", sid: undefined });
    expect(users).toMatchObject([{ name: "app" }]);
    expect(sandbox.faults.journal.filter(({ operation }) => operation === "CREATE USER")).toHaveLength(1);
  });

  it("before the effect leaves nothing behind, and the next attempt works", async () => {
    sandbox.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "cutBefore" } });

    await expect(databases.change(target, create)).rejects.toMatchObject({ code: "SQL_UNAVAILABLE" });
    expect(userNames()).toEqual([]);

    await databases.change(target, create);
    expect(userNames()).toEqual(["app"]);
  });

  it.each(["cutBefore", "cutAfter", "garbage"] as const)("at login (%s) is worth retrying", async (kind) => {
    sandbox.faults.add({ wire: "sql", operation: "LOGIN", effect: { kind } });

    await expect(databases.change(target, create)).rejects.toMatchObject({ code: "SQL_UNAVAILABLE" });

    await databases.change(target, create);
    expect(userNames()).toEqual(["app"]);
  });

  it("covers a server that answers with garbage", async () => {
    sandbox.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "garbage" } });

    await expect(databases.change(target, create)).rejects.toMatchObject({ code: "SQL_UNAVAILABLE" });
    expect(userNames()).toEqual(["app"]);
  });

  it("covers a server that never answers: the request times out", async () => {
    sandbox.faults.add({ wire: "sql", operation: "SELECT", effect: { kind: "hang" } });

    await expect(databases.inspect(target, { name: "a", sid: undefined })).rejects.toMatchObject({
      code: "SQL_UNAVAILABLE",
    });
    await expect(databases.inspect(target, { name: "a", sid: undefined })).resolves.toMatchObject({ users: [] });
  });

  it("covers a slow server: the statement is given up, and the connection stays usable", async () => {
    sandbox.faults.add({ wire: "sql", operation: "CREATE USER", effect: { kind: "delay", ms: 1_500 } });

    await expect(databases.change(target, create)).rejects.toMatchObject({ code: "SQL_UNAVAILABLE" });
    const before = logins();

    await expect(databases.inspect(target, { name: "app", sid: undefined })).resolves.toMatchObject({ users: [] });
    expect(logins()).toBe(before);
  });

  it("covers a server with an untrusted certificate: it gets no token", async () => {
    const asked: string[] = [];
    const credential = sandbox.credential(sandbox.admin);
    const impostor = await startSql(
      { world: sandbox.world, faults: sandbox.faults, tls: await createCertificate() },
      { server: "sql-dev" },
    );
    const careful = createDatabases({
      credential: {
        getToken: (...scopes) => {
          asked.push("asked");
          return credential.getToken(...scopes);
        },
      },
    });
    try {
      const there = { ...target, server: { ...target.server, port: impostor.port } };
      await expect(careful.inspect(there, { name: "a", sid: undefined })).rejects.toMatchObject({
        code: "SQL_UNAVAILABLE",
        message: expect.stringContaining("certificate"),
      });
      expect(asked).toEqual([]);
    } finally {
      await careful.close();
      await impostor.close();
    }
  });

  it("covers a server that does not exist", async () => {
    await sandbox.simulator.close();

    await expect(databases.inspect(target, { name: "a", sid: undefined })).rejects.toMatchObject({
      code: "SQL_UNAVAILABLE",
    });
  });
});
