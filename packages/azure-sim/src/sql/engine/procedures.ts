/** The system procedures of this dialect: extended properties of users. The executor handles sp_executesql. */
import { SqlError } from "../errors.ts";
import { type DatabaseData, findPrincipal, type Principal } from "./database.ts";
import type { Environment } from "./functions.ts";
import { mayAlterUser } from "./permissions.ts";
import type { Variable } from "./session.ts";
import { convert, fold, nameOf, nvarchar } from "./sqlTypes.ts";

export interface Argument extends Variable {
  /** With the `@`; undefined if passed by position. */
  readonly name: string | undefined;
  /** Whether the caller wants the value returned. */
  readonly isOutput: boolean;
}

type Procedure = (read: (parameter: string) => Variable | undefined, environment: Environment) => DatabaseData;

const parameters = ["@name", "@value", "@level0type", "@level0name"];
const withoutValue = parameters.filter((name) => name !== "@value");

const procedures: Readonly<Record<string, { parameters: readonly string[]; run: Procedure }>> = {
  SP_ADDEXTENDEDPROPERTY: {
    parameters,
    run: (read, environment) => {
      const { data } = environment;
      const { name, user, existing } = findProperty(read, environment);
      if (existing) {
        throw new SqlError(15233, `Property cannot be added. Property '${name}' already exists for '${user.name}'.`);
      }
      return { ...data, properties: data.properties.with({ principalId: user.id, name, value: variantOf(read) }) };
    },
  },
  SP_UPDATEEXTENDEDPROPERTY: {
    parameters,
    run: (read, environment) => {
      const { data } = environment;
      const { name, user, existing } = findProperty(read, environment);
      if (!existing) throw propertyMissing(name, user);
      const value = variantOf(read);
      return { ...data, properties: data.properties.with({ ...existing, value }) };
    },
  },
  SP_DROPEXTENDEDPROPERTY: {
    parameters: withoutValue,
    run: (read, environment) => {
      const { data } = environment;
      const { name, user, existing } = findProperty(read, environment);
      if (!existing) throw propertyMissing(name, user);
      return { ...data, properties: data.properties.without(existing) };
    },
  },
};

export function runProcedure(name: string, given: readonly Argument[], environment: Environment): DatabaseData {
  const procedure = procedures[name.toUpperCase()];
  if (!procedure) throw new SqlError(2812, `Could not find stored procedure '${name}'.`);
  const values = new Map<string, Variable>();
  given.forEach((argument, index) => {
    const parameter = argument.name?.toLowerCase() ?? procedure.parameters[index];
    if (parameter === undefined || !procedure.parameters.includes(parameter)) {
      throw new SqlError(8145, `${argument.name ?? `@p${index}`} is not a parameter for procedure ${name}.`);
    }
    if (argument.isOutput) throw notOutput(parameter);
    values.set(parameter, argument);
  });
  return procedure.run((parameter) => values.get(parameter), environment);
}

export function notOutput(parameter: string): SqlError {
  return new SqlError(
    8162,
    `The formal parameter "${parameter}" was not declared as an OUTPUT parameter, but the actual parameter passed in requested output.`,
    { state: 2 },
  );
}

function findProperty(read: (parameter: string) => Variable | undefined, { data, session }: Environment) {
  const name = textOf(read("@name"));
  const level = textOf(read("@level0type"));
  const userName = textOf(read("@level0name"));
  if (name === undefined || name === "")
    throw new SqlError(
      15600,
      "An invalid parameter or option was specified for procedure 'sys.sp_addextendedproperty'.",
    );
  const user = userName === undefined ? undefined : findPrincipal(data, userName);
  if (level?.toUpperCase() !== "USER" || !user || user.type === "R") {
    throw new SqlError(
      15135,
      `Object is invalid. Extended properties are not permitted on '${userName ?? "object specified"}', or the object does not exist.`,
    );
  }
  if (!mayAlterUser(data, session.principalId, user)) {
    throw new SqlError(15247, "User does not have permission to perform this action.");
  }
  const existing = data.properties.first("id", user.id, fold(name));
  return { name, user, existing };
}

function propertyMissing(name: string, user: Principal): SqlError {
  return new SqlError(
    15217,
    `Property cannot be updated or deleted. Property '${name}' does not exist for '${user.name}'.`,
  );
}

/** A sql_variant holds at most 8,000 bytes and cannot have a (max) type. */
function variantOf(read: (parameter: string) => Variable | undefined): string {
  const given = read("@value");
  if (given?.type.length === "max") {
    throw new SqlError(206, `Operand type clash: ${nameOf(given.type)} is incompatible with sql_variant`);
  }
  const value = textOf(given) ?? "";
  if (value.length > 3750) {
    throw new SqlError(15097, "The size associated with an extended property cannot be more than 7,500 bytes.");
  }
  return value;
}

function textOf(variable: Variable | undefined): string | undefined {
  if (!variable || variable.value === null) return undefined;
  return String(convert(variable.value, variable.type, nvarchar("max")));
}
