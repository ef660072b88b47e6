/** What a team may ask for on a database, independent of how the database grants it. A new bundle needs only an entry here. */
import { z } from "zod";

export const RoleBundle = z.enum(["reader", "writer", "executor", "owner"]);
export type RoleBundle = z.infer<typeof RoleBundle>;

/** A fixed database role, or a permission on the database that no role gives on its own. */
export type Grant =
  | { readonly kind: "role"; readonly name: string }
  | { readonly kind: "permission"; readonly name: "EXECUTE" };

interface Bundle {
  readonly grants: readonly Grant[];
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

const roleBundles: Record<RoleBundle, Bundle> = {
  reader: { grants: [role("db_datareader")], deniedBy: reading, reads: true },
  writer: {
    grants: [role("db_datareader"), role("db_datawriter")],
    deniedBy: [...reading, ...writing],
    reads: true,
  },
  executor: { grants: [{ kind: "permission", name: "EXECUTE" }], deniedBy: executing, reads: false },
  owner: { grants: [role("db_owner")], deniedBy: [...reading, ...writing, ...executing, "CONTROL"], reads: true },
};

function role(name: string): Grant {
  return { kind: "role", name };
}

export function grantsOf(bundles: readonly RoleBundle[]): readonly Grant[] {
  const grants = bundles.flatMap((bundle) => roleBundles[bundle].grants);
  return [...new Map(grants.map((grant) => [grant.name, grant])).values()];
}

/** Every permission that any bundle gives. */
export const grantablePermissions: readonly Grant[] = grantsOf(RoleBundle.options).filter(
  ({ kind }) => kind === "permission",
);

/** Everything that cancels what the bundles give. */
export function denialsOf(bundles: readonly RoleBundle[]): ReadonlySet<string> {
  return new Set(bundles.flatMap((bundle) => roleBundles[bundle].deniedBy));
}

/** Whether the bundles allow reading a table. */
export function mayRead(bundles: readonly RoleBundle[]): boolean {
  return bundles.some((bundle) => roleBundles[bundle].reads);
}

/** For the documentation: `reader: db_datareader. …` */
export const bundlesInWords = RoleBundle.options
  .map((bundle) => `${bundle}: ${roleBundles[bundle].grants.map(({ name }) => name).join(" and ")}.`)
  .join(" ");
