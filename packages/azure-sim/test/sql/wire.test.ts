import sql from "mssql";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { databaseName, type SqlSandbox, startSqlSandbox } from "../../../../test/support/sql.ts";

let sandbox: SqlSandbox;
beforeEach(async () => {
  sandbox = await startSqlSandbox();
});
afterEach(() => sandbox.close());

const script = (text: string) => sandbox.simulator.database(databaseName).runScript(text);

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

describe("values", () => {
  it("round-trip in every type, and as NULL", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    const guid = "6E3A1B2C-4D5E-4F60-8A9B-0C1D2E3F4A5B";
    const when = new Date("2026-11-24T12:34:56.789Z");
    const values = [
      ["bit", sql.Bit, true],
      ["tinyint", sql.TinyInt, 255],
      ["smallint", sql.SmallInt, -32_768],
      ["int", sql.Int, -2_147_483_648],
      ["bigint", sql.BigInt, "-9223372036854775808"],
      ["float", sql.Float, 1.5e-7],
      ["decimal", sql.Decimal(18, 4), -1234.5678],
      ["nvarchar", sql.NVarChar(50), "漢字 😀"],
      ["varchar", sql.VarChar(50), "é"],
      ["max", sql.NVarChar(sql.MAX), ""],
      ["binary", sql.VarBinary(20), Buffer.from([0, 1, 255])],
      ["guid", sql.UniqueIdentifier, guid],
      ["when", sql.DateTime2(7), when],
    ] as const;
    const request = pool.request();
    for (const [name, type, value] of values) request.input(name, type, value).input(`${name}_null`, type, null);
    const columns = values.flatMap(([name]) => [`@${name} AS [${name}]`, `@${name}_null AS [${name}_null]`]);

    const { recordset } = await request.query(`SELECT ${columns.join(", ")}`);

    const expected = Object.fromEntries(
      values.flatMap(([name, , value]) => [
        [name, value],
        [`${name}_null`, null],
      ]),
    );
    expect(recordset).toEqual([expected]);
    expect(Object.values(recordset.columns).map(({ type }) => type)).toContain(sql.UniqueIdentifier);
  });

  it("that are large are sent in small packets", async () => {
    const pool = await sandbox.connect(sandbox.admin, { packetSize: 512 });
    const large = "ä漢😀x".repeat(50_000);
    await script("CREATE TABLE t (id int IDENTITY, body nvarchar(max), bytes varbinary(max))");

    await pool
      .request()
      .input("body", sql.NVarChar(sql.MAX), large)
      .input("bytes", sql.VarBinary(sql.MAX), Buffer.alloc(100_000, 7))
      .query("INSERT INTO t (body, bytes) VALUES (@body, @bytes)");
    const { recordset } = await pool.request().query("SELECT * FROM t");

    expect(recordset[0].body === large).toBe(true);
    expect(Buffer.alloc(100_000, 7).equals(recordset[0].bytes)).toBe(true);
  });

  it("of an extended property arrive as a sql_variant, which the driver can read", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    await script(`CREATE USER u WITHOUT LOGIN;
      EXEC sp_addextendedproperty @name = N'k', @value = N'välue', @level0type = N'USER', @level0name = N'u'`);

    const { recordset } = await pool.request().query("SELECT name, value FROM sys.extended_properties");

    expect(recordset).toEqual([{ name: "k", value: "välue" }]);
  });
});

