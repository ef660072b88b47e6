/**
 * The contents of a database. They are immutable: a statement creates a new value, so a transaction's snapshot is just a
 * reference, and a statement that fails partway has no effect. What may be thousands is in indexed rows; schemas and tables are
 * few.
 */
import { randomBytes } from "node:crypto";
import type { Expression } from "./ast.ts";
import { IndexedRows } from "./indexedRows.ts";
import { fold, type SqlType, type SqlValue } from "./sqlTypes.ts";

export interface Principal {
  readonly id: number;
  readonly name: string;
  /** E external user, X external group, S SQL user, R database role. */
  readonly type: "E" | "X" | "S" | "R";
  readonly sid: Buffer | undefined;
  readonly isFixedRole: boolean;
  readonly ownerId: number | undefined;
  readonly defaultSchema: string | undefined;
  readonly createdAt: Date;
  /** Of a SQL user of the database alone, who needs no login of the server. */
  readonly password?: string | undefined;
}

export interface Schema {
  readonly id: number;
  readonly name: string;
  readonly ownerId: number;
}

export interface Column {
  readonly name: string;
  readonly type: SqlType;
  readonly isNullable: boolean;
  readonly identity: { readonly seed: number; readonly increment: number } | undefined;
  readonly defaultValue: Expression | undefined;
}

export interface Key {
  readonly name: string;
  readonly isPrimary: boolean;
  /** Positions in `columns`. */
  readonly columns: readonly number[];
}

export type Row = readonly SqlValue[];

/** A row of a table, which keeps its place when its values change. */
export interface StoredRow {
  readonly place: number;
  readonly values: Row;
}

export interface Table {
  readonly id: number;
  readonly name: string;
  readonly schemaId: number;
  readonly columns: readonly Column[];
  readonly keys: readonly Key[];
  readonly rows: IndexedRows<StoredRow, string>;
  readonly nextPlace: number;
  readonly nextIdentity: number;
  readonly createdAt: Date;
  /** Set if it differs from the schema's owner. */
  readonly ownerId?: number;
}

export type SecurableClass = "database" | "object" | "schema" | "principal";

export interface Grant {
  readonly class: SecurableClass;
  /** 0 for the database itself. */
  readonly majorId: number;
  readonly granteeId: number;
  readonly grantorId: number;
  readonly permission: string;
}

export interface ExtendedProperty {
  readonly principalId: number;
  readonly name: string;
  readonly value: string;
}

export interface Membership {
  readonly roleId: number;
  readonly memberId: number;
}

const principalIndexes = {
  id: ({ id }: Principal) => [id],
  name: ({ name }: Principal) => [fold(name)],
  sid: ({ id, sid }: Principal) => [sidText(sid), id],
  type: ({ id, type }: Principal) => [type, id],
  owner: ({ id, ownerId }: Principal) => [ownerId ?? none, id],
};

const membershipIndexes = {
  id: ({ roleId, memberId }: Membership) => [roleId, memberId],
  member: ({ roleId, memberId }: Membership) => [memberId, roleId],
};

/** The same permission on the same thing can be given to a principal only once, whoever gives it. */
const grantIndexes = {
  id: (grant: Grant) => [grant.class, grant.majorId, grant.granteeId, grant.permission],
  grantee: (grant: Grant) => [grant.granteeId, grant.class, grant.majorId, grant.permission],
  grantor: (grant: Grant) => [grant.grantorId, grant.class, grant.majorId, grant.granteeId, grant.permission],
};

const propertyIndexes = { id: ({ principalId, name }: ExtendedProperty) => [principalId, fold(name)] };

export interface DatabaseData {
  readonly name: string;
  readonly principals: IndexedRows<Principal, keyof typeof principalIndexes>;
  readonly memberships: IndexedRows<Membership, keyof typeof membershipIndexes>;
  readonly schemas: readonly Schema[];
  readonly tables: readonly Table[];
  readonly grants: IndexedRows<Grant, keyof typeof grantIndexes>;
  readonly properties: IndexedRows<ExtendedProperty>;
  readonly nextId: number;
}

/** In an index, stands for a principal that is not there: every id is greater. */
const none = -1;

function sidText(sid: Buffer | undefined): string {
  return sid?.toString("hex") ?? "";
}

