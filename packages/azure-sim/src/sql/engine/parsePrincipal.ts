/** Parses statements about users, roles, schemas and permissions. */
import { SqlError } from "../errors.ts";
import type { Securable, Statement, UserOrigin } from "./ast.ts";
import type { Cursor } from "./cursor.ts";

/** After CREATE. */
export function parseCreatePrincipal(cursor: Cursor): Statement {
  switch (cursor.oneOf("USER", "ROLE", "SCHEMA")) {
    case "USER":
      return parseCreateUser(cursor);
    case "ROLE":
      return { kind: "createRole", name: cursor.name(), owner: parseOwner(cursor) };
    case "SCHEMA":
      return { kind: "createSchema", name: cursor.name(), owner: parseOwner(cursor) };
  }
}

function parseOwner(cursor: Cursor): string | undefined {
  return cursor.accept("AUTHORIZATION") ? cursor.name() : undefined;
}

function parseCreateUser(cursor: Cursor): Statement {
  const name = cursor.name();
  let origin: UserOrigin | undefined;
  if (cursor.accept("FROM", "EXTERNAL", "PROVIDER")) origin = { kind: "externalProvider", objectId: undefined };
  else if (cursor.accept("WITHOUT", "LOGIN")) origin = { kind: "withoutLogin" };
  const options = cursor.accept("WITH") ? parseUserOptions(cursor) : {};
  const { sid, type, objectId, defaultSchema, password } = options;
  if (password !== undefined && !origin && !type) {
    // A SID of its own is for migrations, and not here.
    if (sid) throw cursor.fail();
    return { kind: "createUser", name, origin: { kind: "password", password }, defaultSchema };
  }
  if (origin && (sid || type)) {
    const option = type ? "TYPE" : "SID";
    throw new SqlError(
      type ? 33168 : 33170,
      `The ${option} option cannot be used along with FOR/FROM LOGIN, CERTIFICATE, ASYMMETRIC KEY, EXTERNAL PROVIDER, WITHOUT LOGIN or WITH PASSWORD.`,
    );
  }
  if (origin?.kind === "externalProvider") origin = { kind: "externalProvider", objectId };
  else if (objectId !== undefined) throw cursor.fail();
  if (!origin && !sid && !type) throw cursor.fail();
  if (!origin && !(sid && type))
    throw new SqlError(33162, "TYPE and SID options have to be used along with each other.");
  if (!origin && sid && type) origin = { kind: "sid", sid, type };
  if (!origin) throw cursor.fail();
  return { kind: "createUser", name, origin, defaultSchema };
}

interface UserOptions {
  sid?: Buffer;
  type?: "E" | "X";
  objectId?: string;
  defaultSchema?: string;
  password?: string;
}

function parseUserOptions(cursor: Cursor): UserOptions {
  const options: UserOptions = {};
  cursor.list(() => {
    const option = cursor.oneOf("SID", "TYPE", "OBJECT_ID", "DEFAULT_SCHEMA", "PASSWORD");
    cursor.expectSymbol("=");
    if (option === "SID") options.sid = parseSid(cursor);
    else if (option === "TYPE") options.type = parseUserType(cursor);
    else if (option === "OBJECT_ID") options.objectId = cursor.string();
    else if (option === "PASSWORD") options.password = cursor.string();
    else options.defaultSchema = cursor.name();
  });
  return options;
}

function parseSid(cursor: Cursor): Buffer {
  if (cursor.token.kind !== "hex" || cursor.token.text.length % 2 !== 0) throw cursor.fail();
  return Buffer.from(cursor.next().text.slice(2), "hex");
}

function parseUserType(cursor: Cursor): "E" | "X" {
  const type = cursor.name().toUpperCase();
  if (type === "E" || type === "X") return type;
  throw new SqlError(
    33163,
    "The value specified for TYPE option is not supported in this version of SQL Server. Allowed values are E (EXTERNAL_USER) and X (EXTERNAL_GROUP).",
  );
}