describe("requests", () => {
  it("as batches return every result set and row count", async () => {
    const pool = await sandbox.connect(sandbox.admin);

    const result = await pool.request().batch(`
      CREATE TABLE t (id int IDENTITY(10, 5) PRIMARY KEY, text nvarchar(50) NOT NULL);
      INSERT INTO t (text) VALUES (N'a'), (N'b');
      SELECT id, text FROM t ORDER BY id DESC;
      UPDATE t SET text = text + N'!' WHERE id = 10;
      SELECT COUNT(*) AS n FROM t WHERE text LIKE '%!'`);

    expect(result.recordsets).toEqual([
      [
        { id: 15, text: "b" },
        { id: 10, text: "a" },
      ],
      [{ n: 1 }],
    ]);
    expect(result.rowsAffected).toEqual([2, 2, 1, 1]);
    const quiet = await pool.request().batch("SET NOCOUNT ON; UPDATE t SET text = N'z'; SELECT * FROM t");
    expect(quiet.rowsAffected).toEqual([]);
  });

  it("with parameters as a batch declare and assign them first", async () => {
    const pool = await sandbox.connect(sandbox.admin);

    const { recordset } = await pool
      .request()
      .input("n", 41)
      .input("text", "x")
      .batch("SELECT @n + 1 AS n, @text AS text");

    expect(recordset).toEqual([{ n: 42, text: "x" }]);
  });

  it("can be prepared and run many times with different values", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    const statement = new sql.PreparedStatement(pool);
    statement.input("n", sql.Int);
    await statement.prepare("SELECT @n * 2 AS twice");

    const results = [await statement.execute({ n: 2 }), await statement.execute({ n: 21 })];
    await statement.unprepare();

    expect(results.map(({ recordset }) => recordset)).toEqual([[{ twice: 4 }], [{ twice: 42 }]]);
  });

  it("call a procedure by its name", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    await script("CREATE USER u WITHOUT LOGIN");

    await pool
      .request()
      .input("name", sql.NVarChar(128), "k")
      .input("value", sql.NVarChar(50), "v")
      .input("level0type", sql.VarChar(128), "USER")
      .input("level0name", sql.NVarChar(128), "u")
      .execute("sys.sp_addextendedproperty");

    expect(sandbox.simulator.database(databaseName).users()).toMatchObject([{ properties: { k: "v" } }]);
    await expect(pool.request().execute("sp_unknown")).rejects.toMatchObject({ number: 2812 });
  });

  it("that fail return number, state, class and message, and leave the connection usable", async () => {
    const pool = await sandbox.connect(sandbox.admin);

    await expect(pool.request().query("SELEKT 1")).rejects.toMatchObject({
      code: "EREQUEST",
      number: 102,
      class: 15,
      state: 1,
      message: "Incorrect syntax near 'SELEKT'.",
    });
    await expect(pool.request().query("SELECT 2 AS n")).resolves.toMatchObject({ recordset: [{ n: 2 }] });
  });

  it("can be canceled by the client, and the connection stays usable", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    const request = pool.request();
    const done = request.query("WAITFOR DELAY '00:01:00'; CREATE TABLE late (id int)");
    const canceled = expect(done).rejects.toMatchObject({ code: "ECANCEL" });
    await expect.poll(() => sandbox.faults.journal.at(-1)?.operation).toBe("WAITFOR");

    request.cancel();

    await canceled;
    const { recordset } = await pool.request().query("SELECT OBJECT_ID('late') AS id");
    expect(recordset).toEqual([{ id: null }]);
    expect(sandbox.faults.journal.filter(({ operation }) => operation === "LOGIN")).toHaveLength(2);
  });
});

