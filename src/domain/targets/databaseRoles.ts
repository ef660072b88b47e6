/**
 * What a request can name in `roles` of a database, and how the database gives it: a role bundle, a bundle on one schema, or a role that
 * the database's owner made. docs/adr/0028 says why Mooring has roles of its own.
 */
import { z } from "zod";
import { notOneOf } from "../suggest.ts";
import { type Grant, RoleBundle, roleBundles } from "./roleBundles.ts";

const bundles = RoleBundle.options;
/** `owner` is always of the whole database. */
const scopable = bundles.filter((bundle) => roleBundles[bundle].permissions.length > 0);
const schemaName = "[A-Za-z_][A-Za-z0-9_]{0,99}";
/** Without look-ahead, which a CustomResourceDefinition's patterns do not have. */
const pattern = new RegExp(
  `^(${bundles.join("|")}|(${scopable.join("|")})@${schemaName}|role:[A-Za-z_][A-Za-z0-9_-]{0,127})$`,
);
/** Nobody's to give away: fixed roles, and those that Mooring has for itself. */
const reserved = /^role:(db_.*|mooring_.*|public)$/i;

const known = `must be one of ${bundles.join(", ")}; one of ${scopable.join(", ")} on a schema, as in reader@sales; or a role that the database's owner made, as in role:reports`;

const inWords = ({ input }: { readonly input?: unknown }) => notOneOf(input, bundles) ?? known;

export const DatabaseRole = z
  .string()
  .regex(pattern, { error: inWords, abort: true })
  .refine((role) => !reserved.test(role), known);
export type DatabaseRole = z.infer<typeof DatabaseRole>;

/** For the documentation: `reader: SELECT. …` */
export const rolesInWords = [
  ...bundles.map((bundle) => `${bundle}: ${[...permissionsOf([bundle])].join(", ")}.`),
  "reader@sales: the same on the schema sales. role:reports: the role reports, which the database's owner made.",
].join(" ");

type Role =
  | { readonly kind: "bundle"; readonly bundle: RoleBundle; readonly schema: string | undefined }
  | { readonly kind: "role"; readonly name: string };

function read(text: DatabaseRole): Role {
  const [bundle, schema] = text.split("@");
  const found = RoleBundle.safeParse(bundle);
  if (found.success) return { kind: "bundle", bundle: found.data, schema };
  return { kind: "role", name: text.replace(/^role:/, "") };
}

/** Whether the role is the one that a rule names: a rule on a bundle is also one on the bundle's schemas. */
export function isNamedBy(rule: DatabaseRole, role: DatabaseRole): boolean {
  return rule === role || role.startsWith(`${rule}@`);
}

// ——— Mooring's own roles ———

/** A role that Mooring has in a database for itself: it changes the members, and a member of db_owner has made it. */
export interface OwnRole {
  readonly name: string;
  readonly permissions: readonly string[];
  /** Undefined for the whole database. */
  readonly schema: string | undefined;
}

/** Undefined if the bundle has none. */
function ownRoleOf(bundle: RoleBundle, schema?: string): OwnRole | undefined {
  const { permissions } = roleBundles[bundle];
  const name = `mooring_${bundle}${schema === undefined ? "" : `_${schema}`}`;
  return permissions.length === 0 ? undefined : { name, permissions, schema };
}

/** Those of the whole database. */
export const ownRoles: readonly OwnRole[] = bundles.flatMap((bundle) => ownRoleOf(bundle) ?? []);

const ownName = new RegExp(`^mooring_(${scopable.join("|")})(?:_(${schemaName}))?$`);

/** Undefined for a role of somebody else's. */
export function ownRoleNamed(name: string): OwnRole | undefined {
  const [, bundle, schema] = ownName.exec(name) ?? [];
  return bundle === undefined ? undefined : ownRoleOf(RoleBundle.parse(bundle), schema);
}

/** The members of these only a member of db_owner may change (learn.microsoft.com "Database-level roles"). */
const fixedRoles: ReadonlySet<string> = new Set([
  ...["db_owner", "db_accessadmin", "db_securityadmin", "db_ddladmin", "db_backupoperator"],
  ...["db_datareader", "db_datawriter", "db_denydatareader", "db_denydatawriter"],
]);

export function isFixedRole(name: string): boolean {
  return fixedRoles.has(name);
}

