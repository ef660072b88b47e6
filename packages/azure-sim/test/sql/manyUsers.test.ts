/** What the service does for one user looks at few rows, however many users there are. */

import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { createDatabases } from "../../../../src/adapters/sql/index.ts";
import { sidFromClientId } from "../../../../src/domain/naming/sid.ts";
import { clientIdOf } from "../../../../test/support/ids.ts";
import { databaseName, type SqlSandbox, startSqlSandbox, targetOf } from "../../../../test/support/sql.ts";
import { IndexedRows } from "../../src/sql/engine/indexedRows.ts";

let sandbox: SqlSandbox;
let databases: ReturnType<typeof createDatabases>;
beforeAll(async () => {
  sandbox = await startSqlSandbox();
  databases = createDatabases({ credential: sandbox.credential(sandbox.admin) });
});
afterAll(async () => {
  await databases.close();
  await sandbox.close();
});

async function addUsers(count: number): Promise<void> {
  const users = Array.from({ length: count }, () => {
    const name = randomUUID();
    return `CREATE USER [${name}] WITH SID = ${sidFromClientId(clientIdOf(randomUUID()))}, TYPE = E;
      ALTER ROLE db_datareader ADD MEMBER [${name}]; GRANT EXECUTE TO [${name}];
      EXEC sp_addextendedproperty N'mooring', N'{}', N'USER', N'${name}'`;
  });
  await sandbox.simulator.database(databaseName).runScript(users.join(";\n"));
}

/** How many rows an onboarding and an offboarding take out of the database. */
async function rowsRead(): Promise<number> {
  const list = vi.spyOn(IndexedRows.prototype, "list");
  const target = targetOf(sandbox, databaseName);
  const [name, sid] = [randomUUID(), sidFromClientId(clientIdOf(randomUUID()))];
  await databases.inspect(target, { name, sid: undefined });
  await databases.change(target, [
    { kind: "createFromSid", user: name, sid },
    { kind: "addRole", user: name, role: "db_datareader" },
    { kind: "grant", user: name, permission: "EXECUTE" },
    { kind: "mark", user: name, mark: "1" },
  ]);
  expect((await databases.inspect(target, { name, sid })).users).toMatchObject([
    { name, sid, roles: ["db_datareader"], permissions: ["EXECUTE"], mark: "1" },
  ]);
  await databases.change(target, [
    { kind: "mark", user: name, mark: "2" },
    { kind: "removeRole", user: name, role: "db_datareader" },
    { kind: "revoke", user: name, permission: "EXECUTE" },
    { kind: "drop", user: name },
  ]);
  const rows = list.mock.results.reduce((sum, { value }) => sum + value.length, 0);
  list.mockRestore();
  return rows;
}

it("reads as many rows with 500 users as with five", async () => {
  await addUsers(5);
  // The first also logs in.
  await rowsRead();
  const atFirst = await rowsRead();
  await addUsers(495);

  expect(await rowsRead()).toBe(atFirst);
});
