/** The T-SQL that an ordinary workload uses, tested inside the engine: results of statements, and error numbers. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type SqlSandbox, startSqlSandbox } from "../../../../test/support/sql.ts";
import type { SqlDatabase } from "../../src/sql/index.ts";

let sandbox: SqlSandbox;
let database: SqlDatabase;
let count = 0;
beforeAll(async () => {
  sandbox = await startSqlSandbox({ now: () => new Date("2026-11-24T12:00:00.000Z") });
});
beforeEach(() => {
  const name = `engine${count++}`;
  sandbox.world.sqlServers.get("sql-dev")?.databases.add(name);
  database = sandbox.simulator.database(name);
});
afterAll(() => sandbox.close());

const one = async (text: string) => (await database.runScript(text))[0];
const value = async (expression: string) => Object.values((await one(`SELECT ${expression} AS v`))?.[0] ?? {})[0];
const fails = (text: string) =>
  database.runScript(text).then(
    () => "no error",
    (error: unknown) => Reflect.get(Object(error), "number"),
  );

describe("expressions", () => {
  it.each([
    ["1 + 2 * 3 - -4", 11],
    ["7 / 2", 3],
    ["7 % 4", 3],
    ["7 / 2.0", "3.500000"],
    ["(1 + 2) * 3", 9],
    ["N'a' + 'b'", "ab"],
    ["'it''s'", "it's"],
    ["'1' + 1", 2],
    ["NULL + 1", null],
    ["CASE WHEN 1 = 2 THEN 'a' WHEN 2 = 2 THEN 'b' END", "b"],
    ["CASE 3 WHEN 1 THEN 'a' ELSE 'c' END", "c"],
    ["CASE WHEN NULL = NULL THEN 1 ELSE 0 END", 0],
    ["CASE WHEN 'ABC ' = 'abc' THEN 1 ELSE 0 END", 1],
    ["CASE WHEN NOT (1 = 1 AND 2 > 3) OR NULL > 1 THEN 1 ELSE 0 END", 1],
    ["CASE WHEN 2 BETWEEN 1 AND 3 AND 4 NOT BETWEEN 1 AND 3 THEN 1 ELSE 0 END", 1],
    ["CASE WHEN 2 IN (1, 2) AND 3 NOT IN (1, 2) THEN 1 ELSE 0 END", 1],
    ["CASE WHEN 3 NOT IN (1, NULL) THEN 1 ELSE 0 END", 0],
    ["CASE WHEN 'a.b' LIKE '_.%' AND 'x' LIKE '[w-y]' AND 'a' NOT LIKE 'b%' THEN 1 ELSE 0 END", 1],
    ["CAST('42' AS int)", 42],
    ["CAST(3000000000 AS nvarchar(20))", "3000000000"],
    ["CAST('abcdef' AS varchar(3))", "abc"],
    ["CONVERT(varchar(100), 0xAB01, 1)", "0xAB01"],
    ["CONVERT(varchar(100), 0xAB01, 2)", "AB01"],
    [
      "CAST(CAST('6e3a1b2c-4d5e-4f60-8a9b-0c1d2e3f4a5b' AS uniqueidentifier) AS nvarchar(36))",
      "6E3A1B2C-4D5E-4F60-8A9B-0C1D2E3F4A5B",
    ],
    [
      "CONVERT(varchar(max), CONVERT(varbinary(16), CAST('6e3a1b2c-4d5e-4f60-8a9b-0c1d2e3f4a5b' AS uniqueidentifier)), 1)",
      "0x2C1B3A6E5E4D604F8A9B0C1D2E3F4A5B",
    ],
    ["CAST(0x2C1B3A6E5E4D604F8A9B0C1D2E3F4A5B AS uniqueidentifier)", "6E3A1B2C-4D5E-4F60-8A9B-0C1D2E3F4A5B"],
    ["CAST('true' AS bit)", true],
    ["CONVERT(nvarchar(30), SYSUTCDATETIME(), 126)", "2026-11-24T12:00:00.0000000"],
    ["CAST('2026-11-24 10:20:30.5' AS datetime2)", new Date("2026-11-24T10:20:30.500Z")],
    ["LEN(N'abc  ')", 3],
    ["DATALENGTH(N'abc')", 6],
    ["UPPER(LEFT(LTRIM('  abc'), 2))", "AB"],
    ["SUBSTRING('abcdef', 2, 3)", "bcd"],
    ["REPLACE('a-b-c', '-', '+')", "a+b+c"],
    ["CONCAT('a', NULL, 1, N'ü')", "a1ü"],
    ["COALESCE(NULL, NULL, 3)", 3],
    ["ISNULL(NULL, 'xyz')", "xyz"],
    ["ISNULL(CAST(NULL AS varchar(2)), 'xyz')", "xy"],
    ["CASE WHEN 1 = 2 THEN NULL ELSE 'xyz' END", "xyz"],
    ["QUOTENAME('a]b')", "[a]]b]"],
    ["DB_NAME()", expect.stringMatching(/^engine/)],
    ["SUSER_SNAME()", "dbo"],
    ["USER_NAME()", "dbo"],
    ["CURRENT_USER", "dbo"],
    ["IS_ROLEMEMBER('db_owner')", 1],
    ["@@VERSION", expect.stringContaining("Microsoft SQL Azure")],
    ["(SELECT 5)", 5],
    ["/* a /* nested */ comment */ 1 -- and another", 1],
  ])("%s", async (expression, expected) => {
    expect(await value(expression)).toEqual(expected);
  });

  it.each([
    ["SELECT 1 / 0", 8134],
    ["SELECT CAST('x' AS int)", 245],
    ["SELECT 2147483647 + 1", 8115],
    ["SELECT CAST('x' AS uniqueidentifier)", 8169],
    ["SELECT CAST('yesterday' AS datetime2)", 241],
    ["SELECT CAST(0x01 AS datetime2)", 206],
    ["SELECT CAST(1 AS money)", 2715],
    ["SELECT nothing", 207],
    ["SELECT x.nothing", 4104],
    ["SELECT @nothing", 137],
    ["SELECT NOSUCH(1)", 195],
    ["SELECT LEN(1, 2)", 174],
    ["SELECT 1 WHERE 1", 4145],
    ["SELECT (SELECT 1, 2)", 116],
    ["SELECT *", 263],
    ["SELECT 'open", 105],
    ["SELECT 1 /* open", 113],
    ["SELECT 1 ORDER BY 2", 108],
    ["SELECT 1 FROM missing", 208],
    ["SELECT 1 FROM sys.missing", 208],
    ["SELECT 1 + 'a' = 2", 102],
    ["SELECT ~1", 102],
    ["SELECT 1 GROUP BY 1", 102],
    ["TRUNCATE TABLE t", 102],
    ["CREATE VIEW v AS SELECT 1", 102],
    ["DECLARE @a int, @a int", 134],
    ["SET @a = 1", 137],
    ["DECLARE @a int; SELECT @a = 1, 2", 141],
    ["USE other", 40508],
    ["WAITFOR DELAY 'soon'", 148],
    ["EXEC no_such_procedure", 2812],
    [`SELECT ${"(".repeat(200)}1${")".repeat(200)}`, 191],
    [`SELECT ${"-".repeat(1)}${"+".repeat(3000)}1`, 191],
    ["SELECT COUNT(*) FROM sys.schemas WHERE COUNT(*) > 1", 147],
    ["SELECT name, COUNT(*) FROM sys.schemas", 8120],
    ["SELECT name FROM sys.schemas a, sys.tables b", 209],
    ["SELECT 1 FROM sys.schemas, sys.schemas", 1011],
  ])("%s is an error", async (text, number) => {
    expect(await fails(text)).toBe(number);
  });
});

