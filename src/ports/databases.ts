/** Databases of Azure SQL: T-SQL. */
import type { PrincipalId } from "../domain/naming/identityPair.ts";
import type { DatabaseTarget } from "../domain/targets/sqlDatabase.ts";

export interface DatabaseUser {
  readonly name: string;
  /** sys.database_principals.type: E external user, X external group, S SQL user. */
  readonly type: string;
  /** `0x` and upper-case hex. */
  readonly sid: string;
  readonly roles: readonly string[];
  /** Database-level permissions granted directly, such as EXECUTE; CONNECT is left out. */
  readonly permissions: readonly string[];
  readonly ownedSchemas: readonly string[];
  /** CONNECT was revoked or denied: the user exists but cannot log in. */
  readonly isDisabled?: boolean;
  /** Permissions on objects, schemas and the like, and denials; each as text. */
  readonly otherPermissions?: readonly string[];
  readonly ownedRoles?: readonly string[];
  /** What else keeps it from being dropped: objects that it owns, permissions that it granted. */
  readonly dependants?: readonly string[];
  /** When it was created: distinguishes it from another user with the same name and SID. */
  readonly createdTime?: string;
  /** The extended property `mooring` on the user, verbatim. */
  readonly mark: string | undefined;
}

export interface DatabaseState {
  /** The users with the given name or the given SID. */
  readonly users: readonly DatabaseUser[];
  /** Every role in the database. */
  readonly roles: readonly string[];
  /** The name of Mooring's own user. */
  readonly self?: string;
  /** The roles, besides the fixed ones, whose members Mooring may change. */
  readonly changeableRoles?: readonly string[];
  /** What those roles that are not fixed were granted on the database and its schemas: `SELECT`, `SELECT ON SCHEMA sales`. */
  readonly rolePermissions?: Readonly<Record<string, readonly string[]>>;
  /** Whether Mooring itself may add members to the fixed roles. */
  readonly mayChangeRoles?: boolean;
  /** Whether it sees who is in a role, and what a user owns. */
  readonly seesDefinitions?: boolean;
  /** Whether it may create and drop users. */
  readonly mayMakeUsers?: boolean;
  /** Whether it may grant permissions on the database, and revoke them. */
  readonly mayGrant?: boolean;
}

export type UserChange =
  | { readonly kind: "createFromSid"; readonly user: string; readonly sid: string }
  | { readonly kind: "createFromProvider"; readonly user: string; readonly objectId: PrincipalId }
  | { readonly kind: "drop"; readonly user: string }
  | { readonly kind: "addRole"; readonly user: string; readonly role: string }
  | { readonly kind: "removeRole"; readonly user: string; readonly role: string }
  | { readonly kind: "grant"; readonly user: string; readonly permission: "EXECUTE" | "CONNECT" }
  | { readonly kind: "revoke"; readonly user: string; readonly permission: "EXECUTE" | "CONNECT" }
  /** Sets the extended property `mooring` on the user; undefined removes it. */
  | { readonly kind: "mark"; readonly user: string; readonly mark: string | undefined };

/** A member of a role of Mooring's own. */
export interface RoleMember {
  readonly role: string;
  /** Its name. */
  readonly member: string;
  readonly sid: string;
  readonly mark: string | undefined;
  /** Whether it is Mooring's own user. */
  readonly isSelf: boolean;
}

export interface Databases {
  /** One round trip. */
  inspect(target: DatabaseTarget, user: { name: string; sid: string | undefined }): Promise<DatabaseState>;
  /** Everybody's user there, apart from those that every database has; in one round trip. */
  inspectAll(target: DatabaseTarget): Promise<DatabaseState>;
  /** Who is in the roles of Mooring's own; nobody where the database has none. */
  ownRoleMembers(target: DatabaseTarget): Promise<readonly RoleMember[]>;
  /** All or nothing: one transaction, in the given order. */
  change(target: DatabaseTarget, changes: readonly UserChange[]): Promise<void>;
}
