/** What the SQL of an onboarding costs, the driver's and the simulated server's together, as the users of a database grow. */

import { randomUUID } from "node:crypto";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { names, startCloud } from "../../sandbox/cloud.ts";
import { createDatabases } from "../../src/adapters/sql/index.ts";
import { ClientId } from "../../src/domain/naming/identityPair.ts";
import { sidFromClientId } from "../../src/domain/naming/sid.ts";
import type { DatabaseTarget } from "../../src/domain/targets/sqlDatabase.ts";
import type { Databases } from "../../src/ports/databases.ts";

const database = "messages";
const rounds = 200;

export async function measureUsers(sizes: readonly number[]): Promise<void> {
  const cloud = await startCloud();
  setDefaultCACertificates([...getCACertificates("default"), cloud.tls.certificate]);
  const databases = createDatabases({ credential: cloud.credentialOf("mooring") });
  const server = { alias: names.sqlServer, resourceId: "", host: "localhost", port: cloud.sql.port, databases: {} };
  const onboard = () => onboardUser(databases, { server: { ...server, userCreation: "sid" }, database });
  // The first compile code.
  for (let round = 0; round < rounds; round += 1) await onboard();
  console.log("users    processor time of an onboarding");
  for (const size of sizes) {
    const { runScript, users } = cloud.sql.database(database);
    while (users().length < size) await runScript(newUsers(Math.min(100, size - users().length)));
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) await onboard();
    const { user, system } = process.cpuUsage(before);
    console.log(`${String(size).padEnd(9)}${((user + system) / 1_000 / rounds).toFixed(1)} ms`);
  }
  await databases.close();
  await cloud.close();
}

function newUsers(count: number): string {
  const users = Array.from({ length: count }, () => {
    const name = randomUUID();
    return `CREATE USER [${name}] WITH SID = ${sidFromClientId(ClientId.parse(randomUUID()))}, TYPE = E;
      ALTER ROLE mooring_reader ADD MEMBER [${name}];
      EXEC sys.sp_addextendedproperty N'mooring', N'{}', N'USER', N'${name}'`;
  });
  return users.join(";\n");
}

/** As its steps do: two look at the database before they change it, and one after. */
async function onboardUser(databases: Databases, target: DatabaseTarget): Promise<void> {
  const [name, sid] = [randomUUID(), sidFromClientId(ClientId.parse(randomUUID()))];
  await databases.inspect(target, { name, sid: undefined });
  await databases.inspect(target, { name, sid });
  await databases.change(target, [
    { kind: "createFromSid", user: name, sid },
    { kind: "addRole", user: name, role: "mooring_reader" },
    { kind: "mark", user: name, mark: "{}" },
  ]);
  await databases.inspect(target, { name, sid });
}