describe("tables", () => {
  it("number their rows, fill in defaults, and enforce their types", async () => {
    await database.runScript(`
      CREATE TABLE dbo.[message list] (
        id int IDENTITY(1, 1) NOT NULL CONSTRAINT pk PRIMARY KEY CLUSTERED,
        message nvarchar(10) NOT NULL,
        seen bit NOT NULL DEFAULT 0,
        at datetime2 CONSTRAINT df DEFAULT (SYSUTCDATETIME()),
        price float NULL,
        CONSTRAINT uq UNIQUE (message ASC, seen)
      )`);
    await database.runScript(
      "INSERT [message list] (message) VALUES (N'one'), (N'two'); INSERT [message list] VALUES (N'three', 1, DEFAULT, '2.5')",
    );

    expect(await one("SELECT * FROM [message list]")).toEqual([
      { id: 1, message: "one", seen: false, at: new Date("2026-11-24T12:00:00.000Z"), price: null },
      { id: 2, message: "two", seen: false, at: new Date("2026-11-24T12:00:00.000Z"), price: null },
      { id: 3, message: "three", seen: true, at: new Date("2026-11-24T12:00:00.000Z"), price: 2.5 },
    ]);
    expect(await fails("INSERT [message list] (message) VALUES (N'12345678901')")).toBe(2628);
    expect(await fails("INSERT [message list] (message) VALUES (NULL)")).toBe(515);
    expect(await fails("INSERT [message list] (id, message) VALUES (9, N'x')")).toBe(544);
    expect(await fails("INSERT [message list] (message) VALUES (N'x'), (N'ONE')")).toBe(2627);
    expect(await fails("INSERT [message list] VALUES (N'x')")).toBe(213);
    expect(await fails("INSERT [message list] (message) VALUES (N'x', 2)")).toBe(110);
    expect(await fails("INSERT [message list] (message, seen) VALUES (N'x')")).toBe(109);
    expect(await fails("UPDATE [message list] SET id = 9")).toBe(8102);
    expect(await fails("UPDATE [message list] SET message = N'one', seen = 0")).toBe(2627);
    expect(await fails("UPDATE [message list] SET nothing = 1")).toBe(207);
    expect(
      await one("SELECT COUNT(*) AS n, MIN(id) AS low, MAX(id) AS high, SUM(id) AS total FROM [message list]"),
    ).toEqual([{ n: 3, low: 1, high: 3, total: 6 }]);
  });

  it("can be created only once and dropped only once", async () => {
    await database.runScript("IF OBJECT_ID(N'[dbo].[t]', N'U') IS NULL CREATE TABLE t (id int)");

    expect(await fails("CREATE TABLE dbo.T (id int)")).toBe(2714);
    expect(await fails("CREATE TABLE nowhere.t (id int)")).toBe(2760);
    expect(await fails("CREATE TABLE u (a int, A int)")).toBe(2705);
    expect(await fails("CREATE TABLE u (a int, PRIMARY KEY (b))")).toBe(1911);
    expect(
      await one("SELECT t.name, s.name AS s FROM sys.tables t JOIN sys.schemas s ON s.schema_id = t.schema_id"),
    ).toEqual([{ name: "t", s: "dbo" }]);
    await database.runScript("DROP TABLE t; DROP TABLE IF EXISTS t");
    expect(await fails("DROP TABLE t")).toBe(3701);
  });

  it("let rows of one UPDATE take each other's keys, and keep their order", async () => {
    await database.runScript("CREATE TABLE t (id int PRIMARY KEY, n int); INSERT t VALUES (1, 10), (2, 20), (3, 30)");

    await database.runScript("UPDATE t SET id = 3 - id WHERE id < 3; DELETE t WHERE n = 30; INSERT t VALUES (3, 40)");

    expect(await one("SELECT * FROM t")).toEqual([
      { id: 2, n: 10 },
      { id: 1, n: 20 },
      { id: 3, n: 40 },
    ]);
    expect(await fails("UPDATE t SET id = 3 WHERE n = 10")).toBe(2627);
  });

  it("keep none of a failed statement's rows", async () => {
    await database.runScript("CREATE TABLE t (id int PRIMARY KEY)");

    expect(await fails("INSERT t VALUES (1), (2), (1)")).toBe(2627);

    expect(await one("SELECT * FROM t")).toEqual([]);
  });
});

