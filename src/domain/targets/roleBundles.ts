/**
 * What a team may ask for on a database, independent of how the database grants it. A new bundle needs only an entry here, and its
 * role in infra/sql/database-user.sql.
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

const roleBundles: Record<RoleBundle, Bundle> = {
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

/** A role that Mooring has in a database for itself: it changes the members, and whoever owns the database has made it. */
export interface OwnRole {
  readonly name: string;
  readonly permissions: readonly string[];
}

/** Undefined if the bundle has none. */
export function ownRoleOf(bundle: RoleBundle): OwnRole | undefined {
  const { permissions } = roleBundles[bundle];
  return permissions.length === 0 ? undefined : { name: `mooring_${bundle}`, permissions };
}

/** Every role of Mooring's own. */
export const ownRoles: readonly OwnRole[] = RoleBundle.options.flatMap((bundle) => ownRoleOf(bundle) ?? []);

export function isOwnRole(name: string): boolean {
  return ownRoles.some((role) => role.name === name);
}

/** The members of these only a member of db_owner may change (learn.microsoft.com "Database-level roles"). */
const fixedRoles: ReadonlySet<string> = new Set([
  ...["db_owner", "db_accessadmin", "db_securityadmin", "db_ddladmin", "db_backupoperator"],
  ...["db_datareader", "db_datawriter", "db_denydatareader", "db_denydatawriter"],
]);

export function isFixedRole(name: string): boolean {
  return fixedRoles.has(name);
}

/** What a database has, and what its user holds there already. */
export interface Circumstances {
  /** Its roles; undefined before anybody can look. */
  readonly roles?: readonly string[];
  /** Whether Mooring may give what only a member of db_owner, or of db_securityadmin, may give. */
  mayGive?(grant: Grant): boolean;
  /** Whether the user has the same as by Mooring's role, and keeps it. */
  keeps?(fixed: readonly Grant[], ownRole: string): boolean;
}

/** How the database gives the bundles: by Mooring's roles, if it has them. */
export function grantsOf(bundles: readonly RoleBundle[], at: Circumstances = {}): readonly Grant[] {
  const grants = bundles.flatMap((bundle) => {
    const own = ownRoleOf(bundle);
    return own && usesOwn(bundle, own, at) ? [role(own.name)] : roleBundles[bundle].fixed;
  });
  return unique(grants);
}

function usesOwn(bundle: RoleBundle, { name }: OwnRole, { roles, mayGive, keeps }: Circumstances): boolean {
  const { fixed } = roleBundles[bundle];
  if (fixed.length === 0 || roles === undefined) return true;
  return roles.includes(name) ? keeps?.(fixed, name) !== true : !fixed.every((grant) => mayGive?.(grant) !== false);
}

/** What gives the bundles in one database or another. */
export function waysOf(bundles: readonly RoleBundle[]): readonly Grant[] {
  return unique(bundles.flatMap((bundle) => [...grantsOf([bundle]), ...roleBundles[bundle].fixed]));
}

/** The fixed roles and permissions that give the same as a role of Mooring's own; none for any other role. */
export function fixedInsteadOf(ownRole: string): readonly Grant[] {
  const bundle = RoleBundle.options.find((each) => ownRoleOf(each)?.name === ownRole);
  return bundle === undefined ? [] : roleBundles[bundle].fixed;
}

/** The permissions on the database that the bundles give; a bundle whose permissions are among another's adds nothing. */
export function permissionsOf(bundles: readonly RoleBundle[]): ReadonlySet<string> {
  return new Set(bundles.flatMap((bundle) => ownRoleOf(bundle)?.permissions ?? namesOf(roleBundles[bundle].fixed)));
}

function namesOf(grants: readonly Grant[]): readonly string[] {
  return grants.map(({ name }) => name);
}

function unique(grants: readonly Grant[]): readonly Grant[] {
  return [...new Map(grants.map((grant) => [grant.name, grant])).values()];
}

/** Every permission that any bundle gives directly. */
export const grantablePermissions: readonly Grant[] = waysOf(RoleBundle.options).filter(
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

/** For the documentation: `reader: SELECT. …` */
export const bundlesInWords = RoleBundle.options
  .map((bundle) => `${bundle}: ${[...permissionsOf([bundle])].join(", ")}.`)
  .join(" ");
