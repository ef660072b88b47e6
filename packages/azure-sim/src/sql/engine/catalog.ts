/** The catalog views: tables generated from the database, with the columns in common use. */
import {
  type DatabaseData,
  type ExtendedProperty,
  type Grant,
  type Membership,
  type Principal,
  principalIds,
  principalsWithSid,
  type Row,
  type SecurableClass,
} from "./database.ts";
import type { Environment } from "./functions.ts";
import { membershipVisibility, seesTable, visibility } from "./permissions.ts";
import { dateToTicks, fold, nvarchar, type SqlType, type SqlValue, types, varbinary } from "./sqlTypes.ts";

export interface CatalogView {
  readonly columns: readonly { readonly name: string; readonly type: SqlType }[];
  readonly rows: (environment: Environment) => readonly Row[];
  /** By the name of a column in capitals: the rows that may have a value there; undefined if it has to be sought in all rows. */
  readonly find?: Readonly<Record<string, (environment: Environment, value: SqlValue) => readonly Row[] | undefined>>;
}

const char = (length: number): SqlType => ({ kind: "char", length });
const description = nvarchar(60);

const principalTypes: Record<Principal["type"], string> = {
  E: "EXTERNAL_USER",
  X: "EXTERNAL_GROUP",
  S: "SQL_USER",
  R: "DATABASE_ROLE",
};

const securableClasses: Record<SecurableClass, readonly [number, string]> = {
  database: [0, "DATABASE"],
  object: [1, "OBJECT_OR_COLUMN"],
  schema: [3, "SCHEMA"],
  principal: [4, "DATABASE_PRINCIPAL"],
};

/** sys.database_permissions.type; for the other permissions of this dialect, it is the initials of their words. */
const permissionTypes: Readonly<Record<string, string>> = {
  ALTER: "AL",
  "ALTER ANY ROLE": "ALRL",
  "ALTER ANY SCHEMA": "ALSM",
  "ALTER ANY USER": "ALUS",
  CONNECT: "CO",
  CONTROL: "CL",
  "CREATE ROLE": "CRRL",
  "CREATE SCHEMA": "CRSM",
  "CREATE TABLE": "CRTB",
  DELETE: "DL",
  EXECUTE: "EX",
  INSERT: "IN",
  SELECT: "SL",
  UPDATE: "UP",
  "VIEW DEFINITION": "VW",
};

const views: Readonly<Record<string, CatalogView>> = {
  DATABASE_PRINCIPALS: {
    columns: [
      { name: "name", type: types.sysname },
      { name: "principal_id", type: types.int },
      { name: "type", type: char(1) },
      { name: "type_desc", type: description },
      { name: "default_schema_name", type: types.sysname },
      { name: "create_date", type: types.datetime2 },
      { name: "modify_date", type: types.datetime2 },
      { name: "owning_principal_id", type: types.int },
      { name: "sid", type: varbinary(85) },
      { name: "is_fixed_role", type: types.bit },
      { name: "authentication_type", type: types.int },
      { name: "authentication_type_desc", type: description },
    ],
    ...contents<Principal>({
      all: ({ principals }) => principals.list(),
      find: {
        NAME: (data, value) => (typeof value === "string" ? data.principals.list("name", fold(value)) : undefined),
        SID: (data, value) => (Buffer.isBuffer(value) ? principalsWithSid(data, value) : undefined),
        // Roles are few.
        TYPE: (data, value) => (value === "R" ? data.principals.list("type", "R") : undefined),
        PRINCIPAL_ID: byNumber((data, id) => data.principals.list("id", id)),
        OWNING_PRINCIPAL_ID: byNumber((data, id) => data.principals.list("owner", id)),
      },
      principalId: ({ id }) => id,
      row: principalRow,
    }),
  },
  DATABASE_ROLE_MEMBERS: {
    columns: [
      { name: "role_principal_id", type: types.int },
      { name: "member_principal_id", type: types.int },
    ],
    ...contents<Membership>({
      all: ({ memberships }) => memberships.list(),
      find: {
        ROLE_PRINCIPAL_ID: byNumber((data, id) => data.memberships.list("id", id)),
        MEMBER_PRINCIPAL_ID: byNumber((data, id) => data.memberships.list("member", id)),
      },
      principalId: ({ memberId }) => memberId,
      visibility: membershipVisibility,
      row: ({ roleId, memberId }) => [roleId, memberId],
    }),
  },
  DATABASE_PERMISSIONS: {
    columns: [
      { name: "class", type: types.tinyint },
      { name: "class_desc", type: description },
      { name: "major_id", type: types.int },
      { name: "minor_id", type: types.int },
      { name: "grantee_principal_id", type: types.int },
      { name: "grantor_principal_id", type: types.int },
      { name: "type", type: char(4) },
      { name: "permission_name", type: types.sysname },
      { name: "state", type: char(1) },
      { name: "state_desc", type: description },
    ],
    ...contents<Grant>({
      all: ({ grants }) => grants.list(),
      find: {
        GRANTEE_PRINCIPAL_ID: byNumber((data, id) => data.grants.list("grantee", id)),
        GRANTOR_PRINCIPAL_ID: byNumber((data, id) => data.grants.list("grantor", id)),
      },
      principalId: ({ granteeId }) => granteeId,
      row: permissionRow,
    }),
  },
  EXTENDED_PROPERTIES: {
    columns: [
      { name: "class", type: types.tinyint },
      { name: "class_desc", type: description },
      { name: "major_id", type: types.int },
      { name: "minor_id", type: types.int },
      { name: "name", type: types.sysname },
      { name: "value", type: types.variant },
    ],
    ...contents<ExtendedProperty>({
      all: ({ properties }) => properties.list(),
      find: { MAJOR_ID: byNumber((data, id) => data.properties.list("id", id)) },
      principalId: ({ principalId }) => principalId,
      row: ({ principalId, name, value }) => [4, "DATABASE_PRINCIPAL", principalId, 0, name, value],
    }),
  },
  SCHEMAS: {
    columns: [
      { name: "name", type: types.sysname },
      { name: "schema_id", type: types.int },
      { name: "principal_id", type: types.int },
    ],
    rows: ({ data }) => data.schemas.map(({ name, id, ownerId }) => [name, id, ownerId]),
  },
  OBJECTS: {
    columns: [
      { name: "name", type: types.sysname },
      { name: "object_id", type: types.int },
      { name: "principal_id", type: types.int },
      { name: "schema_id", type: types.int },
      { name: "type", type: char(2) },
      { name: "type_desc", type: description },
    ],
    rows: (environment) =>
      visibleTables(environment).map(({ name, id, ownerId, schemaId }) => [
        name,
        id,
        ownerId ?? null,
        schemaId,
        "U ",
        "USER_TABLE",
      ]),
  },
  TABLES: {
    columns: [
      { name: "name", type: types.sysname },
      { name: "object_id", type: types.int },
      { name: "schema_id", type: types.int },
      { name: "type", type: char(2) },
      { name: "type_desc", type: description },
      { name: "create_date", type: types.datetime2 },
    ],
    rows: (environment) =>
      visibleTables(environment).map(({ name, id, schemaId, createdAt }) => [
        name,
        id,
        schemaId,
        "U ",
        "USER_TABLE",
        dateToTicks(createdAt),
      ]),
  },
  COLUMNS: {
    columns: [
      { name: "object_id", type: types.int },
      { name: "name", type: types.sysname },
      { name: "column_id", type: types.int },
      { name: "is_nullable", type: types.bit },
      { name: "is_identity", type: types.bit },
    ],
    rows: (environment) =>
      visibleTables(environment).flatMap(({ id, columns }) =>
        columns.map(({ name, isNullable, identity }, index) => [
          id,
          name,
          index + 1,
          isNullable,
          identity !== undefined,
        ]),
      ),
  },
  DATABASES: {
    columns: [
      { name: "name", type: types.sysname },
      { name: "database_id", type: types.int },
    ],
    rows: ({ data }) => [[data.name, 5]],
  },
};

