/** The users of a database, in a form for tests and the demo. */
import { type DatabaseData, principalById } from "./engine/database.ts";

export interface SqlUser {
  readonly name: string;
  /** E external user, X external group, S SQL user. */
  readonly type: string;
  /** `0x` followed by upper-case hex digits. */
  readonly sid: string;
  readonly roles: readonly string[];
  /** Permissions on the database, without CONNECT. */
  readonly permissions: readonly string[];
  readonly ownedSchemas: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

export function listUsers(data: DatabaseData): SqlUser[] {
  return data.principals
    .list()
    .filter(({ id, type }) => id > 4 && type !== "R")
    .map(({ id, name, type, sid }) => ({
      name,
      type,
      sid: `0x${(sid ?? Buffer.alloc(0)).toString("hex").toUpperCase()}`,
      roles: data.memberships
        .list("member", id)
        .map(({ roleId }) => principalById(data, roleId)?.name ?? "")
        .sort(),
      permissions: data.grants
        .list("grantee", id, "database")
        .map(({ permission }) => permission)
        .filter((permission) => permission !== "CONNECT")
        .sort(),
      ownedSchemas: data.schemas.filter(({ ownerId }) => ownerId === id).map((schema) => schema.name),
      properties: Object.fromEntries(data.properties.list("id", id).map((each) => [each.name, each.value])),
    }));
}
