/** The built-in functions and global variables that clients, the service and a plain workload use. */
import { randomUUID } from "node:crypto";
import { SqlError } from "../errors.ts";
import { type DatabaseData, findPrincipal, findRole, findSchema, findTable, principalById } from "./database.ts";
import { holdsInDatabase, isInRole, isOwner, mayAlterRole, mayAlterUsers, seesTable } from "./permissions.ts";
import type { Session } from "./session.ts";
import {
  commonType,
  convert,
  dateToTicks,
  fold,
  isText,
  longer,
  nvarchar,
  type SqlType,
  type SqlValue,
  types,
  untyped,
} from "./sqlTypes.ts";

export interface Environment {
  readonly session: Session;
  readonly data: DatabaseData;
}

interface BuiltIn {
  readonly operands: readonly [fewest: number, most: number];
  readonly type: (operands: readonly SqlType[]) => SqlType;
  readonly evaluate: (values: readonly SqlValue[], types: readonly SqlType[], environment: Environment) => SqlValue;
}

const version = "Microsoft SQL Azure (RTM) - 12.0.2000.8 (Mooring sandbox)";

const always = (type: SqlType) => () => type;
/** Text as wide as its first operand. */
const likeFirst = ([first]: readonly SqlType[]) =>
  first && isText(first) ? first : nvarchar(first?.length === "max" ? "max" : 4000);
const text = (value: SqlValue | undefined, type: SqlType | undefined): string =>
  String(convert(value ?? "", type ?? nvarchar(1), nvarchar("max")));
const now = ({ session }: Environment) => dateToTicks(session.world.now());
const me = ({ session, data }: Environment) => principalById(data, session.principalId)?.name ?? null;

/** ISNULL has its first operand's type, even if the second is wider. */
const isNullType = ([first = untyped, second = untyped]: readonly SqlType[]) => (first === untyped ? second : first);

/** A function from text to text; null gives null. */
function ofText(change: (text: string) => string): BuiltIn {
  return {
    operands: [1, 1],
    type: likeFirst,
    evaluate: ([value], [type]) => (value === null ? null : change(text(value, type))),
  };
}

function constant(type: SqlType, value: (environment: Environment) => SqlValue): BuiltIn {
  return { operands: [0, 0], type: always(type), evaluate: (_values, _types, environment) => value(environment) };
}

/** The id of a name, or null. */
function idOf(find: (name: string, environment: Environment) => number | undefined): BuiltIn["evaluate"] {
  return ([name], [type], environment) => (name === null ? null : (find(text(name, type), environment) ?? null));
}

const principalId: BuiltIn = {
  operands: [0, 1],
  type: always(types.int),
  evaluate: (values, operandTypes, environment) =>
    values.length === 0
      ? environment.session.principalId
      : idOf((name, { data }) => findPrincipal(data, name)?.id)(values, operandTypes, environment),
};

const isMember: BuiltIn = {
  operands: [1, 2],
  type: always(types.int),
  evaluate: ([role, member], [roleType, memberType], { session, data }) => {
    const found = findPrincipal(data, text(role ?? null, roleType));
    const who = member == null ? session.principalId : findPrincipal(data, text(member, memberType))?.id;
    if (found?.type !== "R" || who === undefined) return null;
    const isImplied = fold(found.name) === "DB_OWNER" && isOwner(data, who);
    return isImplied || isInRole(data, who, found.name) ? 1 : 0;
  },
};

const userName: BuiltIn = {
  operands: [0, 1],
  type: always(types.sysname),
  evaluate: ([id], _types, environment) =>
    id === undefined ? me(environment) : (principalById(environment.data, Number(id))?.name ?? null),
};

const login = constant(types.sysname, ({ session }) => session.loginName);
const clock = constant(types.datetime2, now);

