/** What may not stand in the schema of a custom resource, which has to be structural. */

import type { Cause } from "../cause.ts";
import { customViolations } from "../customValidation.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { readPattern } from "../pattern.ts";
import type { Schema } from "../schema.ts";
import { forbidden, required, unsupported } from "./causes.ts";
import { expressionProblem, languageOf, pointed } from "./expressions.ts";

type Level = "root" | "field" | "item";

/** Whether it is structural is asked first; only then what defaults and rules say. */
export function schemaViolations(schema: JsonObject, path: string): Cause[] {
  const structural = everywhere(schema, path, "root", structuralViolations);
  const defaults = structural.length > 0 ? [] : everywhere(schema, path, "root", defaultViolations);
  const rules = structural.length + defaults.length > 0 ? [] : everywhere(schema, path, "root", ruleViolations);
  return [...structural, ...defaults, ...everywhere(schema, path, "root", ownViolations), ...rules];
}

type Check = (schema: JsonObject, path: string, level: Level) => Cause[];

function everywhere(schema: JsonObject, path: string, level: Level, check: Check): Cause[] {
  const more = schema["additionalProperties"];
  const items = schema["items"];
  return [
    ...check(schema, path, level),
    ...(isObject(more) ? everywhere(more, `${path}.additionalProperties`, "field", check) : []),
    ...Object.entries(objectAt(schema, "properties")).flatMap(([name, child]) =>
      isObject(child) ? everywhere(child, `${path}.properties[${name}]`, "field", check) : [],
    ),
    ...(isObject(items) ? everywhere(items, `${path}.items`, "item", check) : []),
  ];
}

const untyped: Readonly<Record<Level, string>> = {
  root: "must not be empty at the root",
  item: "must not be empty for specified array items",
  field: "must not be empty for specified object fields",
};

function structuralViolations(schema: JsonObject, path: string, level: Level): Cause[] {
  const type = stringAt(schema, "type") ?? "";
  const isOpen =
    schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  return [
    ...(type === "array" && !isObject(schema["items"]) ? [required(`${path}.items`, "must be specified")] : []),
    ...(isEmbedded && type !== "object"
      ? [required(`${path}.type`, "must be object if x-kubernetes-embedded-resource is true")]
      : []),
    ...(type === "" && !isOpen && !isEmbedded ? [required(`${path}.type`, untyped[level])] : []),
    ...(level === "root" && type !== "" && type !== "object"
      ? [invalidValue(`${path}.type`, type, "must be object at the root")]
      : []),
  ];
}

function defaultViolations(schema: JsonObject, path: string): Cause[] {
  const value = schema["default"];
  if (value === undefined) return [];
  return customViolations(value, schema as Schema).map((cause) => ({
    ...cause,
    field: `${path}.default${cause.field === "" ? "" : `.${cause.field}`}`,
  }));
}

const types = ["array", "boolean", "integer", "number", "object", "string"];