describe("SELECT", () => {
  beforeEach(async () => {
    await database.runScript(`
      CREATE TABLE a (id int, name nvarchar(10));
      CREATE TABLE b (id int, a_id int, n int);
      INSERT a VALUES (1, N'x'), (2, N'y'), (3, NULL);
      INSERT b VALUES (10, 1, 5), (11, 1, 7), (12, 2, 5)`);
  });

  it.each([
    [
      "SELECT a.name, b.n FROM a JOIN b ON b.a_id = a.id ORDER BY b.id",
      [
        ["x", 5],
        ["x", 7],
        ["y", 5],
      ],
    ],
    [
      "SELECT a.id, b.id AS b FROM a LEFT JOIN b ON b.a_id = a.id AND b.n = 7 ORDER BY a.id",
      [
        [1, 11],
        [2, null],
        [3, null],
      ],
    ],
    [
      "SELECT a.id, b.id AS b FROM a LEFT JOIN b ON b.a_id = a.id AND b.n = 7 WHERE b.id IS NULL ORDER BY a.id",
      [
        [2, null],
        [3, null],
      ],
    ],
    ["SELECT a.id FROM a LEFT JOIN b ON b.a_id = a.id WHERE a.name = N'x' AND b.n = 7", [[1]]],
    [
      "SELECT a.id, b.id AS b FROM a JOIN b ON b.a_id = a.id WHERE a.name = N'x' OR b.n = 5 ORDER BY b.id",
      [
        [1, 10],
        [1, 11],
        [2, 12],
      ],
    ],
    ["SELECT p.id FROM a AS p JOIN a AS q ON q.id = p.id WHERE p.id = 2 AND NOT (q.name IN (N'x'))", [[2]]],
    ["SELECT a.id FROM a JOIN b ON b.a_id = a.id WHERE a.name = N'z'", []],
    ["SELECT COUNT(*) AS n FROM a CROSS JOIN b", [[9]]],
    ["SELECT COUNT(name) AS n, COUNT_BIG(*) AS m FROM a", [[2, 3n]]],
    ["SELECT DISTINCT n FROM b ORDER BY n DESC", [[7], [5]]],
    ["SELECT TOP 2 id FROM b ORDER BY id DESC", [[12], [11]]],
    ["SELECT TOP (1 + 0) name FROM a ORDER BY name", [[null]]],
    ["SELECT id FROM b ORDER BY id OFFSET 1 ROWS FETCH NEXT 1 ROWS ONLY", [[11]]],
    ["SELECT id AS i FROM a WHERE id IN (SELECT a_id FROM b WHERE n = 5) ORDER BY i DESC", [[2], [1]]],
    ["SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE b.a_id = a.id AND b.n = 7)", [[1]]],
    ["SELECT id FROM a WHERE EXISTS (SELECT 1 FROM b WHERE a_id = a.id AND n = 5 AND name = N'y')", [[2]]],
    [
      "SELECT id, (SELECT MAX(n) FROM b WHERE a_id = a.id) AS top_n FROM a",
      [
        [1, 7],
        [2, 5],
        [3, null],
      ],
    ],
    ["SELECT id FROM a WHERE name IS NULL OR name <> N'X' ORDER BY 1", [[2], [3]]],
    ["SELECT b.* FROM a, b WHERE a.id = b.a_id AND a.name = N'y'", [[12, 2, 5]]],
    ["SELECT MAX(n) AS m FROM b WHERE n > 100", [[null]]],
  ])("%s", async (text, rows) => {
    expect((await one(text))?.map((row) => Object.values(row))).toEqual(rows);
  });

  it("as a single value refuses several rows", async () => {
    expect(await fails("SELECT (SELECT id FROM a)")).toBe(512);
  });
});

