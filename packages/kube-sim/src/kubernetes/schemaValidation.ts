/** A value against its schema: of a built-in kind, or of a definition (k8s.io/kube-openapi/pkg/validation/validate). */
import { isObject, type Json, type JsonObject } from "azure-sim/json";
import type { Cause } from "./cause.ts";
import { formats } from "./formats.ts";
import { readPattern } from "./pattern.ts";
import { fieldSchema, type Schema } from "./schema.ts";
import { oneOf, required } from "./validation/causes.ts";

export function valueViolations(value: Json, schema: Schema | undefined, path = ""): Cause[] {
  if (schema === undefined) return [];
  if (value === null) return schema.nullable === true ? [] : typeViolations(value, schema, path);
  return [
    ...typeViolations(value, schema, path),
    ...alternativeViolations(value, schema, path),
    ...(typeof value === "string"
      ? [...textViolations(value, schema, path), ...formatViolations(value, schema, path)]
      : []),
    ...(typeof value === "number" ? numberViolations(value, schema, path) : []),
    ...(Array.isArray(value) ? listViolations(value, schema, path) : []),
    ...(schema.enum === undefined ? [] : oneOf(path, value, schema.enum)),
    ...(isObject(value) ? objectViolations(value, schema, path) : []),
    ...(isObject(value) && schema["x-kubernetes-embedded-resource"] === true ? embeddedViolations(value, path) : []),
  ];
}

function invalid(value: Json, path: string, why: string): Cause {
  return {
    reason: "FieldValueInvalid",
    message: `Invalid value: ${JSON.stringify(value)}: ${path} in body ${why}`,
    field: path,
  };
}

function wrongType(path: string, expected: string, found: string): Cause {
  const shown = JSON.stringify(found);
  const message = `Invalid value: ${shown}: ${path} in body must be of type ${expected}: ${shown}`;
  return { reason: "FieldValueTypeInvalid", message, field: path };
}

/** Of no field, since it is no error of the validator's own type. */
function fieldless(message: string): Cause {
  return { reason: "FieldValueInvalid", message: `Invalid value: "": ${message}`, field: "<nil>" };
}

const child = (path: string, field: string) => (path === "" ? field : `${path}.${field}`);

function typesOf(schema: Schema): readonly string[] {
  if (schema["x-kubernetes-int-or-string"] === true) return ["integer", "string"];
  return schema.type === undefined ? [] : [schema.type];
}

/** Others are not looked at. */
const numberFormats: Readonly<Record<string, readonly string[]>> = {
  ...{ integer: ["int32", "int64"], number: ["float", "double"] },
};

function typeViolations(value: Json, schema: Schema, path: string): Cause[] {
  const types = typesOf(schema);
  if (types.length === 0) return [];
  const [found, foundFormat] = typeOf(value);
  const isFitting = types.includes(found) || (found === "integer" && types.includes("number"));
  if (value === null) return [wrongType(path, types.join(","), "null")];
  const format = numberFormats[types[0] ?? ""]?.find((each) => each === schema.format);
  const isNumeric = typeof value === "number" || typeof value === "boolean" || isObject(value);
  if (format !== undefined && isNumeric && !isFitting && format !== foundFormat) {
    return [wrongType(path, format, foundFormat)];
  }
  return isFitting ? [] : [wrongType(path, types.join(","), found)];
}

/** With Go's format of a number. */
function typeOf(value: Json): readonly [type: string, format: string] {
  if (value === null) return ["null", ""];
  if (Array.isArray(value)) return ["array", ""];
  if (typeof value !== "number") return [typeof value, ""];
  return Number.isInteger(value) ? ["integer", "int64"] : ["number", "float64"];
}

function alternativeViolations(value: Json, { anyOf, oneOf: one, allOf = [], not }: Schema, path: string): Cause[] {
  const isFitting = (schema: Schema) => valueViolations(value, schema, path).length === 0;
  const about = JSON.stringify(path);
  return [
    ...(anyOf?.some(isFitting) === false ? [fieldless(`${about} must validate at least one schema (anyOf)`)] : []),
    ...(one !== undefined && one.filter(isFitting).length !== 1
      ? [fieldless(`${about} must validate one and only one schema (oneOf)`)]
      : []),
    ...allOf.flatMap((schema) => valueViolations(value, schema, path)),
    ...(not !== undefined && isFitting(not) ? [fieldless(`${about} must not validate the schema (not)`)] : []),
  ];
}