function ownViolations(schema: JsonObject, path: string): Cause[] {
  const type = stringAt(schema, "type") ?? "";
  const isFilled = Object.keys(objectAt(schema, "properties")).length > 0;
  const more = schema["additionalProperties"];
  return [
    ...(type === "" || types.includes(type) ? [] : [unsupported(`${path}.type`, type, types)]),
    ...["$ref", "definitions", "dependencies", "patternProperties", "additionalItems"]
      .filter((field) => schema[field] !== undefined)
      .map((field) => forbidden(`${path}.${field}`, `${field} is not supported`)),
    ...(schema["uniqueItems"] === true
      ? [
          forbidden(
            `${path}.uniqueItems`,
            "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
          ),
        ]
      : []),
    ...(isFilled && (isObject(more) || more === false)
      ? [forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive")]
      : []),
    ...(schema["x-kubernetes-preserve-unknown-fields"] === false
      ? [invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined")]
      : []),
    ...listViolations(schema, path),
    ...patternViolations(stringAt(schema, "pattern"), `${path}.pattern`),
  ];
}

function listViolations(schema: JsonObject, path: string): Cause[] {
  const kind = stringAt(schema, "x-kubernetes-list-type");
  const keys = listAt(schema, "x-kubernetes-list-map-keys");
  const field = `${path}.x-kubernetes-list-map-keys`;
  const type = stringAt(schema, "type") ?? "";
  const causes: Cause[] = [];
  if (kind !== undefined && type !== "array") {
    causes.push(invalidValue(`${path}.type`, type, "must be array if x-kubernetes-list-type is specified"));
  }
  if (kind !== undefined && !["atomic", "set", "map"].includes(kind)) {
    causes.push(unsupported(`${path}.x-kubernetes-list-type`, kind, ["atomic", "set", "map"]));
  }
  if (keys.length > 0 && kind !== "map") {
    const why = "must be map if x-kubernetes-list-map-keys is non-empty";
    causes.push(
      kind === undefined
        ? required(`${path}.x-kubernetes-list-type`, why)
        : invalidValue(`${path}.x-kubernetes-list-type`, kind, why),
    );
  }
  if (kind !== "map") return causes;
  if (keys.length === 0) causes.push(required(field, "must not be empty if x-kubernetes-list-type is map"));
  const items = objectAt(schema, "items");
  const properties = objectAt(items, "properties");
  if (stringAt(items, "type") !== "object") {
    const why = "must be object if parent array's x-kubernetes-list-type is map";
    return [...causes, invalidValue(`${path}.items.type`, stringAt(items, "type") ?? "", why)];
  }
  for (const key of keys) {
    const property = properties[String(key)];
    if (property === undefined) causes.push(invalidValue(field, keys, "entries must all be names of item properties"));
    else if (!listAt(items, "required").includes(key) && objectAt(property)["default"] === undefined) {
      const why = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
      causes.push(required(`${path}.items.properties[${String(key)}].default`, why));
    }
  }
  return causes;
}

function patternViolations(pattern: string | undefined, field: string): Cause[] {
  if (pattern === undefined) return [];
  try {
    readPattern(pattern);
    return [];
  } catch {
    const isOpen = (pattern.match(/\(/g)?.length ?? 0) > (pattern.match(/\)/g)?.length ?? 0);
    const why = isOpen ? `missing closing ): \`${pattern}\`` : `invalid regular expression: \`${pattern}\``;
    return [
      invalidValue(field, pattern, `must be a valid regular expression, but isn't: error parsing regexp: ${why}`),
    ];
  }
}

const language = languageOf(["self", "oldSelf"]);

function ruleViolations(schema: JsonObject, path: string): Cause[] {
  return listAt(schema, "x-kubernetes-validations").flatMap((each, index) => {
    const rule = stringAt(each, "rule") ?? "";
    const field = `${path}.x-kubernetes-validations[${index}].rule`;
    if (rule.trim() === "") return [required(field, "rule is not specified")];
    const problem = expressionProblem(language, rule) ?? unknownField(schema, rule);
    return problem === undefined ? [] : [invalidValue(field, shownRule(each), problem)];
  });
}

/** A field of the object itself that its schema does not have. */
function unknownField(schema: JsonObject, rule: string): string | undefined {
  const isOpen = isObject(schema["additionalProperties"]) || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (schema["type"] !== "object" || isOpen) return undefined;
  const known = new Set([...Object.keys(objectAt(schema, "properties")), "apiVersion", "kind", "metadata"]);
  for (const { 1: field = "", index } of rule.matchAll(/\bself\.(\w+)(?!\w*\()/g)) {
    if (!known.has(field)) return pointed(rule, index + "self".length, `undefined field '${field}'`);
  }
  return undefined;
}

function shownRule(rule: Json): JsonObject {
  const { rule: Rule = "", message: Message = "", messageExpression: MessageExpression = "" } = objectAt(rule);
  const { reason: Reason = null, fieldPath: FieldPath = "", optionalOldSelf: OptionalOldSelf = null } = objectAt(rule);
  return { Rule, Message, MessageExpression, Reason, FieldPath, OptionalOldSelf };
}
