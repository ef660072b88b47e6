/**
 * The role bundles: what a team may ask for on a database, independent of how the database grants it. A new bundle needs only an
 * entry here, and its role in infra/sql/database-user.sql.
 */
import { z } from "zod";

export const RoleBundle = z.enum(["reader", "writer", "executor", "owner"]);
export type RoleBundle = z.infer<typeof RoleBundle>;

/** A database role, or a permission on the database that no fixed role gives on its own. */
export type Grant =
  | { readonly kind: "role"; readonly name: string }
  | { readonly kind: "permission"; readonly name: "EXECUTE" };

interface Bundle {
  /** The permissions of Mooring's own role for it; none if only a fixed role gives it. */
  readonly permissions: readonly string[];
  /** How a database gives it that lacks Mooring's role: a member of db_owner has to. Empty if it cannot. */
  readonly fixed: readonly Grant[];
  /**
   * Denied permissions on the whole database, and roles, that cancel what the bundle gives. A DENY on a part of it, such as
   * `DENY SELECT ON dbo.stock`, has another text.
   */
  readonly deniedBy: readonly string[];
  /** Whether it allows reading a table. */
  readonly reads: boolean;
}

const reading = ["SELECT", "db_denydatareader"];
const writing = ["INSERT", "UPDATE", "DELETE", "db_denydatawriter"];
const executing = ["EXECUTE"];

export const roleBundles: Record<RoleBundle, Bundle> = {
  reader: { permissions: ["SELECT"], fixed: [role("db_datareader")], deniedBy: reading, reads: true },
  writer: {
    permissions: ["SELECT", "INSERT", "UPDATE", "DELETE"],
    fixed: [role("db_datareader"), role("db_datawriter")],
    deniedBy: [...reading, ...writing],
    reads: true,
  },
  executor: {
    permissions: ["EXECUTE"],
    fixed: [{ kind: "permission", name: "EXECUTE" }],
    deniedBy: executing,
    reads: false,
  },
  owner: {
    permissions: [],
    fixed: [role("db_owner")],
    deniedBy: [...reading, ...writing, ...executing, "CONTROL"],
    reads: true,
  },
};

function role(name: string): Grant {
  return { kind: "role", name };
}