describe("catalog views", () => {
  const sid = `0x${"AB".repeat(16)}`;
  beforeEach(async () => {
    await database.runScript(`
      CREATE USER u WITH SID = ${sid}, TYPE = E;
      CREATE USER other WITHOUT LOGIN;
      ALTER ROLE db_datareader ADD MEMBER u; ALTER ROLE db_datareader ADD MEMBER other; ALTER ROLE db_owner ADD MEMBER u;
      EXEC sp_addextendedproperty N'k', N'v', N'USER', N'u';
      EXEC sp_addextendedproperty N'k', N'w', N'USER', N'other'`);
  });
  const principals = "sys.database_principals";

  it.each([
    [
      `SELECT p.name AS member, r.name AS role FROM sys.database_role_members m
       JOIN ${principals} p ON p.principal_id = m.member_principal_id
       JOIN ${principals} r ON r.principal_id = m.role_principal_id WHERE p.name = N'U' ORDER BY r.name`,
      [
        ["u", "db_datareader"],
        ["u", "db_owner"],
      ],
    ],
    [
      `SELECT p.name AS member FROM ${principals} r
       JOIN sys.database_role_members m ON m.role_principal_id = r.principal_id
       JOIN ${principals} p ON m.member_principal_id = p.principal_id WHERE r.name = N'db_datareader' ORDER BY 1`,
      [["other"], ["u"]],
    ],
    [
      `SELECT p.name AS p, e.value AS e FROM ${principals} p
       LEFT JOIN sys.extended_properties e ON e.major_id = p.principal_id
       JOIN ${principals} r ON r.principal_id = e.major_id WHERE r.name = N'u'`,
      [["u", "v"]],
    ],
    [
      `SELECT p.name AS p, e.value AS e FROM ${principals} p
       LEFT JOIN sys.extended_properties e ON e.major_id = p.principal_id AND e.name = N'none'
       JOIN ${principals} r ON r.principal_id = p.principal_id WHERE r.name = N'u'`,
      [["u", null]],
    ],
    [`SELECT name FROM ${principals} WHERE name = N'u' OR sid = ${sid}`, [["u"]]],
    [`SELECT name FROM ${principals} WHERE type = 'e'`, [["u"]]],
    [`SELECT name FROM ${principals} WHERE name = NULL OR sid = NULL`, []],
    [`SELECT name FROM ${principals} WHERE principal_id = CAST(USER_ID(N'other') AS bigint)`, [["other"]]],
    ["SELECT value FROM sys.extended_properties WHERE major_id = USER_ID(N'other') AND name = N'K'", [["w"]]],
    ["SELECT value FROM sys.extended_properties WHERE major_id = USER_ID(N'nobody')", []],
  ])("%s", async (text, rows) => {
    expect((await one(text))?.map((row) => Object.values(row))).toEqual(rows);
  });
});

