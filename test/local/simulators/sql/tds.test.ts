/** What replies look like on the wire, where drivers of other languages are stricter than tedious. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SqlSandbox, startSqlSandbox } from "../../../support/sql.ts";
import { openRaw } from "../../../support/tds.ts";

let sandbox: SqlSandbox;
beforeAll(async () => {
  sandbox = await startSqlSandbox({ sqlLogins: { sa: "secret" } });
});
afterAll(() => sandbox.close());

async function open({ packetSize }: { packetSize?: number } = {}) {
  const login = { user: "sa", password: "secret", database: "orders", ...(packetSize && { packetSize }) };
  return openRaw(sandbox.simulator.port, login);
}

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