describe("transactions", () => {
  it("of the driver roll back both rows and users", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    await script("CREATE TABLE t (id int)");
    const transaction = new sql.Transaction(pool);

    await transaction.begin();
    await new sql.Request(transaction).query("INSERT INTO t VALUES (1)");
    await new sql.Request(transaction).query("CREATE USER u WITHOUT LOGIN");
    const inside = await new sql.Request(transaction).query(
      "SELECT (SELECT COUNT(*) FROM t) AS rows, USER_ID('u') AS id",
    );
    await transaction.rollback();

    expect(inside.recordset).toEqual([{ rows: 1, id: expect.any(Number) }]);
    expect(await script("SELECT * FROM t; SELECT USER_ID('u') AS id")).toEqual([[], [{ id: null }]]);

    await transaction.begin();
    await new sql.Request(transaction).query("INSERT INTO t VALUES (2)");
    await transaction.commit();
    expect(await script("SELECT * FROM t")).toEqual([[{ id: 2 }]]);
  });

  it("are invisible to others until they commit, and block other writers", async () => {
    const [one, two] = [await sandbox.connect(sandbox.admin), await sandbox.connect(sandbox.admin)];
    await script("CREATE TABLE t (id int)");
    const transaction = new sql.Transaction(one);
    await transaction.begin();
    await new sql.Request(transaction).query("INSERT INTO t VALUES (1)");

    expect((await two.request().query("SELECT * FROM t")).recordset).toEqual([]);
    const order: string[] = [];
    const waiting = two
      .request()
      .query("INSERT INTO t VALUES (2)")
      .then(() => order.push("insert"));
    await expect.poll(() => sandbox.faults.journal.filter(({ operation }) => operation === "INSERT")).toHaveLength(2);
    order.push("commit");
    await transaction.commit();
    await waiting;

    expect(order).toEqual(["commit", "insert"]);
    expect(await script("SELECT * FROM t")).toEqual([[{ id: 1 }, { id: 2 }]]);
  });

  it("end with their connection", async () => {
    const [one, two] = [await sandbox.connect(sandbox.admin), await sandbox.connect(sandbox.admin)];
    await script("CREATE TABLE t (id int)");
    await one.request().batch("BEGIN TRAN; INSERT INTO t VALUES (1)");

    await one.close();

    await two.request().query("INSERT INTO t VALUES (2)");
    expect(await script("SELECT * FROM t")).toEqual([[{ id: 2 }]]);
  });

  it("end when the client resets the connection", async () => {
    const connections: { reset(done: (error?: Error | null) => void): void }[] = [];
    const pool = new sql.ConnectionPool({
      server: "localhost",
      port: sandbox.simulator.port,
      database: databaseName,
      options: { encrypt: true },
      authentication: {
        type: "azure-active-directory-access-token",
        options: { token: await sandbox.token(sandbox.admin) },
      },
      pool: { max: 1 },
      beforeConnect: (connection) => connections.push(connection),
    });
    await pool.connect();
    await script("CREATE TABLE t (id int)");
    await pool.request().batch("SET XACT_ABORT ON; BEGIN TRAN; INSERT INTO t VALUES (1)");

    await new Promise<void>((resolve, reject) => {
      connections.at(-1)?.reset((error) => (error ? reject(error) : resolve()));
    });

    const { recordset } = await pool.request().query("SELECT @@TRANCOUNT AS depth, COUNT(*) AS rows FROM t");
    expect(recordset).toEqual([{ depth: 0, rows: 0 }]);
    await pool.close();
  });

  it("that sp_executesql leaves open are error 266", async () => {
    const pool = await sandbox.connect(sandbox.admin);

    await expect(pool.request().query("BEGIN TRAN")).rejects.toMatchObject({ number: 266 });
  });
});

describe("the fault journal", () => {
  it("records each login and each batch, but not what drivers send on their own", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    await pool.request().query("SET NOCOUNT ON; DECLARE @x int = 1; BEGIN TRAN; CREATE ROLE r; SELECT @x; COMMIT");
    await pool
      .request()
      .query("IF USER_ID('u') IS NULL BEGIN CREATE USER u WITHOUT LOGIN; ALTER ROLE r ADD MEMBER u END");
    await pool.request().query("GRANT EXECUTE TO u");
    await pool
      .request()
      .batch("EXEC sp_dropextendedproperty 'k', 'USER', 'u'")
      .catch(() => undefined);
    await pool
      .request()
      .query("merge into x using y")
      .catch(() => undefined);

    const target = "sql-dev/orders";
    expect(sandbox.faults.journal).toEqual(
      // The pool logs in once to test the connection and once to use it.
      ["LOGIN", "LOGIN", "CREATE ROLE", "CREATE USER", "GRANT", "EXEC sp_dropextendedproperty", "MERGE INTO"].map(
        (operation) => ({ wire: "sql", operation, target }),
      ),
    );
  });

  it("also ends the transaction of a session that a fault makes a deadlock victim", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    await script("CREATE TABLE t (id int)");
    const transaction = new sql.Transaction(pool);
    await transaction.begin();
    await new sql.Request(transaction).query("INSERT INTO t VALUES (1)");
    sandbox.faults.add({ wire: "sql", operation: "UPDATE", effect: { kind: "error", code: 1205 } });

    const update = new sql.Request(transaction).query("UPDATE t SET id = 2");

    await expect(update).rejects.toMatchObject({ number: 1205, class: 13 });
    await expect(transaction.commit()).rejects.toMatchObject({ code: "EABORT" });
    expect(await script("SELECT * FROM t")).toEqual([[]]);
  });

  it("applies its latency before the statement runs", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    await pool.request().query("SELECT 2 AS warm");
    sandbox.faults.latencyMs = 400;
    const start = performance.now();

    await pool.request().query("SELECT 3 AS n");

    // Only once, although the pool has also sent its SELECT 1.
    const took = performance.now() - start;
    expect(took).toBeGreaterThan(395);
    expect(took).toBeLessThan(795);
  });
});