/** After DROP. */
export function parseDropPrincipal(cursor: Cursor): Statement {
  const what = cursor.oneOf("USER", "ROLE", "SCHEMA");
  const ifExists = cursor.accept("IF", "EXISTS");
  const name = cursor.name();
  return { kind: what === "USER" ? "dropUser" : what === "ROLE" ? "dropRole" : "dropSchema", name, ifExists };
}

/** After ALTER. */
export function parseAlterPrincipal(cursor: Cursor): Statement {
  if (cursor.accept("ROLE")) {
    const role = cursor.name();
    const action = cursor.oneOf("ADD", "DROP");
    cursor.expect("MEMBER");
    return { kind: "alterRole", role, action, member: cursor.name() };
  }
  if (cursor.accept("USER")) return parseAlterUser(cursor);
  cursor.expect("AUTHORIZATION", "ON");
  const what = cursor.oneOf("OBJECT", "SCHEMA", "ROLE");
  cursor.expectSymbol("::");
  const { schema, name } = what === "OBJECT" ? cursor.objectName() : { schema: undefined, name: cursor.name() };
  cursor.expect("TO");
  const owner = cursor.name();
  switch (what) {
    case "OBJECT":
      return { kind: "alterTableOwner", table: { schema, name }, owner };
    case "SCHEMA":
      return { kind: "alterSchemaOwner", schema: name, owner };
    case "ROLE":
      return { kind: "alterRoleOwner", role: name, owner };
  }
}

function parseAlterUser(cursor: Cursor): Statement {
  const name = cursor.name();
  const changed: Partial<Record<"newName" | "defaultSchema" | "password" | "oldPassword", string>> = {};
  cursor.expect("WITH");
  cursor.list(() => {
    const option = cursor.oneOf("NAME", "DEFAULT_SCHEMA", "PASSWORD");
    cursor.expectSymbol("=");
    if (option !== "PASSWORD") {
      changed[option === "NAME" ? "newName" : "defaultSchema"] = cursor.name();
      return;
    }
    changed.password = cursor.string();
    if (!cursor.accept("OLD_PASSWORD")) return;
    cursor.expectSymbol("=");
    changed.oldPassword = cursor.string();
  });
  const { newName, defaultSchema, password, oldPassword } = changed;
  return { kind: "alterUser", name, newName, defaultSchema, password, oldPassword };
}

const permissions = [
  "ALTER ANY ROLE",
  "ALTER ANY SCHEMA",
  "ALTER ANY USER",
  "ALTER",
  "CONNECT",
  "CONTROL",
  "CREATE ROLE",
  "CREATE SCHEMA",
  "CREATE TABLE",
  "DELETE",
  "EXECUTE",
  "INSERT",
  "SELECT",
  "UPDATE",
  "VIEW DEFINITION",
] as const;

export function parseGrant(cursor: Cursor): Statement {
  const isRevoke = cursor.oneOf("GRANT", "REVOKE") === "REVOKE";
  const granted = cursor.list(() => parsePermission(cursor));
  const on = cursor.accept("ON") ? parseSecurable(cursor) : undefined;
  if (!(isRevoke && cursor.accept("FROM"))) cursor.expect("TO");
  return { kind: "grant", isRevoke, permissions: granted, on, principals: cursor.list(() => cursor.name()) };
}

function parsePermission(cursor: Cursor): string {
  if (cursor.accept("EXEC")) return "EXECUTE";
  const found = permissions.find((permission) => cursor.accept(...permission.split(" ")));
  if (!found) throw cursor.fail();
  return found;
}

function parseSecurable(cursor: Cursor): Securable {
  if (cursor.ahead(1).text === "::") {
    const prefix = cursor.oneOf("OBJECT", "SCHEMA", "ROLE", "USER");
    cursor.expectSymbol("::");
    if (prefix === "OBJECT") return { class: "object", name: cursor.objectName() };
    return { class: prefix === "SCHEMA" ? "schema" : "principal", name: { schema: undefined, name: cursor.name() } };
  }
  return { class: "object", name: cursor.objectName() };
}
