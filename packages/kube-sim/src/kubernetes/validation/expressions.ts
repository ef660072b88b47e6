/** Expressions in CEL, as far as the parser in use understands them: what it does not know is said in its own words. */
import { Environment, type TypeCheckResult } from "@marcbachmann/cel-js";
import { messageOf } from "../../../../../src/domain/messageOf.ts";
import type { Cause } from "../cause.ts";
import { invalidValue } from "../metadataRules.ts";

/** A language with these variables, of any type. */
export function languageOf(variables: readonly string[]): Environment {
  const language = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false });
  for (const name of variables) language.registerVariable(name, "dyn");
  return language;
}

/** A place in an expression of one line or several, as the API server points at it. */
export function pointed(expression: string, position: number, why: string): string {
  const before = expression.slice(0, position).split("\n");
  const column = before.at(-1)?.length ?? 0;
  const line = expression.split("\n")[before.length - 1] ?? "";
  return `compilation failed: ERROR: <input>:${before.length}:${column + 1}: ${why}\n | ${line}\n | ${".".repeat(column)}^`;
}

/** What is wrong with an expression; functions that only the API server has are not. */
export function expressionProblem(language: Environment, expression: string): string | undefined {
  const found = problemOf(() => language.check(expression).error);
  const unknown = /^Unknown variable: (\S+)/.exec(found)?.[1];
  if (unknown !== undefined) {
    const position = expression.search(new RegExp(`\\b${unknown}\\b`));
    return pointed(expression, position, `undeclared reference to '${unknown}' (in container '')`);
  }
  const unreadable = problemOf(() => void language.parse(expression));
  return unreadable === "" ? undefined : `compilation failed: ERROR: ${unreadable}`;
}

/** The first line of what is thrown or returned. */
function problemOf(check: () => unknown): string {
  try {
    const error = check();
    return error === undefined ? "" : (messageOf(error).split("\n")[0] ?? "");
  } catch (error) {
    return messageOf(error).split("\n")[0] ?? "";
  }
}

/** An expression that has to be true or false. */
export function conditionViolations(language: Environment, expression: string, field: string): Cause[] {
  const problem = expressionProblem(language, expression);
  if (problem !== undefined) return [invalidValue(field, expression, problem)];
  const { type }: TypeCheckResult = language.check(expression);
  if (type === "bool" || type === "dyn" || type === undefined) return [];
  return [invalidValue(field, expression, `must evaluate to bool but got ${type}`)];
}