export const functions: Readonly<Record<string, BuiltIn>> = {
  DB_NAME: constant(types.sysname, ({ data }) => data.name),
  APP_NAME: constant(types.sysname, ({ session }) => session.application),
  SUSER_SNAME: login,
  SUSER_NAME: login,
  ORIGINAL_LOGIN: login,
  USER_NAME: userName,
  DATABASE_PRINCIPAL_ID: principalId,
  USER_ID: principalId,
  IS_MEMBER: isMember,
  IS_ROLEMEMBER: isMember,
  // learn.microsoft.com "HAS_PERMS_BY_NAME (Transact-SQL)", only for the database itself and ALTER on a role.
  HAS_PERMS_BY_NAME: {
    operands: [3, 3],
    type: always(types.int),
    evaluate: ([on, of, permission], [onType, ofType, permissionType], { session, data }) => {
      if (on != null && text(of, ofType).toUpperCase() === "ROLE") {
        const role = findRole(data, unquote(text(on, onType)));
        return role === undefined ? null : mayAlterRole(data, session.principalId, role) ? 1 : 0;
      }
      if (text(of, ofType).toUpperCase() !== "DATABASE") return null;
      const wanted = text(permission, permissionType).toUpperCase();
      const isHeld = wanted === "ALTER ANY USER" ? mayAlterUsers : holdsInDatabase;
      return isHeld(data, session.principalId, wanted) ? 1 : 0;
    },
  },
  SCHEMA_ID: {
    operands: [1, 1],
    type: always(types.int),
    evaluate: idOf((name, { data }) => findSchema(data, name)?.id),
  },
  SCHEMA_NAME: {
    operands: [0, 1],
    type: always(types.sysname),
    evaluate: ([id], _types, { data }) =>
      id === undefined ? "dbo" : (data.schemas.find((schema) => schema.id === id)?.name ?? null),
  },
  OBJECT_ID: {
    operands: [1, 2],
    type: always(types.int),
    evaluate: idOf((name, { data, session }) => {
      const [last = "", schema] = name.split(".").reverse().map(unquote);
      const table = findTable(data, { schema, name: last });
      return table && seesTable(data, session.principalId, table) ? table.id : undefined;
    }),
  },
  OBJECT_NAME: {
    operands: [1, 1],
    type: always(types.sysname),
    evaluate: ([id], _types, { data }) => data.tables.find((table) => table.id === id)?.name ?? null,
  },
  SYSUTCDATETIME: clock,
  SYSDATETIME: clock,
  GETUTCDATE: clock,
  GETDATE: clock,
  NEWID: constant(types.guid, () => randomUUID().toUpperCase()),
  SCOPE_IDENTITY: constant(types.bigint, ({ session }) =>
    session.lastIdentity === undefined ? null : BigInt(session.lastIdentity),
  ),
  ISNULL: {
    operands: [2, 2],
    type: isNullType,
    evaluate: ([value, other], operands) =>
      value ?? convert(other ?? null, operands[1] ?? untyped, isNullType(operands)),
  },
  COALESCE: {
    operands: [2, 100],
    type: (operands) => operands.reduce(commonType),
    evaluate: (values, operands) => {
      const index = values.findIndex((value) => value !== null);
      const type = operands[index];
      return type ? convert(values[index] ?? null, type, operands.reduce(commonType)) : null;
    },
  },
  LEN: {
    operands: [1, 1],
    type: always(types.int),
    evaluate: ([value], [type]) => (value === null ? null : text(value, type).replace(/ +$/, "").length),
  },
  DATALENGTH: {
    operands: [1, 1],
    type: always(types.int),
    evaluate: ([value], [type]) => {
      if (value == null || !type) return null;
      return (convert(value, type, { kind: "varbinary", length: "max" }) as Buffer).length;
    },
  },
  UPPER: ofText((value) => value.toUpperCase()),
  LOWER: ofText((value) => value.toLowerCase()),
  LTRIM: ofText((value) => value.replace(/^ +/, "")),
  RTRIM: ofText((value) => value.replace(/ +$/, "")),
  TRIM: ofText((value) => value.replace(/^ +| +$/g, "")),
  QUOTENAME: {
    operands: [1, 1],
    type: always(nvarchar(258)),
    evaluate: ([value], [type]) => {
      if (value === null || text(value, type).length > 128) return null;
      return `[${text(value, type).replaceAll("]", "]]")}]`;
    },
  },
  LEFT: {
    operands: [2, 2],
    type: likeFirst,
    evaluate: ([value, count], [type]) =>
      value === null || count === null ? null : text(value, type).slice(0, Number(count)),
  },
  SUBSTRING: {
    operands: [3, 3],
    type: likeFirst,
    evaluate: ([value, start, count], [type]) => {
      if (value == null || start == null || count == null) return null;
      const from = Number(start) - 1;
      return text(value, type).slice(Math.max(from, 0), Math.max(from + Number(count), 0));
    },
  },
  REPLACE: {
    operands: [3, 3],
    type: always(nvarchar("max")),
    evaluate: ([value, find, other], [type, findType, otherType]) => {
      if (value === null || find === null || other === null) return null;
      return text(value, type).replaceAll(text(find, findType), text(other, otherType));
    },
  },
  REPLICATE: {
    operands: [2, 2],
    type: likeFirst,
    evaluate: ([value, count], [type]) => {
      if (value === null || count === null) return null;
      const whole = text(value, type);
      if (whole.length * Number(count) > 8_000_000) throw new SqlError(701, "There is insufficient system memory.");
      const repeated = whole.repeat(Math.max(Number(count), 0));
      return type?.length === "max" ? repeated : repeated.slice(0, type?.kind === "nvarchar" ? 4000 : 8000);
    },
  },
  CONCAT: {
    operands: [2, 254],
    type: (operands) => nvarchar(operands.some(({ length }) => length === "max") ? "max" : 4000),
    evaluate: (values, operands) =>
      values.map((value, index) => (value === null ? "" : text(value, operands[index]))).join(""),
  },
  XACT_STATE: constant(types.smallint, ({ session }) => (session.transactionDepth > 0 ? 1 : 0)),
};

/** Function calls that look like column names. */
export const bareFunctions: Readonly<Record<string, BuiltIn>> = {
  CURRENT_USER: userName,
  SESSION_USER: userName,
  SYSTEM_USER: login,
  CURRENT_TIMESTAMP: clock,
};

export const globalVariables: Readonly<Record<string, BuiltIn>> = {
  "@@VERSION": constant(nvarchar(300), () => version),
  "@@SPID": constant(types.smallint, ({ session }) => session.id),
  "@@TRANCOUNT": constant(types.int, ({ session }) => session.transactionDepth),
  "@@ROWCOUNT": constant(types.int, ({ session }) => session.rowCount),
  "@@IDENTITY": constant(types.bigint, ({ session }) =>
    session.lastIdentity === undefined ? null : BigInt(session.lastIdentity),
  ),
  "@@SERVERNAME": constant(types.sysname, ({ session }) => session.server),
};

/** The type of `a + b` for texts. */
export function concatenatedType(left: SqlType, right: SqlType): SqlType {
  const { kind } = commonType(left, right);
  if (left.length === "max" || right.length === "max") return { kind, length: "max" };
  const limit = kind === "nvarchar" || kind === "nchar" ? 4000 : 8000;
  const sum = Number(longer(left.length, 1)) + Number(longer(right.length, 1));
  return { kind, length: Math.min(sum, limit) };
}

function unquote(name: string): string {
  return name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1).replaceAll("]]", "]") : name;
}
