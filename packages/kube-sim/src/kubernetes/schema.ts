/**
 * Structural schemas, in one form for built-in kinds and custom resources: which fields exist, what is pruned, invalid or
 * defaulted, and (for server-side apply) which lists and maps are merged item by item.
 * kubernetes.io: "Extend the Kubernetes API with CustomResourceDefinitions", "Server-Side Apply" (merge strategy).
 */
import { isObject, type Json, type JsonObject } from "azure-sim/json";
import type { Cause } from "./cause.ts";
import { duplicate } from "./validation/causes.ts";

/** Of `x-kubernetes-validations`, in CEL. */
export interface Rule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  readonly reason?: string;
  readonly fieldPath?: string;
  readonly optionalOldSelf?: boolean;
}

export interface Schema {
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly description?: string;
  readonly format?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema;
  readonly items?: Schema;
  readonly required?: readonly string[];
  readonly enum?: readonly Json[];
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly exclusiveMinimum?: boolean;
  readonly exclusiveMaximum?: boolean;
  readonly multipleOf?: number;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly not?: Schema;
  readonly nullable?: boolean;
  readonly default?: Json;
  readonly "x-kubernetes-preserve-unknown-fields"?: boolean;
  readonly "x-kubernetes-embedded-resource"?: boolean;
  readonly "x-kubernetes-int-or-string"?: boolean;
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "granular" | "atomic";
  readonly "x-kubernetes-validations"?: readonly Rule[];
}

/** The schema of a field; undefined if it has none, so that any value is valid. */
export function fieldSchema(schema: Schema | undefined, field: string): Schema | undefined {
  if (field === "metadata" && schema?.["x-kubernetes-embedded-resource"] === true) return undefined;
  return schema?.properties?.[field] ?? schema?.additionalProperties;
}

/** Whether an object may have fields that this schema does not list. */
function isOpen(schema: Schema): boolean {
  if (schema["x-kubernetes-preserve-unknown-fields"] === true || schema.additionalProperties !== undefined) return true;
  return schema.type !== "object" && schema.properties === undefined;
}

function isKnown(schema: Schema, field: string): boolean {
  if (isOpen(schema) || schema.properties?.[field] !== undefined) return true;
  return schema["x-kubernetes-embedded-resource"] === true && ["apiVersion", "kind", "metadata"].includes(field);
}

/** The paths of fields that the schema does not declare: `spec.containers[0].imagge`. */
export function unknownFields(value: Json | undefined, schema: Schema | undefined, path = ""): string[] {
  if (schema === undefined) return [];
  if (Array.isArray(value)) return value.flatMap((item, i) => unknownFields(item, schema.items, `${path}[${i}]`));
  if (!isObject(value)) return [];
  return Object.entries(value).flatMap(([field, child]) => {
    const childPath = path === "" ? field : `${path}.${field}`;
    return isKnown(schema, field) ? unknownFields(child, fieldSchema(schema, field), childPath) : [childPath];
  });
}

/** The value without the fields that the schema does not declare. */
function prune(value: Json, schema: Schema | undefined): Json {
  if (schema === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => prune(item, schema.items));
  return isObject(value) ? pruneObject(value, schema) : value;
}

/** Null stands only where it may; elsewhere a field has its default, or is not there. */
export function withoutForbiddenNulls(value: JsonObject, schema: Schema | undefined): JsonObject {
  const kept = Object.entries(value).flatMap(([field, child]) => {
    const own = schema === undefined ? undefined : fieldSchema(schema, field);
    const isForbidden = child === null && own !== undefined && own.nullable !== true && isTyped(own);
    return isForbidden ? [] : [[field, withoutNullsBelow(child, own)] as const];
  });
  return Object.fromEntries(kept);
}

const isTyped = (schema: Schema) => schema.type !== undefined || schema["x-kubernetes-int-or-string"] === true;

function withoutNullsBelow(value: Json, schema: Schema | undefined): Json {
  if (Array.isArray(value)) return value.map((item) => withoutNullsBelow(item, schema?.items));
  return isObject(value) ? withoutForbiddenNulls(value, schema) : value;
}

/** Items of sets and maps that are there twice: each, after the first of its key. */
export function repeatedItems(value: Json | undefined, schema: Schema | undefined, path = ""): Cause[] {
  if (schema === undefined) return [];
  if (isObject(value)) {
    return Object.entries(value).flatMap(([field, child]) =>
      repeatedItems(child, fieldSchema(schema, field), path === "" ? field : `${path}.${field}`),
    );
  }
  if (!Array.isArray(value)) return [];
  const keys = value.map((item) => JSON.stringify(keyOfItem(item, schema)));
  const own = value.flatMap((_, index) => {
    const key = keys[index];
    return key !== undefined && keys.indexOf(key) < index ? [duplicate(`${path}[${index}]`, key)] : [];
  });
  return [...own, ...value.flatMap((item, index) => repeatedItems(item, schema.items, `${path}[${index}]`))];
}

function keyOfItem(item: Json, schema: Schema): Json | undefined {
  if (schema["x-kubernetes-list-type"] === "set") return item;
  if (schema["x-kubernetes-list-type"] !== "map" || !isObject(item)) return undefined;
  const names = schema["x-kubernetes-list-map-keys"] ?? [];
  return Object.fromEntries(
    names.map((name) => [name, item[name] ?? schema.items?.properties?.[name]?.default ?? null]),
  );
}

export function pruneObject(value: JsonObject, schema: Schema): JsonObject {
  const kept = Object.entries(value).filter(([field]) => isKnown(schema, field));
  return Object.fromEntries(kept.map(([field, child]) => [field, prune(child, fieldSchema(schema, field))]));
}

function withDefaults(value: Json, schema: Schema | undefined): Json {
  if (schema === undefined) return value;
  if (Array.isArray(value)) return value.map((item) => withDefaults(item, schema.items));
  return isObject(value) ? objectWithDefaults(value, schema) : value;
}

export function objectWithDefaults(value: JsonObject, schema: Schema): JsonObject {
  const result: JsonObject = {};
  for (const [field, child] of Object.entries(value)) result[field] = withDefaults(child, fieldSchema(schema, field));
  for (const [field, { default: standard }] of Object.entries(schema.properties ?? {})) {
    if (standard !== undefined && result[field] === undefined) result[field] = structuredClone(standard);
  }
  return result;
}
