/** A client that shares no code with the others: FreeTDS's tsql, built on GnuTLS (Debian: freetds-bin). */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasProgram } from "../../../../test/support/programs.ts";
import { type SqlSandbox, startSqlSandbox } from "../../../../test/support/sql.ts";

const program = "tsql";
const isUsable = hasProgram(program, {
  what: "FreeTDS did not meet the simulator",
  probe: ["-C"],
  from: "freetds-bin",
});

describe.runIf(isUsable)("tsql", () => {
  let sandbox: SqlSandbox;
  let folder: string;
  beforeAll(async () => {
    sandbox = await startSqlSandbox({ sqlLogins: { sa: "secret" } });
    folder = await mkdtemp(join(tmpdir(), "tsql-"));
    const server = `[sandbox]\nhost = 127.0.0.1\nport = ${sandbox.simulator.port}\nencryption = require\nclient charset = UTF-8\n`;
    await writeFile(join(folder, "freetds.conf"), server);
  });
  afterAll(async () => {
    await sandbox.close();
    await rm(folder, { recursive: true });
  });

  async function run(script: string, { version = "7.4", password = "secret" } = {}) {
    const child = spawn(program, ["-S", "sandbox", "-U", "sa", "-P", password, "-D", "orders", "-o", "q"], {
      env: { ...process.env, FREETDSCONF: join(folder, "freetds.conf"), TDSVER: version },
    });
    child.stdin.on("error", () => undefined);
    child.stdin.end(script);
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
    return { output, errors };
  }

  it.each(["7.3", "7.4", "auto"])(
    "speaks TDS %s: connects over TLS, creates and reads a table, and sees error numbers",
    async (version) => {
      const { output, errors } = await run(
        `create table t (id int identity, name nvarchar(20), yes bit, long nvarchar(max), at datetime2, id2 uniqueidentifier)
go
insert into t (name, yes, long, at, id2) values (N'ä漢', 1, replicate(cast(N'x' as nvarchar(max)), 20000), '2026-01-02 03:04:05', 0x2C1B3A6E5E4D604F8A9B0C1D2E3F4A5B)
go
select id, name, yes, len(long) as n, at, id2 from t
select long from t
go
alter role nope add member x
go
drop table t
go
`,
        { version },
      );

      expect(output).toContain("id\tname\tyes\tn\tat\tid2");
      expect(output).toMatch(/^1\tä漢\t1\t20000\tJan {2}2 2026 03:04AM\t6E3A1B2C-4D5E-4F60-8A9B-0C1D2E3F4A5B$/m);
      expect(output).toContain("x".repeat(20_000));
      expect(errors).toContain("Msg 15151 (severity 16, state 1) from sql-dev");
      expect(errors).toContain("Cannot alter the role 'nope'");
    },
  );

  it("is refused with 18456 when the password is wrong", async () => {
    const { errors } = await run("select 1\ngo\n", { password: "wrong" });

    expect(errors).toContain("Msg 18456 (severity 14, state 1) from sql-dev");
    expect(errors).toContain("Login failed for user 'sa'.");
  });

  it("is refused with 18456 when no passwords are set up, as in Azure with Entra-only logins", async () => {
    const entraOnly = await startSqlSandbox();
    const server = `[sandbox]\nhost = 127.0.0.1\nport = ${entraOnly.simulator.port}\nencryption = require\n`;
    await writeFile(join(folder, "entra.conf"), server);
    const child = spawn(program, ["-S", "sandbox", "-U", "sa", "-P", "secret", "-D", "orders"], {
      env: { ...process.env, FREETDSCONF: join(folder, "entra.conf") },
    });
    child.stdin.end();

    expect(await text(child.stderr)).toContain("Msg 18456");
    await entraOnly.close();
  });
});
