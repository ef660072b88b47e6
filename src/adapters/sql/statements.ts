/**
 * The T-SQL that Mooring sends. Names go through quoteName, SIDs and object ids are checked against their pattern, and everything
 * else is a parameter: no user input becomes part of a statement unchecked.
 */
import { owner } from "../../domain/naming/names.ts";
import { quoteName } from "../../domain/naming/quoteName.ts";
import type { UserChange } from "../../ports/databases.ts";

export interface Batch {
  readonly text: string;
  /** By name, without the `@`. */
  readonly parameters: Readonly<Record<string, Parameter>>;
}

export type Parameter =
  | { readonly type: "name"; readonly value: string }
  | { readonly type: "mark"; readonly value: string }
  | { readonly type: "sid"; readonly value: Buffer | null };

/** In characters; a sql_variant holds 7,500 bytes. */
export const longestMark = 3750;

const ofOne = "(p.name = @name OR p.sid = @sid) AND p.type NOT IN ('R', 'A')";
/** Every database has dbo, guest, INFORMATION_SCHEMA and sys: principals 1 to 4. */
const ofAnybody = "p.principal_id > 4 AND p.type NOT IN ('R', 'A')";

/**
 * In one round trip: users, their roles, permissions and schemas, all roles and what they were granted, what else the users were
 * permitted or denied, what keeps them from being dropped (roles, objects, permissions that they granted), and what Mooring itself
 * may do. Only db_owner can change fixed roles, and ALTER on any other role is enough for its members (learn.microsoft.com "ALTER
 * ROLE"); principals with CONTROL and db_securityadmin can grant database permissions ("Database-level roles").
 */
const inspectText = (ofUser: string) => `SET NOCOUNT ON;
SELECT p.principal_id AS id, p.name, p.type, p.sid, p.create_date AS created, CAST(e.value AS nvarchar(${longestMark})) AS mark
FROM sys.database_principals AS p
LEFT JOIN sys.extended_properties AS e
  ON e.class = 4 AND e.major_id = p.principal_id AND e.minor_id = 0 AND e.name = N'${owner}'
WHERE ${ofUser};
SELECT m.member_principal_id AS id, r.name AS name
FROM sys.database_role_members AS m
JOIN sys.database_principals AS p ON p.principal_id = m.member_principal_id
JOIN sys.database_principals AS r ON r.principal_id = m.role_principal_id
WHERE ${ofUser};
SELECT g.grantee_principal_id AS id, g.permission_name AS name
FROM sys.database_permissions AS g
JOIN sys.database_principals AS p ON p.principal_id = g.grantee_principal_id
WHERE ${ofUser} AND g.class = 0 AND g.state IN ('G', 'W');
SELECT s.principal_id AS id, s.name AS name
FROM sys.schemas AS s
JOIN sys.database_principals AS p ON p.principal_id = s.principal_id
WHERE ${ofUser};
SELECT principal_id AS id, name, is_fixed_role AS isFixed, HAS_PERMS_BY_NAME(QUOTENAME(name), N'ROLE', N'ALTER') AS mayAlter
FROM sys.database_principals
WHERE type = 'R';
SELECT g.grantee_principal_id AS id, g.permission_name AS name, g.state_desc AS state, g.class_desc AS class,
  s.name AS [schema], o.name AS object
FROM sys.database_permissions AS g
JOIN sys.database_principals AS p ON p.principal_id = g.grantee_principal_id
LEFT JOIN sys.objects AS o ON g.class = 1 AND o.object_id = g.major_id
LEFT JOIN sys.schemas AS s ON s.schema_id = o.schema_id OR (g.class = 3 AND s.schema_id = g.major_id)
WHERE ${ofUser} AND (g.class <> 0 OR g.state = 'D');
SELECT p.principal_id AS id, r.name AS name
FROM sys.database_principals AS r
JOIN sys.database_principals AS p ON p.principal_id = r.owning_principal_id
WHERE ${ofUser};
SELECT p.principal_id AS id, o.name AS name, s.name AS [schema]
FROM sys.objects AS o
JOIN sys.database_principals AS p ON p.principal_id = o.principal_id
JOIN sys.schemas AS s ON s.schema_id = o.schema_id
WHERE ${ofUser};
SELECT p.principal_id AS id, g.permission_name AS name, t.name AS grantee
FROM sys.database_permissions AS g
JOIN sys.database_principals AS p ON p.principal_id = g.grantor_principal_id
JOIN sys.database_principals AS t ON t.principal_id = g.grantee_principal_id
WHERE ${ofUser} AND g.grantee_principal_id <> g.grantor_principal_id;
SELECT r.principal_id AS id, g.permission_name AS name, s.name AS [schema]
FROM sys.database_principals AS r
JOIN sys.database_permissions AS g ON g.grantee_principal_id = r.principal_id
LEFT JOIN sys.schemas AS s ON g.class = 3 AND s.schema_id = g.major_id
WHERE r.type = 'R' AND r.is_fixed_role = 0 AND g.class IN (0, 3) AND g.state IN ('G', 'W');
SELECT USER_NAME() AS self, IS_ROLEMEMBER(N'db_owner') AS isOwner, IS_ROLEMEMBER(N'db_securityadmin') AS isSecurityAdmin,
  HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'ALTER ANY USER') AS mayAlterUsers,
  HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'VIEW DEFINITION') AS seesDefinitions,
  HAS_PERMS_BY_NAME(DB_NAME(), N'DATABASE', N'CONTROL') AS hasControl;`;

