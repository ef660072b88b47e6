/** The parser's result for a batch: the statements of this dialect, and no others. */
import type { SessionOptions } from "./sessionOptions.ts";
import type { SqlType, SqlValue } from "./sqlTypes.ts";
import type { TransactionRequest } from "./transactions.ts";

export interface ObjectName {
  readonly schema: string | undefined;
  readonly name: string;
}

export type Expression =
  | { readonly kind: "literal"; readonly type: SqlType; readonly value: SqlValue }
  | { readonly kind: "column"; readonly qualifier: string | undefined; readonly name: string }
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "call"; readonly name: string; readonly operands: readonly Expression[]; readonly isStar: boolean }
  | {
      readonly kind: "cast";
      readonly operand: Expression;
      readonly type: SqlType;
      readonly style: Expression | undefined;
    }
  | { readonly kind: "negate"; readonly operand: Expression }
  | { readonly kind: "arithmetic"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "subquery"; readonly query: Select }
  | {
      readonly kind: "case";
      readonly branches: readonly { readonly when: Expression; readonly result: Expression }[];
      readonly otherwise: Expression | undefined;
    }
  | Predicate;

/** T-SQL has no boolean values: predicates occur only as conditions. */
export type Predicate =
  | { readonly kind: "compare"; readonly operator: string; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "logical"; readonly operator: "AND" | "OR"; readonly left: Expression; readonly right: Expression }
  | { readonly kind: "not"; readonly operand: Expression }
  | { readonly kind: "isNull"; readonly operand: Expression }
  | { readonly kind: "like"; readonly operand: Expression; readonly pattern: Expression }
  | { readonly kind: "inList"; readonly operand: Expression; readonly options: readonly Expression[] }
  | { readonly kind: "inQuery"; readonly operand: Expression; readonly query: Select }
  | { readonly kind: "exists"; readonly query: Select };

export type SelectItem =
  | { readonly kind: "star"; readonly qualifier: string | undefined }
  | { readonly kind: "value"; readonly value: Expression; readonly alias: string | undefined }
  | { readonly kind: "assign"; readonly variable: string; readonly value: Expression };

export interface Source {
  readonly table: ObjectName;
  readonly alias: string | undefined;
  /** How it joins the sources before it; undefined for the first one. */
  readonly join: { readonly kind: "inner" | "left" | "cross"; readonly on: Expression | undefined } | undefined;
}

export interface Select {
  readonly isDistinct: boolean;
  readonly top: Expression | undefined;
  readonly items: readonly SelectItem[];
  readonly from: readonly Source[];
  readonly where: Expression | undefined;
  readonly orderBy: readonly { readonly value: Expression; readonly isDescending: boolean }[];
  readonly offset: Expression | undefined;
  readonly fetch: Expression | undefined;
}

export interface ColumnDefinition {
  readonly name: string;
  readonly type: SqlType;
  readonly identity: { readonly seed: number; readonly increment: number } | undefined;
  readonly isNullable: boolean | undefined;
  readonly defaultValue: Expression | undefined;
}

export interface KeyDefinition {
  readonly name: string | undefined;
  readonly isPrimary: boolean;
  readonly columns: readonly string[];
}

/** What the ON clause of a GRANT names. */
export interface Securable {
  readonly class: "object" | "schema" | "principal";
  readonly name: ObjectName;
}

export type UserOrigin =
  | { readonly kind: "sid"; readonly sid: Buffer; readonly type: "E" | "X" }
  | { readonly kind: "externalProvider"; readonly objectId: string | undefined }
  | { readonly kind: "withoutLogin" }
  | { readonly kind: "password"; readonly password: string };

export interface ProcedureCall {
  readonly name: ObjectName;
  readonly parameters: readonly {
    readonly name: string | undefined;
    readonly value: Expression;
    readonly isOutput: boolean;
  }[];
}

export type Statement =
  | { readonly kind: "select"; readonly query: Select }
  | {
      readonly kind: "insert";
      readonly table: ObjectName;
      readonly columns: readonly string[] | undefined;
      readonly rows: readonly (readonly (Expression | "default")[])[];
    }
  | {
      readonly kind: "update";
      readonly table: ObjectName;
      readonly assignments: readonly { readonly column: string; readonly value: Expression }[];
      readonly where: Expression | undefined;
    }
  | { readonly kind: "delete"; readonly table: ObjectName; readonly where: Expression | undefined }
  | {
      readonly kind: "createTable";
      readonly table: ObjectName;
      readonly columns: readonly ColumnDefinition[];
      readonly keys: readonly KeyDefinition[];
    }
  | { readonly kind: "dropTable"; readonly table: ObjectName; readonly ifExists: boolean }
  | {
      readonly kind: "createUser";
      readonly name: string;
      readonly origin: UserOrigin;
      readonly defaultSchema: string | undefined;
    }
  | {
      readonly kind: "alterUser";
      readonly name: string;
      /** Undefined keeps the name. */
      readonly newName: string | undefined;
      readonly defaultSchema: string | undefined;
      readonly password: string | undefined;
      readonly oldPassword: string | undefined;
    }
  | { readonly kind: "dropUser"; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: "createRole"; readonly name: string; readonly owner: string | undefined }
  | { readonly kind: "dropRole"; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: "alterRole"; readonly role: string; readonly action: "ADD" | "DROP"; readonly member: string }
  | { readonly kind: "createSchema"; readonly name: string; readonly owner: string | undefined }
  | { readonly kind: "dropSchema"; readonly name: string; readonly ifExists: boolean }
  | { readonly kind: "alterSchemaOwner"; readonly schema: string; readonly owner: string }
  | { readonly kind: "alterRoleOwner"; readonly role: string; readonly owner: string }
  | { readonly kind: "alterTableOwner"; readonly table: ObjectName; readonly owner: string }
  | {
      readonly kind: "grant";
      readonly isRevoke: boolean;
      readonly permissions: readonly string[];
      readonly on: Securable | undefined;
      readonly principals: readonly string[];
    }
  | { readonly kind: "execute"; readonly call: ProcedureCall }
  | TransactionRequest
  | { readonly kind: "setOption"; readonly change: Partial<SessionOptions> }
  | { readonly kind: "setVariable"; readonly variable: string; readonly value: Expression }
  | {
      readonly kind: "declare";
      readonly variable: string;
      readonly type: SqlType;
      readonly value: Expression | undefined;
    }
  | {
      readonly kind: "if";
      readonly condition: Expression;
      readonly whenTrue: readonly Statement[];
      readonly whenFalse: readonly Statement[];
    }
  | { readonly kind: "use"; readonly database: string }
  | { readonly kind: "waitFor"; readonly ms: number };
