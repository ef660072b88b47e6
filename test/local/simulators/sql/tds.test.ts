/** What replies look like on the wire, where drivers of other languages are stricter than tedious. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packetType } from "../../../../local/simulators/sql/packets.ts";
import { type SqlSandbox, startSqlSandbox } from "../../../support/sql.ts";
import { exchange, login7WithoutToken, openRaw, openStrict, type RawReply } from "../../../support/tds.ts";

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
  it("is told the authority of this cloud, or of Azure where nobody says otherwise", async () => {
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

/** The number of the one error in a reply, or undefined. */
function errorOf({ tokens }: RawReply): number | undefined {
  return tokens[0] === 0xaa ? tokens.readUInt32LE(3) : undefined;
}

describe("a transaction", () => {
  const rows = (table: string) => sandbox.simulator.database("orders").runScript(`SELECT * FROM ${table}`);

  it("goes back to a savepoint of the driver, stays open, and keeps what came before", async () => {
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

  it("that was begun with a name is rolled back by it, and by no other", async () => {
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

  it("has savepoints in T-SQL, too", async () => {
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
  // SqlClient reads one TLS record at a time and hangs where a packet goes on in the next one.
  it.each([512, 4096, 8000, 16_384, 32_767])("has one TLS record for each packet of at most %i bytes", async (size) => {
    const client = await open({ packetSize: size });
    const { records, tokens } = await client.batch(`SELECT CAST(N'${"x".repeat(40_000)}' AS nvarchar(max)) AS long`);
    client.close();

    expect(tokens.length).toBeGreaterThan(80_000);
    expect(records.map((record) => record.length)).toEqual(records.map((record) => record.readUInt16BE(2)));
    expect(Math.max(...records.map((record) => record.length))).toBe(Math.min(size, 16_384));
  });
});
