/** The schemas of a CustomResourceDefinition (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation). */
import { Environment } from "@marcbachmann/cel-js";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "azure-sim/json";
import { messageOf } from "../../messageOf.ts";
import type { Cause } from "../cause.ts";
import type { Schema } from "../schema.ts";
import { valueViolations } from "../schemaValidation.ts";
import { invalidValue, required } from "./causes.ts";
import { violationsBy } from "./rules.ts";

export function definitionViolations(definition: JsonObject): Cause[] {
  return listAt(definition, "spec", "versions").flatMap((each, index) => {
    const schema = objectAt(each, "schema", "openAPIV3Schema");
    const path = `spec.versions[${index}]`;
    return [
      ...schemaViolations(schema, `${path}.schema.openAPIV3Schema`),
      ...listAt(each, "selectableFields").flatMap((field) => fieldViolations(schema, field, path)),
    ];
  });
}

/** Only what the schema has, and what is a value, can be selected. */
function fieldViolations(schema: JsonObject, field: Json, path: string): Cause[] {
  const jsonPath = stringAt(field, "jsonPath") ?? "";
  const parts = jsonPath.split(".").filter((part) => part !== "");
  const found = parts.reduce<JsonObject>((each, part) => objectAt(each, "properties", part), schema);
  const isValue = ["string", "boolean", "integer"].includes(stringAt(found, "type") ?? "");
  return isValue ? [] : [invalidValue(`${path}.selectableFields.jsonPath`, jsonPath, "is an invalid path")];
}

/** Whether it is structural is asked first; only then what defaults and rules say. */
function schemaViolations(schema: JsonObject, path: string): Cause[] {
  if (Object.keys(schema).length === 0) return [required(`${path}.type`, "must not be empty at the root")];
  const whole = { root: schema, old: undefined };
  const structural = everywhere(schema, path, (each, at) => violationsBy("SchemaNode", each, at, whole));
  const isOther = schema["type"] !== undefined && schema["type"] !== "object";
  if (isOther) structural.push(invalidValue(`${path}.type`, schema["type"] ?? null, "must be object at the root"));
  return structural.length > 0 ? structural : everywhere(schema, path, contentViolations);
}

type Check = (schema: JsonObject, path: string) => Cause[];

function everywhere(schema: JsonObject, path: string, check: Check): Cause[] {
  const { additionalProperties: more, items } = schema;
  return [
    ...check(schema, path),
    ...(isObject(more) ? everywhere(more, `${path}.additionalProperties`, check) : []),
    ...Object.entries(objectAt(schema, "properties")).flatMap(([name, child]) =>
      isObject(child) ? everywhere(child, `${path}.properties[${name}]`, check) : [],
    ),
    ...(isObject(items) ? everywhere(items, `${path}.items`, check) : []),
  ];
}

const language = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
  .registerVariable("self", "dyn")
  .registerVariable("oldSelf", "dyn");

/** Defaults that do not fit, and rules that cannot be read. */
function contentViolations(schema: JsonObject, path: string): Cause[] {
  const { default: value } = schema;
  const wrong = value === undefined ? [] : valueViolations(value, schema as Schema);
  return [
    ...wrong.map((cause) => ({ ...cause, field: `${path}.default${cause.field === "" ? "" : `.${cause.field}`}` })),
    ...listAt(schema, "x-kubernetes-validations").flatMap((each, index) => {
      const rule = stringAt(each, "rule") ?? "";
      const field = `${path}.x-kubernetes-validations[${index}].rule`;
      if (rule.trim() === "") return [required(field, "rule is not specified")];
      const problem = ruleProblem(rule) ?? unknownField(schema, rule);
      return problem === undefined ? [] : [invalidValue(field, rule, `compilation failed: ${problem}`)];
    }),
  ];
}

/** Functions that only the API server has are none. */
function ruleProblem(rule: string): string | undefined {
  try {
    const unknown = /^Unknown variable: (\S+)/.exec(messageOf(language.check(rule).error ?? ""))?.[1];
    if (unknown !== undefined) return `undeclared reference to '${unknown}' (in container '')`;
    language.parse(rule);
    return undefined;
  } catch (error) {
    return messageOf(error).split("\n")[0];
  }
}

/** A field of the object itself that its schema does not have. */
function unknownField(schema: JsonObject, rule: string): string | undefined {
  const isOpen = isObject(schema["additionalProperties"]) || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema["type"] !== "object" || isOpen) return undefined;
  const known = new Set([...Object.keys(objectAt(schema, "properties")), "apiVersion", "kind", "metadata"]);
  const unknown = [...rule.matchAll(/\bself\.(\w+)(?!\w*\()/g)].find(([, field = ""]) => !known.has(field));
  return unknown && `undefined field '${unknown[1]}'`;
}
