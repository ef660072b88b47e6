/** A database as it was for releases before 0.2.0: without Mooring's roles, and with Mooring's user in db_owner. */
import type { Cloud } from "../../sandbox/cloud.ts";
import { ownRoles } from "../../src/domain/targets/databaseRoles.ts";

export async function withFixedRoles({ sql }: Cloud, database: string): Promise<void> {
  const drop = ownRoles.map(({ name }) => `DROP ROLE ${name};`).join(" ");
  await sql.database(database).runScript(`${drop} ALTER ROLE db_owner ADD MEMBER mooring;`);
}