export function inspectBatch({ name, sid }: { name: string; sid: string | undefined }): Batch {
  // Called only for its checks: an invalid name must not be cut to the parameter's length.
  quoteName(name);
  return {
    text: inspectText(ofOne),
    parameters: {
      name: { type: "name", value: name },
      sid: { type: "sid", value: sid === undefined ? null : Buffer.from(checkedSid(sid).slice(2), "hex") },
    },
  };
}

export function inspectAllBatch(): Batch {
  return { text: inspectText(ofAnybody), parameters: {} };
}

/** Roles of Mooring's own begin with its name. */
const membersText = `SET NOCOUNT ON;
SELECT r.name AS role, p.name AS member, p.sid, CAST(e.value AS nvarchar(${longestMark})) AS mark, USER_NAME() AS self
FROM sys.database_principals AS r
JOIN sys.database_role_members AS m ON m.role_principal_id = r.principal_id
JOIN sys.database_principals AS p ON p.principal_id = m.member_principal_id
LEFT JOIN sys.extended_properties AS e
  ON e.class = 4 AND e.major_id = p.principal_id AND e.minor_id = 0 AND e.name = N'${owner}'
WHERE r.type = 'R' AND LEFT(r.name, ${owner.length + 1}) = N'${owner}_';`;

export function membersBatch(): Batch {
  return { text: membersText, parameters: {} };
}

/** All or nothing: XACT_ABORT ends the batch at the first error and rolls back what came before it. */
export function changeBatch(changes: readonly UserChange[]): Batch {
  const written = changes.map((change, index) => writeChange(change, index));
  return {
    text: [
      "SET NOCOUNT ON",
      "SET XACT_ABORT ON",
      "BEGIN TRANSACTION",
      ...written.map(({ text }) => text),
      "COMMIT TRANSACTION",
    ]
      .join(";\n")
      .concat(";"),
    parameters: Object.assign({}, ...written.map(({ parameters }) => parameters)),
  };
}

function writeChange(change: UserChange, index: number): Batch {
  const user = quoteName(change.user);
  const plain = (text: string): Batch => ({ text, parameters: {} });
  switch (change.kind) {
    case "createFromSid":
      return plain(`CREATE USER ${user} WITH SID = ${checkedSid(change.sid)}, TYPE = E`);
    case "createFromProvider":
      return plain(`CREATE USER ${user} FROM EXTERNAL PROVIDER WITH OBJECT_ID = '${checkedGuid(change.objectId)}'`);
    case "drop":
      // A user that is already gone is a success.
      return plain(`DROP USER IF EXISTS ${user}`);
    case "addRole":
      return plain(`ALTER ROLE ${quoteName(change.role)} ADD MEMBER ${user}`);
    case "removeRole":
      return plain(`ALTER ROLE ${quoteName(change.role)} DROP MEMBER ${user}`);
    case "grant":
      return plain(`GRANT ${change.permission} TO ${user}`);
    case "revoke":
      return plain(`REVOKE ${change.permission} FROM ${user}`);
    case "mark":
      return writeMark(change, index);
  }
}

/** The procedures take values, so even the user's name is a parameter here. None of them is a "create or alter". */
function writeMark({ user, mark }: Extract<UserChange, { kind: "mark" }>, index: number): Batch {
  const property = `@name = N'${owner}'`;
  const level = `@level0type = N'USER', @level0name = @user${index}`;
  const exists = `EXISTS (SELECT 1 FROM sys.extended_properties
  WHERE class = 4 AND major_id = DATABASE_PRINCIPAL_ID(@user${index}) AND minor_id = 0 AND name = N'${owner}')`;
  const name: Parameter = { type: "name", value: user };
  if (mark === undefined) {
    return {
      text: `IF ${exists}\n  EXEC sys.sp_dropextendedproperty ${property}, ${level}`,
      parameters: { [`user${index}`]: name },
    };
  }
  if (mark.length > longestMark)
    throw new RangeError(`A mark may have at most ${longestMark} characters; this one has ${mark.length}`);
  const value = `@value = @mark${index}`;
  return {
    text: `IF NOT ${exists}
  EXEC sys.sp_addextendedproperty ${property}, ${value}, ${level}
ELSE
  EXEC sys.sp_updateextendedproperty ${property}, ${value}, ${level}`,
    parameters: { [`user${index}`]: name, [`mark${index}`]: { type: "mark", value: mark } },
  };
}

function checkedSid(sid: string): string {
  if (/^0x(?:[0-9a-f]{2}){1,85}$/i.test(sid)) return sid;
  throw new TypeError("A SID is 0x and 1 to 85 bytes in hexadecimal; take it from sidFromClientId");
}

function checkedGuid(id: string): string {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return id;
  throw new TypeError("An object id is a GUID; take it from the identity's principalId");
}