export function findCatalogView({
  schema,
  name,
}: {
  schema: string | undefined;
  name: string;
}): CatalogView | undefined {
  return schema !== undefined && fold(schema) === "SYS" ? views[name.toUpperCase()] : undefined;
}

interface Contents<Item> {
  readonly all: (data: DatabaseData) => readonly Item[];
  readonly find: Readonly<Record<string, (data: DatabaseData, value: SqlValue) => readonly Item[] | undefined>>;
  /** Whoever does not see this principal does not see the row. */
  readonly principalId: (item: Item) => number;
  readonly visibility?: typeof visibility;
  readonly row: (item: Item) => Row;
}

function contents<Item extends object>({
  all,
  find,
  principalId,
  visibility: see = visibility,
  row,
}: Contents<Item>): Pick<CatalogView, "rows" | "find"> {
  // An item that is found twice gives the same row, and not another one that is equal.
  const rows = new WeakMap<Item, Row>();
  const rowOf = (item: Item) => {
    const made = rows.get(item) ?? row(item);
    rows.set(item, made);
    return made;
  };
  const rowsOf = (items: readonly Item[], { data, session }: Environment) => {
    const isVisible = see(data, session.principalId);
    return items.filter((item) => isVisible(principalId(item))).map(rowOf);
  };
  const finding = Object.entries(find).map(([column, list]) => [
    column,
    (environment: Environment, value: SqlValue) => {
      // Nothing equals NULL.
      const found = value === null ? [] : list(environment.data, value);
      return found && rowsOf(found, environment);
    },
  ]);
  return { rows: (environment) => rowsOf(all(environment.data), environment), find: Object.fromEntries(finding) };
}

function byNumber<Item>(list: (data: DatabaseData, value: number) => readonly Item[]) {
  return (data: DatabaseData, value: SqlValue) => (typeof value === "number" ? list(data, value) : undefined);
}

function visibleTables({ data, session }: Environment) {
  return data.tables.filter((table) => seesTable(data, session.principalId, table));
}

function principalRow({ name, id, type, sid, isFixedRole, ownerId, defaultSchema, createdAt }: Principal): Row {
  const authentication =
    type === "E" || type === "X" ? [4, "EXTERNAL"] : id === principalIds.dbo ? [1, "INSTANCE"] : [0, "NONE"];
  const created = dateToTicks(createdAt);
  return [
    name,
    id,
    type,
    principalTypes[type],
    defaultSchema ?? null,
    created,
    created,
    ownerId ?? null,
    sid ?? null,
    isFixedRole,
    ...authentication,
  ];
}

function permissionRow({ class: on, majorId, granteeId, grantorId, permission }: Grant): Row {
  const [number, text] = securableClasses[on];
  const type = (permissionTypes[permission] ?? permission.slice(0, 4)).padEnd(4);
  return [number, text, majorId, 0, granteeId, grantorId, type, permission, "G", "GRANT"];
}
