/** What Mooring may do in the databases of a world. */
import type { Rights } from "../../support/models/databases.ts";

/**
 * What Mooring is in a database: in db_owner, as 0.1.0 had to be; the same, but the database has Mooring's roles by now; or nothing
 * but what infra/sql/database-user.sql gives.
 */
type OwnRights = "owner" | "ownerWithRoles" | "least";
/** By `server/database`. */
export type RightsIn = Map<string, OwnRights>;

/** `reports` is the database's owner's, and for requests; `app_role` is nobody's to ask for. */
const others = ["db_owner", "db_datareader", "db_datawriter", "app_role", "reports"];
/** On the schema sales, on which there are no fixed roles: whoever owns a database has made it from the start. */
const onSchema: Readonly<Record<string, readonly string[]>> = { mooring_reader_sales: ["SELECT ON SCHEMA sales"] };
const own: Readonly<Record<string, readonly string[]>> = {
  mooring_reader: ["SELECT"],
  mooring_writer: ["DELETE", "INSERT", "SELECT", "UPDATE"],
  mooring_executor: ["EXECUTE"],
  ...onSchema,
};

/** Nothing is known of a database that is not there. */
export function rightsOf(rights: OwnRights | undefined): Rights {
  if (rights === undefined || rights === "owner") return { roles: [...others, ...Object.keys(onSchema)] };
  const roles = [...others, ...Object.keys(own)];
  if (rights === "ownerWithRoles") return { roles };
  const cannot = { mayChangeRoles: false, mayGrant: false };
  const changeableRoles = [...Object.keys(own), "reports"];
  return { roles, changeableRoles, rolePermissions: { app_role: [], reports: [], ...own }, ...cannot };
}
