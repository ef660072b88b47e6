/** Replies on the wire, where drivers for other languages are stricter than tedious. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SqlSandbox, startSqlSandbox } from "../../../../test/support/sql.ts";
import {
  exchange,
  login7WithoutToken,
  login7WithToken,
  openRaw,
  openStrict,
  type RawReply,
} from "../../../../test/support/tds.ts";
import { packetType } from "../../src/sql/packets.ts";

let sandbox: SqlSandbox;
beforeAll(async () => {
  sandbox = await startSqlSandbox({ sqlLogins: { sa: "secret" } });
});
afterAll(() => sandbox.close());

async function open({ packetSize }: { packetSize?: number } = {}) {
  const login = { user: "sa", password: "secret", database: "orders", ...(packetSize && { packetSize }) };
  return openRaw(sandbox.simulator.port, login);
}

describe("a login without a token", () => {
  it("gets the configured authority, or Azure's by default", async () => {
    const { tenantId } = sandbox.world;
    const other = await startSqlSandbox({ authorityHost: "https://localhost:8443/" });
    const ask = async (port: number) => {
      const socket = await openStrict(port);
      const { tokens } = await exchange(socket, { type: packetType.login7, body: login7WithoutToken("orders") });
      socket.destroy();
      return tokens.subarray(1 + 4 + 4 + 2 * 9).toString("utf16le");
    };

    const here = await ask(other.simulator.port);
    const inAzure = await ask(sandbox.simulator.port);
    await other.close();

    expect(here).toBe(`https://localhost:8443/${other.world.tenantId}https://database.windows.net/`);
    expect(inAzure).toBe(`https://login.microsoftonline.com/${tenantId}https://database.windows.net/`);
  });
});

describe("a token", () => {
  // Microsoft's ODBC driver with ActiveDirectoryMsi.
  it("may end with a NUL, which is no part of it", async () => {
    const token = await sandbox.token(sandbox.admin);
    const ask = async (text: string) => {
      const socket = await openStrict(sandbox.simulator.port);
      const body = login7WithToken("orders", text);
      const { tokens } = await exchange(socket, { type: packetType.login7, body });
      socket.destroy();
      return tokens[0];
    };

    const environmentChange = 0xe3;
    expect([await ask(token), await ask(`${token}\0`), await ask(`${token}x`)]).toEqual([
      environmentChange,
      environmentChange,
      0xaa,
    ]);
  });
});

/** The number of the one error in a reply, or undefined. */
function errorOf({ tokens }: RawReply): number | undefined {
  return tokens[0] === 0xaa ? tokens.readUInt32LE(3) : undefined;
}

describe("a column that is never NULL", () => {
  // SqlClient reads no length where the flags say NOT NULL, whatever the type says.
  it("of a number has a fixed-length type, and its values have no length prefix", async () => {
    const client = await open();
    const { tokens } = await client.batch("SELECT 5 AS n");
    const table = "CREATE TABLE fixed (a bit NOT NULL, b tinyint NOT NULL, c bigint NOT NULL, d float NOT NULL, e int)";
    await client.batch(`${table}; INSERT INTO fixed VALUES (1, 2, 3, 4, 5)`);
    const mixed = await client.batch("SELECT * FROM fixed");
    client.close();

    const name = (text: string) => `01${Buffer.from(text, "utf16le").toString("hex")}`;
    expect(tokens.toString("hex", 0, tokens.length - 26)).toBe(`81010000000000080038${name("n")}d105000000`);
    const columns = ["080032a", "080030b", "08007fc", "08003ed", "09002604e"].map(
      (column) => `00000000${column.slice(0, -1)}${name(column.slice(-1))}`,
    );
    const row = `d10102${"0300000000000000"}${"0000000000001040"}${"0405000000"}`;
    expect(mixed.tokens.toString("hex", 0, mixed.tokens.length - 26)).toBe(`810500${columns.join("")}${row}`);
  });
});