export const principalIds = { public: 0, dbo: 1, guest: 2 } as const;
/** The first id for what users create; lower ones are built in. */
const firstId = 5;

const fixedRoles: readonly [name: string, id: number][] = [
  ["db_owner", 16384],
  ["db_accessadmin", 16385],
  ["db_securityadmin", 16386],
  ["db_ddladmin", 16387],
  ["db_backupoperator", 16389],
  ["db_datareader", 16390],
  ["db_datawriter", 16391],
  ["db_denydatareader", 16392],
  ["db_denydatawriter", 16393],
];

/** The ids from 16384 to 16399 are for fixed roles, as in SQL Server. */
export function idAfter(id: number): number {
  return id === 16383 ? 16400 : id + 1;
}

export function createDatabaseData(name: string, createdAt: Date): DatabaseData {
  const user = (id: number, userName: string, sid: Buffer | undefined): Principal => ({
    id,
    name: userName,
    type: "S",
    sid,
    isFixedRole: false,
    ownerId: undefined,
    defaultSchema: id === principalIds.dbo ? "dbo" : undefined,
    createdAt,
  });
  const role = (roleName: string, id: number, isFixedRole: boolean): Principal => ({
    id,
    name: roleName,
    type: "R",
    sid: undefined,
    isFixedRole,
    ownerId: principalIds.dbo,
    defaultSchema: undefined,
    createdAt,
  });
  return {
    name,
    principals: IndexedRows.of(principalIndexes, [
      role("public", principalIds.public, false),
      user(principalIds.dbo, "dbo", Buffer.of(1)),
      user(principalIds.guest, "guest", Buffer.of(0)),
      user(3, "INFORMATION_SCHEMA", undefined),
      user(4, "sys", undefined),
      ...fixedRoles.map(([roleName, id]) => role(roleName, id, true)),
    ]),
    memberships: IndexedRows.of(membershipIndexes),
    schemas: [
      { id: 1, name: "dbo", ownerId: principalIds.dbo },
      { id: 2, name: "guest", ownerId: principalIds.guest },
      { id: 3, name: "INFORMATION_SCHEMA", ownerId: 3 },
      { id: 4, name: "sys", ownerId: 4 },
    ],
    tables: [],
    grants: IndexedRows.of(grantIndexes, [
      {
        class: "database",
        majorId: 0,
        granteeId: principalIds.dbo,
        grantorId: principalIds.dbo,
        permission: "CONNECT",
      },
    ]),
    properties: IndexedRows.of(propertyIndexes),
    nextId: firstId,
  };
}

export function findPrincipal({ principals }: DatabaseData, name: string): Principal | undefined {
  return principals.first("name", fold(name));
}

export function principalsWithSid({ principals }: DatabaseData, sid: Buffer): readonly Principal[] {
  return principals.list("sid", sidText(sid));
}

export function findRole(data: DatabaseData, name: string): Principal | undefined {
  const principal = findPrincipal(data, name);
  return principal?.type === "R" ? principal : undefined;
}

export function principalById(data: DatabaseData, id: number): Principal | undefined {
  return data.principals.first("id", id);
}

export function findUserBySid(data: DatabaseData, sid: Buffer): Principal | undefined {
  return principalsWithSid(data, sid).find(({ type }) => type !== "R");
}

export function findSchema(data: DatabaseData, name: string): Schema | undefined {
  return data.schemas.find((schema) => fold(schema.name) === fold(name));
}

export function schemaName(data: DatabaseData, id: number): string {
  return data.schemas.find((schema) => schema.id === id)?.name ?? "dbo";
}

/** Looks up names without a schema in dbo: no principal here has another default schema. */
export function findTable(data: DatabaseData, { schema, name }: { schema: string | undefined; name: string }) {
  const schemaId = findSchema(data, schema ?? "dbo")?.id;
  return data.tables.find((table) => table.schemaId === schemaId && fold(table.name) === fold(name));
}

export function withTable(data: DatabaseData, changed: Table): DatabaseData {
  return { ...data, tables: data.tables.map((table) => (table.id === changed.id ? changed : table)) };
}

/** A random SID for a user without a login: S-1-9-3-…, 28 bytes. */
export function randomSid(): Buffer {
  return Buffer.concat([Buffer.from("010500000000000903000000", "hex"), randomBytes(16)]);
}
