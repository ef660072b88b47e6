/** Checks a request's object before it is stored: against its address and against its schema. */
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt, without } from "azure-sim/json";
import { unreadableMetadata, unreadableValue } from "./builtIn/goValues.ts";
import type { Cause } from "./cause.ts";
import { ApiFailure, badRequest, DecodeFailure, invalid } from "./failures.ts";
import { messageNameOf } from "./protobuf/fields.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { fieldSchema, pruneObject, repeatedItems, unknownFields } from "./schema.ts";
import { valueViolations } from "./schemaValidation.ts";
import { invalidValue } from "./validation/causes.ts";

export type FieldValidation = "Ignore" | "Warn" | "Strict";

export interface Address {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** Undefined for a create, where the body names the object. */
  readonly name: string | undefined;
}

/** The body as an object of the addressed kind, in the addressed namespace. */
export function addressed({ resource, namespace, name }: Address, sent: Json): JsonObject {
  // To Go, null is an object without fields.
  const body = sent === null && !resource.isCustom ? {} : sent;
  if (!isObject(body)) throw unrecognized(resource, "it is no object");
  if (resource.isCustom && name === undefined) requireCustomKind(resource, body);
  const apiVersion = stringAt(body, "apiVersion") || apiVersionOf(resource);
  const kind = stringAt(body, "kind") || resource.kind;
  const isText = ["kind", "apiVersion"].every((field) => typeof (body[field] ?? "") === "string");
  if (!isText || apiVersion.split("/").length > 2) {
    throw unrecognized(resource, "its kind and its apiVersion are no names");
  }
  const isOther = kind !== resource.kind || messageNameOf(apiVersion, kind) === undefined;
  if (!resource.isCustom && apiVersion !== apiVersionOf(resource) && isOther) {
    const why = `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`;
    throw new DecodeFailure(resource, why, { kind, version: apiVersion.split("/").at(-1) ?? "" });
  }
  if (apiVersion !== apiVersionOf(resource)) throw otherVersion(apiVersion, resource);
  if (kind !== resource.kind) throw new DecodeFailure(resource, `it is a ${kind}`);
  const { metadata = null } = body;
  if (metadata !== null && !isObject(metadata)) throw new DecodeFailure(resource, "its metadata are no object");
  const own = metadata ?? {};
  const ownName = stringAt(own, "name");
  if (name !== undefined && !ownName) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (name !== undefined && ownName !== name) {
    throw badRequest(`the name of the object (${ownName}) does not match the name on the URL (${name})`);
  }
  const ownNamespace = stringAt(own, "namespace");
  if (namespace !== undefined && ownNamespace && ownNamespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return {
    ...body,
    apiVersion,
    kind,
    metadata: {
      ...without(withoutNullTexts(own), "namespace"),
      ...(namespace === undefined ? {} : { namespace }),
    },
  };
}

function unrecognized({ kind }: Pick<Resource, "kind">, why: string): ApiFailure {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why}`);
}

function otherVersion(given: string, resource: Resource): ApiFailure {
  const expected = apiVersionOf(resource);
  return badRequest(`the API version in the data (${given}) does not match the expected API version (${expected})`);
}

/** Their decoder asks for the kind, and checks it only after everything else. */
function requireCustomKind(resource: Resource, body: JsonObject): void {
  const [kind, apiVersion = ""] = ["kind", "apiVersion"].map((field) => stringAt(body, field));
  if (!kind) throw unrecognized(resource, "Object 'Kind' is missing");
  if (apiVersion === "") throw otherVersion("", resource);
  if (kind === resource.kind || apiVersion !== apiVersionOf(resource)) return;
  const cause = invalidValue("kind", kind, `must be ${resource.kind}`);
  throw invalid({ ...resource, kind }, stringAt(body, "metadata", "name") ?? "", [cause]);
}

/** In Go, null in a map of strings is the empty string. */
function withoutNullTexts(metadata: JsonObject): JsonObject {
  const maps = ["labels", "annotations"].flatMap((field) => {
    const map = metadata[field];
    if (!isObject(map)) return [];
    return [[field, Object.fromEntries(Object.entries(map).map(([key, text]) => [key, text ?? ""]))] as const];
  });
  return { ...metadata, ...Object.fromEntries(maps) };
}

/** A built-in object whose fields have other types cannot be decoded. */
function requireTypes(resource: Resource, object: JsonObject): void {
  const [wrongType] = typeViolations(resource, withoutAnyNulls(object)).filter(
    ({ field }) => !resource.isCustom || field.startsWith("metadata."),
  );
  if (wrongType !== undefined) throw new DecodeFailure(resource, `${wrongType.field}: ${wrongType.message}`);
  const unreadable = resource.isCustom
    ? unreadableMetadata(objectAt(object, "metadata"))
    : unreadableValue(object, apiVersionOf(resource), resource.kind);
  if (unreadable !== undefined) throw new DecodeFailure(resource, unreadable);
}

export interface Strictness {
  readonly fieldValidation?: FieldValidation;
  readonly warn?: (message: string) => void;
  readonly duplicates?: readonly string[];
}

/** Server-side apply decodes YAML, and refuses or reports what it finds there before anything else. */
export function requireNoDuplicates(
  { kind, version }: Resource,
  { fieldValidation = "Warn", warn, duplicates = [] }: Strictness,
): void {
  if (fieldValidation === "Ignore" || duplicates.length === 0) return;
  if (fieldValidation === "Warn") for (const message of duplicates) warn?.(message);
  else throw badRequest(`error strict decoding YAML: ${kind} in version "${version}": ${duplicates.join(", ")}`);
}

/** The object without undeclared fields, which are refused, reported or silently dropped, as the request asks. */
export function known(
  resource: Resource,
  object: JsonObject,
  { fieldValidation = "Warn", warn, duplicates = [] }: Strictness,
): JsonObject {
  requireTypes(resource, object);
  const fields = unknownFields(object, resource.schema).map((path) => `unknown field "${path}"`);
  // Go's decoder of JSON finds them in their order, which the first of each tell well enough; others say first what is there twice.
  const isJson = !resource.isCustom && duplicates.every((each) => !each.startsWith("line "));
  const unknown = isJson ? [...fields, ...duplicates] : [...duplicates, ...fields.toSorted()];
  if (unknown.length > 0 && fieldValidation === "Strict") {
    throw new DecodeFailure(resource, `strict decoding error: ${unknown.join(", ")}`);
  }
  if (fieldValidation === "Warn") for (const message of unknown) warn?.(message);
  return pruneObject(object, resource.schema);
}

/**
 * Server-side apply first reads the configuration against the schema, regardless of fieldValidation, and answers 500
 * without a reason if a field is not declared (kubernetes/kubernetes#139253, open in 2026).
 */
export function requireDeclared(resource: Resource, config: JsonObject, ownNamespace = ""): void {
  const problems = [
    ...unknownFields(config, resource.schema).map((path) => `.${path}: field not declared in schema`),
    ...typeViolations(resource, config).map(({ field, message }) => `.${field}: ${message}`),
    ...repeatedItems(config, resource.schema).map(({ field, message }) => `.${field}: ${message}`),
  ];
  if (problems.length === 0) return;
  const name = `${ownNamespace}/${stringAt(config, "metadata", "name")}`;
  const listed = problems.length === 1 ? problems[0] : ["errors:", ...problems.map((each) => `  ${each}`)].join("\n");
  const kind = `${resource.group}/${resource.version}, Kind=${resource.kind}`;
  throw new ApiFailure(500, "", `failed to create typed patch object (${name}; ${kind}): ${listed}`);
}

function typeViolations({ schema }: Resource, object: JsonObject): Cause[] {
  const ofMetadata = valueViolations(objectAt(object, "metadata"), fieldSchema(schema, "metadata"), "metadata");
  return [...valueViolations(object, schema), ...ofMetadata].filter(({ reason }) => reason === "FieldValueTypeInvalid");
}

/** In an applied configuration, null means that the applier leaves the field alone. */
export function withoutNulls(value: JsonObject): JsonObject {
  const entries = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(entries.map(([field, child]) => [field, isObject(child) ? withoutNulls(child) : child]));
}

/** To Go, null is as good as absent; in a list it is the item's zero value, which is valid. */
export function withoutAnyNulls(value: JsonObject): JsonObject {
  const strip = (child: Json): Json => {
    if (Array.isArray(child)) return child.filter((item) => item !== null).map(strip);
    return isObject(child) ? withoutAnyNulls(child) : child;
  };
  const entries = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(entries.map(([field, child]) => [field, strip(child)]));
}

/** Whether the body asks to reset managedFields: an empty list, or a list of one empty entry. */
export function resetsManagedFields(body: JsonObject): boolean {
  const metadata = objectAt(body, "metadata");
  const list = listAt(metadata, "managedFields");
  return (
    Array.isArray(metadata["managedFields"]) &&
    list.every((entry) => isObject(entry) && Object.keys(entry).length === 0)
  );
}