describe("a transaction", () => {
  const rows = (table: string) => sandbox.simulator.database("orders").runScript(`SELECT * FROM ${table}`);

  it("rolls back to a driver's savepoint, stays open, and keeps earlier changes", async () => {
    const client = await open();
    await client.batch("CREATE TABLE saved (id int)");

    await client.transaction(5, 0, "");
    await client.batch("INSERT INTO saved VALUES (1)");
    const save = await client.transaction(9, "here");
    await client.batch("INSERT INTO saved VALUES (2)");
    await client.transaction(8, "here", 0);
    await client.batch("INSERT INTO saved VALUES (3)");
    await client.transaction(7, "", 0);
    client.close();

    expect(errorOf(save)).toBeUndefined();
    expect(await rows("saved")).toEqual([[{ id: 1 }, { id: 3 }]]);
  });

  it("with a name is rolled back by that name and no other", async () => {
    const client = await open();
    await client.batch("CREATE TABLE named (id int)");

    await client.transaction(5, 0, "outer");
    await client.batch("INSERT INTO named VALUES (1)");
    const unknown = await client.transaction(8, "other", 0);
    const known = await client.transaction(8, "outer", 0);
    const again = await client.transaction(8, "", 0);
    const unsaved = await client.transaction(9, "late");
    client.close();

    expect([unknown, known, again, unsaved].map(errorOf)).toEqual([6401, undefined, 3903, 628]);
    expect(await rows("named")).toEqual([[]]);
  });

  it("also has savepoints in T-SQL", async () => {
    const client = await open();
    await client.batch("CREATE TABLE scripted (id int)");

    const reply = await client.batch(`BEGIN TRANSACTION work
      SAVE TRAN first
      INSERT INTO scripted VALUES (1)
      SAVE TRANSACTION second
      INSERT INTO scripted VALUES (2)
      ROLLBACK TRAN second
      INSERT INTO scripted VALUES (3)
      COMMIT TRANSACTION work`);
    const toFirst = await client.batch(
      "BEGIN TRAN; SAVE TRAN first; DELETE FROM scripted; ROLLBACK TRAN first; COMMIT; ROLLBACK TRAN first",
    );
    client.close();

    expect(errorOf(reply)).toBeUndefined();
    expect(toFirst.tokens.includes(Buffer.from("3f0f", "hex"))).toBe(true); // 3903
    expect(await rows("scripted")).toEqual([[{ id: 1 }, { id: 3 }]]);
  });
});

describe("a reply of many packets", () => {
  // SqlClient reads one TLS record at a time and hangs when a packet continues in the next one.
  it.each([512, 4096, 8000, 16_384, 32_767])("has one TLS record for each packet of at most %i bytes", async (size) => {
    const client = await open({ packetSize: size });
    const { records, tokens } = await client.batch(`SELECT CAST(N'${"x".repeat(40_000)}' AS nvarchar(max)) AS long`);
    client.close();

    expect(tokens.length).toBeGreaterThan(80_000);
    expect(records.map((record) => record.length)).toEqual(records.map((record) => record.readUInt16BE(2)));
    expect(Math.max(...records.map((record) => record.length))).toBe(Math.min(size, 16_384));
  });
});

