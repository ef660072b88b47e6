/**
 * The rules of a custom resource (`x-kubernetes-validations`), evaluated where the object is valid otherwise. What an expression
 * may cost is not counted.
 */
import { Environment } from "@marcbachmann/cel-js";
import { isObject, type Json, type JsonObject, listAt, stringAt } from "azure-sim/json";
import { messageOf } from "../messageOf.ts";
import type { Cause } from "./cause.ts";
import { fieldSchema, type Rule, type Schema } from "./schema.ts";

const environment = new Environment({
  ...{ unlistedVariablesAreDyn: true, enableOptionalTypes: true, homogeneousAggregateLiterals: false },
});

/** Of the whole object, and of everything in it that has rules; `before` is undefined for what is new. */
export function ruleViolations(
  value: Json,
  { schema, before, path = "" }: { schema: Schema | undefined; before: Json | undefined; path?: string },
): Cause[] {
  if (schema === undefined || value === null) return [];
  const rules = schema["x-kubernetes-validations"] ?? [];
  const own = rules.flatMap((rule) => oneViolation(rule, { value, schema, before, path }));
  if (Array.isArray(value)) {
    const inside = value.flatMap((item, index) => {
      const old = correlated(item, listAt(before ?? null), schema);
      return ruleViolations(item, { schema: schema.items, before: old, path: `${path}[${index}]` });
    });
    return [...own, ...inside];
  }
  if (!isObject(value)) return own;
  const inside = Object.entries(value).flatMap(([field, child]) => {
    const old = isObject(before) ? before[field] : undefined;
    const place = path === "" ? field : `${path}.${field}`;
    return ruleViolations(child, { schema: fieldSchema(schema, field), before: old, path: place });
  });
  return [...own, ...inside];
}

/** Only the items of a map are the same ones as before. */
function correlated(item: Json, before: readonly Json[], schema: Schema): Json | undefined {
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (schema["x-kubernetes-list-type"] !== "map" || !isObject(item)) return undefined;
  return before.find((each) => isObject(each) && keys.every((key) => each[key] === item[key]));
}

interface Place {
  readonly value: Json;
  readonly schema: Schema;
  readonly before: Json | undefined;
  readonly path: string;
}

function oneViolation(rule: Rule, { value, schema, before, path }: Place): Cause[] {
  if (/\boldSelf\b/.test(rule.rule) && before === undefined && rule.optionalOldSelf !== true) return [];
  const self = inExpressions(value, schema);
  const context = before === undefined ? { self } : { self, oldSelf: inExpressions(before, schema) };
  const field = path === "" ? "<nil>" : path;
  try {
    if (environment.parse(rule.rule)(context) === true) return [];
  } catch (error) {
    const [why = ""] = messageOf(error).split("\n");
    const message = `Invalid value: ${JSON.stringify(schema.type ?? "")}: ${why} evaluating rule: ${standard(rule)}`;
    return [{ reason: "FieldValueInvalid", message, field }];
  }
  const at = rule.fieldPath === undefined ? field : `${path}${rule.fieldPath}`.replace(/^\./, "");
  return [{ reason: rule.reason ?? "FieldValueInvalid", message: `Invalid value: ${told(rule, context)}`, field: at }];
}

const standard = ({ rule, message }: Rule) => message ?? rule.trim().replaceAll("\n", " ");

/** What the rule says, or else the rule. */
function told(rule: Rule, context: Record<string, unknown>): string {
  try {
    const text: unknown = rule.messageExpression && environment.parse(rule.messageExpression)(context);
    if (typeof text === "string" && text.trim() !== "") return text;
  } catch {
    // As if there were none.
  }
  return rule.message ?? `failed rule: ${standard(rule)}`;
}

/** With CEL's integers, and without what the schema does not know. */
function inExpressions(value: Json, schema: Schema | undefined): unknown {
  if (Array.isArray(value)) return value.map((item) => inExpressions(item, schema?.items));
  if (typeof value === "number") {
    const isWhole = schema?.type === "integer" || schema?.["x-kubernetes-int-or-string"] === true;
    return isWhole ? BigInt(Math.trunc(value)) : value;
  }
  if (!isObject(value)) return value;
  const fields = Object.entries(value).map(([field, child]) => [
    field,
    field === "metadata" ? metadataIn(child) : inExpressions(child, schema && fieldSchema(schema, field)),
  ]);
  return Object.fromEntries(fields);
}

/** Rules see no more of it. */
function metadataIn(metadata: Json): JsonObject {
  const seen = ["name", "generateName"].flatMap((field) => {
    const text = stringAt(metadata, field);
    return text === undefined ? [] : [[field, text] as const];
  });
  return Object.fromEntries(seen);
}