// ——— How a database gives them ———

/** What a database has, and what its user holds there already. */
export interface Circumstances {
  /** Its roles; undefined before anybody can look. */
  readonly roles?: readonly string[];
  /** Whether Mooring may give what only a member of db_owner, or of db_securityadmin, may give. */
  mayGive?(grant: Grant): boolean;
  /** Whether the user has the same as by Mooring's role, and keeps it. */
  keeps?(fixed: readonly Grant[], ownRole: string): boolean;
}

/** Bundles are given by Mooring's roles, if the database has them. */
export function grantsOf(roles: readonly DatabaseRole[], at: Circumstances = {}): readonly Grant[] {
  return unique(roles.flatMap((role) => grantsOfOne(read(role), at)));
}

function grantsOfOne(role: Role, at: Circumstances): readonly Grant[] {
  if (role.kind === "role") return [role];
  const own = ownRoleOf(role.bundle, role.schema);
  const fixed = fixedOf(role);
  return own && usesOwn(own.name, fixed, at) ? [{ kind: "role", name: own.name }] : fixed;
}

function fixedOf(role: Role): readonly Grant[] {
  return role.kind === "bundle" && role.schema === undefined ? roleBundles[role.bundle].fixed : [];
}

function usesOwn(name: string, fixed: readonly Grant[], { roles, mayGive, keeps }: Circumstances): boolean {
  if (fixed.length === 0 || roles === undefined) return true;
  if (keeps?.(fixed, name)) return false;
  return roles.includes(name) || !fixed.every((grant) => mayGive?.(grant) !== false);
}

/** What gives the roles in one database or another. */
export function waysOf(roles: readonly DatabaseRole[]): readonly Grant[] {
  return unique(roles.flatMap((role) => [...grantsOf([role]), ...fixedOf(read(role))]));
}

/** The fixed roles and permissions that give the same as a role of Mooring's own; none for any other role. */
export function fixedInsteadOf(ownRole: string): readonly Grant[] {
  const bundle = bundles.find((each) => ownRoleOf(each)?.name === ownRole);
  return bundle === undefined ? [] : roleBundles[bundle].fixed;
}

function unique(grants: readonly Grant[]): readonly Grant[] {
  return [...new Map(grants.map((grant) => [grant.name, grant])).values()];
}

/** Every permission that any bundle gives directly. */
export const grantablePermissions: readonly Grant[] = waysOf(bundles).filter(({ kind }) => kind === "permission");

// ——— What they give ———

/** `SELECT` on the database, or `SELECT ON SCHEMA sales`. */
export function printPermissions({ permissions, schema }: Omit<OwnRole, "name">): readonly string[] {
  return permissions.map((permission) => permission + (schema === undefined ? "" : ` ON SCHEMA ${schema}`));
}

function permissionsOf(roles: readonly DatabaseRole[]): ReadonlySet<string> {
  return new Set(
    roles.flatMap((text) => {
      const role = read(text);
      if (role.kind === "role") return [text];
      const own = ownRoleOf(role.bundle, role.schema);
      return own ? printPermissions(own) : fixedOf(role).map(({ name }) => name);
    }),
  );
}

/** Whether one of the roles gives something that the others do not: what a permission on the database gives, a schema need not. */
export function addsTo(others: readonly DatabaseRole[], role: DatabaseRole): boolean {
  const given = permissionsOf(others);
  return [...permissionsOf([role])].some((each) => !given.has(each) && !given.has(each.replace(/ ON SCHEMA .*$/, "")));
}

/** Everything that cancels what the roles give. What a role of the database's owner gives is not known. */
export function denialsOf(roles: readonly DatabaseRole[]): ReadonlySet<string> {
  return new Set(
    roles.flatMap((text) => {
      const role = read(text);
      if (role.kind === "role") return [];
      const { bundle, schema } = role;
      const { deniedBy, permissions } = roleBundles[bundle];
      return schema === undefined ? deniedBy : [...deniedBy, ...printPermissions({ permissions, schema })];
    }),
  );
}

/** Whether the roles allow reading any table. */
export function mayRead(roles: readonly DatabaseRole[]): boolean {
  return roles.some((text) => {
    const role = read(text);
    return role.kind === "bundle" && role.schema === undefined && roleBundles[role.bundle].reads;
  });
}