/** Only the first is told. */
function textViolations(
  value: string,
  { minLength = 0, maxLength = Infinity, pattern }: Schema,
  path: string,
): Cause[] {
  const { length } = [...value];
  if (length > maxLength) {
    return [{ reason: "FieldValueTooLong", message: `Too long: may not be more than ${maxLength} bytes`, field: path }];
  }
  if (length < minLength) return [invalid(value, path, `should be at least ${minLength} chars long`)];
  if (pattern === undefined || readPattern(pattern).test(value)) return [];
  return [invalid(value, path, `should match '${pattern}'`)];
}

function formatViolations(value: string, { type, format = "" }: Schema, path: string): Cause[] {
  if (type !== undefined && type !== "string") return [];
  return formats[format.replaceAll("-", "")]?.(value) === false
    ? [invalid(value, path, `must be of type ${format}`)]
    : [];
}

function numberViolations(value: number, schema: Schema, path: string): Cause[] {
  const { multipleOf, minimum = -Infinity, maximum = Infinity, exclusiveMinimum, exclusiveMaximum } = schema;
  const isTooSmall = exclusiveMinimum === true ? value <= minimum : value < minimum;
  const isTooLarge = exclusiveMaximum === true ? value >= maximum : value > maximum;
  const orEqual = (isExclusive?: boolean) => (isExclusive === true ? "" : "or equal to ");
  return [
    ...rangeViolations(value, schema, path),
    ...(multipleOf === undefined || Number.isInteger(value / multipleOf)
      ? []
      : [invalid(value, path, `should be a multiple of ${multipleOf}`)]),
    ...(isTooSmall ? [invalid(value, path, `should be greater than ${orEqual(exclusiveMinimum)}${minimum}`)] : []),
    ...(isTooLarge ? [invalid(value, path, `should be less than ${orEqual(exclusiveMaximum)}${maximum}`)] : []),
  ];
}

function rangeViolations(value: number, { type, format }: Schema, path: string): Cause[] {
  if (type !== "integer") return [];
  const most = format === "int32" ? 2 ** 31 : 2 ** 63;
  if (Number.isInteger(value) && value >= -most && value < most) return [];
  return [wrongType(path, `integer with format ${format ?? "int64"}`, String(value))];
}

function tooMany(count: number, most: number, field: string): Cause {
  return { reason: "FieldValueTooMany", message: `Too many: ${count}: must have at most ${most} items`, field };
}

function listViolations(
  value: readonly Json[],
  { items, minItems = 0, maxItems = Infinity }: Schema,
  path: string,
): Cause[] {
  const count = value.length;
  return [
    ...value.flatMap((item, index) => valueViolations(item, items, `${path}[${index}]`)),
    ...(count < minItems ? [invalid(count, path, `should have at least ${minItems} items`)] : []),
    ...(count > maxItems ? [tooMany(count, maxItems, path)] : []),
  ];
}

function objectViolations(value: JsonObject, schema: Schema, path: string): Cause[] {
  const { minProperties = 0, maxProperties = Infinity, required: wanted = [] } = schema;
  const count = Object.keys(value).length;
  // The API server looks at the metadata of an object by itself.
  const isObjectItself = path === "" || schema["x-kubernetes-embedded-resource"] === true;
  const fields = Object.entries(value).filter(([field]) => !(isObjectItself && field === "metadata"));
  return [
    ...(count < minProperties ? [invalid(count, path, `should have at least ${minProperties} properties`)] : []),
    ...(count > maxProperties ? [tooMany(count, maxProperties, path)] : []),
    ...fields.flatMap(([field, each]) => valueViolations(each, fieldSchema(schema, field), child(path, field))),
    ...wanted.filter((field) => value[field] === undefined).map((field) => required(child(path, field))),
  ];
}

function embeddedViolations(value: JsonObject, path: string): Cause[] {
  return ["apiVersion", "kind"].filter((field) => !value[field]).map((field) => required(child(path, field)));
}
