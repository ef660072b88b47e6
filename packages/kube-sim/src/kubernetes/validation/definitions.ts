/** What may not stand in a CustomResourceDefinition (k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation). */
import { Environment } from "@marcbachmann/cel-js";
import { messageOf } from "../../messageOf.ts";
import type { Cause } from "../cause.ts";
import { customViolations } from "../customValidation.ts";
import { at, equal, isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { readPattern } from "../pattern.ts";
import type { Schema } from "../schema.ts";
import { forbidden, oneOf, required } from "./causes.ts";
import { violationsBy } from "./rules.ts";

export function definitionViolations(definition: JsonObject): Cause[] {
  const spec = objectAt(definition, "spec");
  const names = objectAt(spec, "names");
  const group = stringAt(spec, "group") ?? "";
  const [name = "", isStored] = ["name", "resourceVersion"].map((field) => stringAt(definition, "metadata", field));
  const says = (isSo: boolean, cause: Cause) => (isSo ? [cause] : []);
  const annotation = "api-approved.kubernetes.io";
  const isProtected = /(^|\.)(k8s|kubernetes)\.io$/.test(group);
  return [
    // On an update, group and plural have been compared before.
    ...says(
      isStored === undefined && name !== "" && name !== `${stringAt(names, "plural") ?? ""}.${group}`,
      invalidValue("metadata.name", name, `must be spec.names.plural+"."+spec.group`),
    ),
    ...violationsBy("Definition", definition, ""),
    ...says(
      group !== "" && !group.includes("."),
      invalidValue("spec.group", group, "should be a domain with at least one dot"),
    ),
    ...versionsViolations(listAt(spec, "versions")),
    ...says(
      Boolean(names["kind"]) && names["kind"] === names["listKind"],
      invalidValue("spec.names.listKind", names["listKind"] ?? "", "kind and listKind may not be the same"),
    ),
    ...conversionViolations(objectAt(spec, "conversion")),
    // Kubernetes' own groups are open only to what its community has looked at.
    ...says(
      isProtected && !stringAt(definition, "metadata", "annotations", annotation),
      required(`metadata.annotations[${annotation}]`, "protected groups must have approval annotation"),
    ),
    ...says(
      spec["preserveUnknownFields"] === true,
      invalidValue("spec.preserveUnknownFields", true, "cannot set to true, set x-kubernetes-preserve-unknown-fields"),
    ),
  ];
}

/** What a definition may not change once its names are accepted. */
export function definitionUpdateViolations(before: JsonObject, after: JsonObject): Cause[] {
  const fixed = [["scope"], ["names", "kind"], ["group"], ["names", "plural"]];
  return fixed.flatMap((path) => {
    const value = at(after, "spec", ...path) ?? null;
    if (equal(at(before, "spec", ...path) ?? null, value)) return [];
    return [invalidValue(["spec", ...path].join("."), value, "field is immutable")];
  });
}

function versionsViolations(versions: readonly Json[]): Cause[] {
  const names = versions.map((each) => stringAt(each, "name") ?? "");
  const stored = versions.filter((each) => isObject(each) && each["storage"] === true);
  const refuse = (isSo: boolean, why: string) => (isSo ? [invalidValue("spec.versions", names, why)] : []);
  return [
    ...versions.flatMap((each, index) => {
      const schema = objectAt(each, "schema", "openAPIV3Schema");
      const path = `spec.versions[${index}]`;
      return [
        ...schemaViolations(schema, `${path}.schema.openAPIV3Schema`),
        ...listAt(each, "selectableFields").flatMap((field) =>
          fieldViolations(schema, field, `${path}.selectableFields`),
        ),
      ];
    }),
    ...refuse(new Set(names).size < names.length, "must contain unique version names"),
    ...refuse(stored.length !== 1, "must have exactly one version marked as storage version"),
  ];
}

/** Only what the schema has, and what is a value, can be selected. */
function fieldViolations(schema: JsonObject, field: Json, path: string): Cause[] {
  const jsonPath = stringAt(field, "jsonPath") ?? "";
  const parts = jsonPath.split(".").filter((part) => part !== "");
  const found = parts.reduce<JsonObject>((each, part) => objectAt(each, "properties", part), schema);
  const isValue = ["string", "boolean", "integer"].includes(stringAt(found, "type") ?? "");
  return isValue ? [] : [invalidValue(`${path}.jsonPath`, jsonPath, "is an invalid path")];
}

function conversionViolations({ strategy, webhook }: JsonObject): Cause[] {
  if (strategy !== "Webhook") return [];
  const config = objectAt(webhook)["clientConfig"];
  const versions = listAt(webhook, "conversionReviewVersions");
  const isWhole = isObject(config) && (config["url"] === undefined) !== (config["service"] === undefined);
  return [
    ...(isWhole ? [] : [required("spec.conversion.webhookClientConfig", "exactly one of url or service is required")]),
    ...(versions.some((each) => each === "v1" || each === "v1beta1")
      ? []
      : [required("spec.conversion.conversionReviewVersions", "must include at least one of v1, v1beta1")]),
  ];
}

/** Whether it is structural is asked first; only then what defaults and rules say. */
function schemaViolations(schema: JsonObject, path: string): Cause[] {
  if (Object.keys(schema).length === 0) return [required(`${path}.type`, "must not be empty at the root")];
  const structural = everywhere(schema, path, ownViolations);
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

const unsupportedFields = ["$ref", "definitions", "dependencies", "patternProperties", "additionalItems"];
const types = ["array", "boolean", "integer", "number", "object", "string"];

function ownViolations(schema: JsonObject, path: string): Cause[] {
  const { type = "", items, additionalProperties: more, pattern } = schema;
  const isOpen = ["int-or-string", "preserve-unknown-fields", "embedded-resource"].some(
    (each) => schema[`x-kubernetes-${each}`] === true,
  );
  const isEmbedded = schema["x-kubernetes-embedded-resource"] === true;
  const isFilled = Object.keys(objectAt(schema, "properties")).length > 0;
  const says = (isSo: boolean, cause: Cause) => (isSo ? [cause] : []);
  return [
    ...says(type === "array" && !isObject(items), required(`${path}.items`, "must be specified")),
    ...says(
      isEmbedded && type !== "object",
      required(`${path}.type`, "must be object if x-kubernetes-embedded-resource is true"),
    ),
    ...says(type === "" && !isOpen, required(`${path}.type`, "must not be empty for specified object fields")),
    ...oneOf(`${path}.type`, type || null, types),
    ...unsupportedFields
      .filter((field) => schema[field] !== undefined)
      .map((field) => forbidden(`${path}.${field}`, `${field} is not supported`)),
    ...says(schema["uniqueItems"] === true, forbidden(`${path}.uniqueItems`, "uniqueItems cannot be set to true")),
    ...says(
      isFilled && (isObject(more) || more === false),
      forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive"),
    ),
    ...says(
      schema["x-kubernetes-preserve-unknown-fields"] === false,
      invalidValue(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined"),
    ),
    ...listViolations(schema, path),
    ...says(
      typeof pattern === "string" && !isReadable(() => readPattern(pattern)),
      invalidValue(`${path}.pattern`, pattern ?? null, "must be a valid regular expression"),
    ),
  ];
}

function isReadable(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function listViolations(schema: JsonObject, path: string): Cause[] {
  const kind = stringAt(schema, "x-kubernetes-list-type");
  const keys = listAt(schema, "x-kubernetes-list-map-keys").map(String);
  const items = objectAt(schema, "items");
  const field = `${path}.x-kubernetes-list-type`;
  const says = (isSo: boolean, why: string) => (isSo ? [invalidValue(field, kind ?? null, why)] : []);
  const isKeyed = (key: string) => {
    const property = at(items, "properties", key);
    return listAt(items, "required").includes(key) || objectAt(property)["default"] !== undefined;
  };
  return [
    ...oneOf(field, kind, ["atomic", "set", "map"]),
    ...says(kind !== undefined && schema["type"] !== "array", "is only for arrays"),
    ...says(keys.length > 0 && kind !== "map", "must be map if x-kubernetes-list-map-keys is non-empty"),
    ...says(kind === "map" && keys.length === 0, "needs x-kubernetes-list-map-keys"),
    ...says(kind === "map" && items["type"] !== "object", "is only for arrays of objects"),
    ...says(
      kind === "map" && keys.some((key) => at(items, "properties", key) === undefined || !isKeyed(key)),
      "each key must be a property of the items that has a default or is required",
    ),
  ];
}

const language = new Environment({ enableOptionalTypes: true, homogeneousAggregateLiterals: false })
  .registerVariable("self", "dyn")
  .registerVariable("oldSelf", "dyn");

/** Defaults that do not fit, and rules that cannot be read. */
function contentViolations(schema: JsonObject, path: string): Cause[] {
  const { default: value } = schema;
  const wrong = value === undefined ? [] : customViolations(value, schema as Schema);
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