describe("decimal", () => {
  it.each([
    ["1.5", "1.5"],
    ["-0.05", "-0.05"],
    ["1.5 + 1", "2.5"],
    ["0.1 + 0.2", "0.3"],
    ["1.25 * 1.5", "1.875"],
    ["10 - 0.01", "9.99"],
    ["CAST('12345678901234567.895' AS decimal(20, 2))", "12345678901234567.90"],
    ["CAST(-2.5 AS decimal(5))", "-3"],
    ["CAST(1.5 AS int)", 1],
    ["CAST(1.50 AS nvarchar(10))", "1.50"],
    ["CAST(1.5 AS float)", 1.5],
    ["1.5 + CAST(1 AS float)", 2.5],
    ["1.5e0", 1.5],
    ["2.0 / 3", "0.666666"],
    ["-7.5 % 2", "-1.5"],
    ["CASE WHEN 1.50 = 1.5 AND 1.4 < 2 THEN 'equal' END", "equal"],
  ])("%s is %s", async (expression, expected) => {
    expect(await value(expression)).toBe(expected);
  });

  it("can be a column type, is summed exactly, and is refused when out of range", async () => {
    await database.runScript(
      "CREATE TABLE t (price decimal(9, 2), weight float); INSERT t VALUES (0.1, 2.5), (0.2, 1)",
    );

    expect(await one("SELECT SUM(price) AS price, SUM(weight) AS weight FROM t WHERE price < 0.25")).toEqual([
      { price: "0.30", weight: 3.5 },
    ]);
    expect(await fails("INSERT t (price) VALUES (12345678.5)")).toBe(8115);
    expect(await fails("SELECT 1.5 / 0")).toBe(8134);
    expect(await fails("SELECT CAST('x' AS decimal)")).toBe(8114);
  });
});

describe("batches", () => {
  it("refuse objects that would end with their session, which this engine would keep for all sessions", async () => {
    expect(await fails("CREATE TABLE #t (id int)")).toBe(40510);
    expect(await fails("CREATE TABLE [##t] (id int)")).toBe(40510);
  });

  it("end a one-line comment at a carriage return as at a line feed", async () => {
    expect(await one("SELECT 1 AS a -- one\r, 2 AS b -- two\n, 3 AS c -- three\r\n, 4 AS d")).toEqual([
      { a: 1, b: 2, c: 3, d: 4 },
    ]);
  });

  it("declare, assign and branch", async () => {
    const sets = await database.runScript(`
      DECLARE @n int = 1, @text nvarchar(10);
      SET @text = N'a';
      SELECT @n = @n + 1, @text = @text + N'b';
      IF @n = 2 BEGIN SELECT @n AS n; SELECT @text AS text; END ELSE SELECT 'no' AS n;
      IF @n = 3 SELECT 'no' AS n; ELSE SELECT 'else' AS n;
      IF @n = 3 SELECT 'no' AS n
      SELECT @@ROWCOUNT AS rows`);

    expect(sets).toEqual([[{ n: 2 }], [{ text: "ab" }], [{ n: "else" }], [{ rows: 1 }]]);
  });

  it("run parameterized text with sp_executesql, in its own variable scope", async () => {
    const sets = await database.runScript(`
      DECLARE @x int = 1;
      EXEC sp_executesql N'SELECT @x * 2 AS n', N'@x int', @x = 21;
      SELECT @x AS x`);

    expect(sets).toEqual([[{ n: 42 }], [{ x: 1 }]]);
    expect(await fails("EXEC sp_executesql N'SELECT @x', N'@x int'")).toBe(8178);
    expect(await fails("EXEC sp_executesql N'SELEKT'")).toBe(102);
  });

  it("have no effect when they do not parse", async () => {
    expect(await fails("CREATE TABLE t (id int); SELECT FROM")).toBe(102);

    expect(await value("OBJECT_ID('t')")).toBeNull();
  });

  it("remember the last identity value", async () => {
    await database.runScript("CREATE TABLE t (id int IDENTITY(5, 2), a int)");

    expect(await one("INSERT t (a) VALUES (1), (2); SELECT SCOPE_IDENTITY() AS id, @@IDENTITY AS same")).toEqual([
      { id: 7n, same: 7n },
    ]);
  });
});