describe("SET", () => {
  async function ask(...batches: string[]) {
    const client = await open();
    const replies: RawReply[] = [];
    for (const batch of batches) replies.push(await client.batch(batch));
    client.close();
    return replies;
  }

  it.each([
    // Sent by tedious, SqlClient and the ODBC driver on their own.
    "SET ANSI_NULLS, QUOTED_IDENTIFIER, ANSI_PADDING, ANSI_WARNINGS ON",
    "SET ARITHABORT OFF SET ARITHABORT ON SET CURSOR_CLOSE_ON_COMMIT OFF SET CONCAT_NULL_YIELDS_NULL ON",
    "SET IMPLICIT_TRANSACTIONS OFF; SET NUMERIC_ROUNDABORT OFF; SET FMTONLY OFF; SET NOEXEC OFF; SET PARSEONLY OFF",
    "SET TEXTSIZE 2147483647; SET ROWCOUNT 0; SET DATEFIRST 7; SET DATEFORMAT mdy; SET LANGUAGE us_english",
    "SET LANGUAGE N'us_english'; SET LOCK_TIMEOUT -1; SET DEADLOCK_PRIORITY LOW; SET DEADLOCK_PRIORITY -5",
    "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED; SET NOCOUNT ON",
  ])("accepts an option that has no effect here: %s", async (batch) => {
    const [reply] = await ask(batch);

    expect(reply && errorOf(reply)).toBeUndefined();
  });

  it.each([
    ["SET XACT_ABROT ON", 195, "'XACT_ABROT' is not a recognized SET option."],
    ["SET NOCOUNT BANANA", 102, "Incorrect syntax near 'BANANA'."],
    ["SET IMPLICIT_TRANSACTIONS ON", 40510, "SET IMPLICIT_TRANSACTIONS ON"],
    ["SET PARSEONLY ON", 40510, "SET PARSEONLY ON"],
    ["SET NOCOUNT, ANSI_NULLS OFF", 40510, "SET ANSI_NULLS OFF"],
    ["SET ANSI_DEFAULTS ON", 40510, "SET ANSI_DEFAULTS ON"],
    ["SET QUOTED_IDENTIFIER OFF", 40510, "SET QUOTED_IDENTIFIER OFF"],
    ["SET ROWCOUNT 5", 40510, "SET ROWCOUNT 5"],
    ["SET LOCK_TIMEOUT 1000", 40510, "SET LOCK_TIMEOUT 1000"],
    ["SET LANGUAGE Deutsch", 40510, "SET LANGUAGE Deutsch"],
    ["SET IDENTITY_INSERT t ON", 40510, "SET IDENTITY_INSERT"],
  ])("refuses %s before any of its batch runs", async (batch, number, text) => {
    const [reply] = await ask(`CREATE TABLE never (id int); ${batch}`);

    expect(reply && errorOf(reply)).toBe(number);
    expect(reply?.tokens.toString("utf16le", 9)).toContain(text);
    expect(await sandbox.simulator.database("orders").runScript("SELECT OBJECT_ID('never') AS id")).toEqual([
      [{ id: null }],
    ]);
  });

  it("NOEXEC ON and FMTONLY ON suspend execution until they are off", async () => {
    const { runScript } = sandbox.simulator.database("orders");
    await runScript("CREATE TABLE kept (id int, name nvarchar(10)); INSERT INTO kept VALUES (1, N'a')");

    const [skipped, described] = await ask(
      "SET NOEXEC ON; DELETE FROM kept; SELECT * FROM kept; SET NOEXEC OFF; UPDATE kept SET name = N'b'",
      "SET FMTONLY ON; DELETE FROM kept; BEGIN TRAN; IF 1 = 2 SELECT id, name FROM kept; SET FMTONLY OFF",
    );

    expect(await runScript("SELECT * FROM kept; SELECT @@TRANCOUNT AS n")).toEqual([
      [{ id: 1, name: "b" }],
      [{ n: 0 }],
    ]);
    // Only the row count of the UPDATE, then the metadata of two columns, and no row.
    expect(skipped?.tokens[0]).toBe(0xfd);
    expect(described?.tokens.subarray(0, 3).toString("hex")).toBe("810200");
    expect(described?.tokens.subarray(-26, -25).toString("hex")).toBe("fd");
  });

  it("in a procedure lasts until the procedure ends or the connection is reset", async () => {
    const { runScript } = sandbox.simulator.database("orders");

    const results = await runScript("EXEC sp_executesql N'SET NOEXEC ON; SET NOCOUNT ON'; SELECT 5 AS n");

    expect(results).toEqual([[{ n: 5 }]]);
  });
});
