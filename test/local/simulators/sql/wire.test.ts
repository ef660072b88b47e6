import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type SqlSandbox, startSqlSandbox } from "../../../support/sql.ts";

let sandbox: SqlSandbox;
beforeAll(async () => {
  sandbox = await startSqlSandbox();
});
afterAll(() => sandbox.close());

describe.each([
  { encrypt: true, authentication: "token" },
  { encrypt: true, authentication: "credential" },
  { encrypt: "strict", authentication: "token" },
  { encrypt: "strict", authentication: "credential" },
] as const)("with encrypt $encrypt and the login by $authentication", (options) => {
  it("logs the Entra administrator in as dbo and answers a query with parameters", async () => {
    const pool = await sandbox.connect(sandbox.admin, options);

    const { recordset } = await pool
      .request()
      .input("n", 7)
      .input("text", "äöü'] 漢字")
      .query(
        "SELECT USER_NAME() AS who, DB_NAME() AS db, @n + 1 AS n, @text AS text, @@TRANCOUNT AS open_transactions",
      );

    expect(recordset).toEqual([{ who: "dbo", db: "orders", n: 8, text: "äöü'] 漢字", open_transactions: 0 }]);
  });
});
