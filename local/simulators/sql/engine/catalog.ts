/** The catalog views: tables generated from the database, with the columns in common use. */
import {
  findPrincipal,
  type Principal,
  principalIds,
  principalsWithSid,
  type Row,
  type SecurableClass,
} from "./database.ts";
import type { Environment } from "./functions.ts";
import { seesTable, visiblePrincipals } from "./permissions.ts";
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
    rows: (environment) => rowsOfPrincipals(principalsFor(environment)),
    find: {
      NAME: (environment, value) => {
        if (value !== null && typeof value !== "string") return undefined;
        const named = value === null ? undefined : findPrincipal(environment.data, value);
        return visibleRows(environment, named ? [named] : []);
      },
      SID: (environment, value) => {
        if (value !== null && !Buffer.isBuffer(value)) return undefined;
        return visibleRows(environment, value === null ? [] : principalsWithSid(environment.data, value));
      },
    },
  },
  DATABASE_ROLE_MEMBERS: {
    columns: [
      { name: "role_principal_id", type: types.int },
      { name: "member_principal_id", type: types.int },
    ],
    rows: (environment) => {
      const isVisible = visibility(environment);
      return environment.data.memberships
        .filter(({ memberId }) => isVisible(memberId))
        .map(({ roleId, memberId }) => [roleId, memberId]);
    },
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
    rows: permissionRows,
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
    rows: (environment) => {
      const isVisible = visibility(environment);
      return environment.data.properties
        .filter(({ principalId }) => isVisible(principalId))
        .map(({ principalId, name, value }) => [4, "DATABASE_PRINCIPAL", principalId, 0, name, value]);
    },
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

function principalsFor({ data, session }: Environment): readonly Principal[] {
  return visiblePrincipals(data, session.principalId);
}

/** Whether the session sees the principal with this id. */
function visibility(environment: Environment): (id: number) => boolean {
  const principals = principalsFor(environment);
  if (principals === environment.data.principals) return () => true;
  const visible = new Set(principals.map(({ id }) => id));
  return (id) => visible.has(id);
}

function visibleRows(environment: Environment, principals: readonly Principal[]): readonly Row[] {
  const isVisible = visibility(environment);
  return principals.filter(({ id }) => isVisible(id)).map(rowOfPrincipal);
}

function visibleTables({ data, session }: Environment) {
  return data.tables.filter((table) => seesTable(data, session.principalId, table));
}

const principalRows = new WeakMap<Principal, Row>();
const rowsByPrincipals = new WeakMap<readonly Principal[], readonly Row[]>();

function rowsOfPrincipals(principals: readonly Principal[]): readonly Row[] {
  const rows = rowsByPrincipals.get(principals) ?? principals.map(rowOfPrincipal);
  rowsByPrincipals.set(principals, rows);
  return rows;
}

function rowOfPrincipal(principal: Principal): Row {
  const row = principalRows.get(principal) ?? principalRow(principal);
  principalRows.set(principal, row);
  return row;
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

function permissionRows(environment: Environment): Row[] {
  const isVisible = visibility(environment);
  return environment.data.grants
    .filter(({ granteeId }) => isVisible(granteeId))
    .map((grant) => {
      const [number, text] = securableClasses[grant.class];
      const type = (permissionTypes[grant.permission] ?? grant.permission.slice(0, 4)).padEnd(4);
      const { majorId, granteeId, grantorId, permission } = grant;
      return [number, text, majorId, 0, granteeId, grantorId, type, permission, "G", "GRANT"];
    });
}