describe("columns of a result", () => {
  it("say whether they can be NULL, and which one is the identity column", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    await script("CREATE TABLE t (id int IDENTITY PRIMARY KEY, name nvarchar(10) NOT NULL, note nvarchar(10) NULL)");

    const { recordset } = await pool.request().query(`
      SELECT l.*, r.name AS joined, 5 AS five, NULL AS nothing
      FROM t AS l LEFT JOIN t AS r ON r.id = l.id`);

    const said = Object.values(recordset.columns).map(({ name, nullable, identity }) => [name, nullable, identity]);
    expect(said).toEqual([
      ["id", false, true],
      ["name", false, false],
      ["note", true, false],
      ["joined", true, false],
      ["five", false, false],
      ["nothing", true, false],
    ]);
  });
});

describe("output parameters", () => {
  it("of a query return their final value", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    const request = pool.request();
    request.input("n", sql.Int, 20).output("twice", sql.Int).output("text", sql.NVarChar(sql.MAX), "before");
    request
      .output("same", sql.UniqueIdentifier, "6E3A1B2C-4D5E-4F60-8A9B-0C1D2E3F4A5B")
      .output("nothing", sql.Bit, true);

    const { output, recordset } = await request.query(
      "SET @twice = @n * 2; SET @text = @text + N' and after 漢字'; SET @nothing = NULL; SELECT @twice AS n",
    );

    expect(recordset).toEqual([{ n: 40 }]);
    expect(output).toEqual({
      twice: 40,
      text: "before and after 漢字",
      same: "6E3A1B2C-4D5E-4F60-8A9B-0C1D2E3F4A5B",
      nothing: null,
    });
  });

  it("of a prepared statement are returned by every execution", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    const statement = new sql.PreparedStatement(pool);
    statement.input("n", sql.Int);
    statement.output("next", sql.Int);
    await statement.prepare("SET @next = @n + 1");

    const outputs = [];
    for (const n of [1, 41]) outputs.push((await statement.execute({ n, next: null })).output);
    await statement.unprepare();

    expect(outputs).toEqual([{ next: 2 }, { next: 42 }]);
  });

  it("of EXEC sp_executesql set the caller's variable if both sides say OUTPUT", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    const declare = "DECLARE @a int = 1, @b int = 1; EXEC sp_executesql N'SET @x = 5; SET @y = 6'";

    const { recordset } = await pool
      .request()
      .query(`${declare}, N'@x int OUTPUT, @y int OUTPUT', @x = @a OUTPUT, @y = @b; SELECT @a AS a, @b AS b`);

    expect(recordset).toEqual([{ a: 5, b: 1 }]);
    const undeclared = pool.request().query(`${declare}, N'@x int, @y int', @a OUTPUT, @b`);
    await expect(undeclared).rejects.toMatchObject({ number: 8162 });
    const constant = pool.request().query("EXEC sp_executesql N'SET @x = 5', N'@x int OUTPUT', 7 OUTPUT");
    await expect(constant).rejects.toMatchObject({ number: 179 });
  });

  it("are not returned by a failed statement", async () => {
    const pool = await sandbox.connect(sandbox.admin);

    const failing = pool.request().output("n", sql.Int, 3).query("SET @n = 4; SELECT * FROM missing");

    await expect(failing).rejects.toMatchObject({ number: 208 });
  });
});

describe("the simulator", () => {
  it("closes even with connected clients and in the middle of a request", async () => {
    const pool = await sandbox.connect(sandbox.admin);
    const hanging = expect(pool.request().query("WAITFOR DELAY '00:01:00'")).rejects.toThrow();
    await expect.poll(() => sandbox.faults.journal.at(-1)?.operation).toBe("WAITFOR");

    await sandbox.simulator.close();

    await hanging;
    expect(sandbox.simulator.connections).toBe(0);
  });
});
