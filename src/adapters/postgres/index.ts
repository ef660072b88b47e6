/** Azure Database for PostgreSQL, with the usual Node driver (pg) and the identity's access tokens. */
import type { PostgresRoles } from "../../ports/postgres.ts";
import { type ConnectionSettings, connecting } from "./connections.ts";
import { createLeaving } from "./leaving.ts";
import { createLooks } from "./looks.ts";
import { createRights } from "./rights.ts";

export function createPostgres({
  credential,
  // That of the access token; sovereign clouds have another.
  scope = "https://ossrdbms-aad.database.windows.net/.default",
  timeoutMs = 30_000,
}: Pick<ConnectionSettings, "credential"> & Partial<ConnectionSettings>): PostgresRoles {
  const connected = connecting({ credential, scope, timeoutMs });
  return { ...createLooks(connected), ...createRights(connected), ...createLeaving(connected) };
}
