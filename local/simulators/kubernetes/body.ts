/** Checks a request's object before it is stored: against its address and against its schema. */
import type { Cause } from "./cause.ts";
import { ApiFailure, badRequest, invalid } from "./failures.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt, without } from "./json.ts";
import { fieldsOf, hasKind, messageOf } from "./protobuf/fields.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { pruneObject, unknownFields, violations } from "./schema.ts";

export type FieldValidation = "Ignore" | "Warn" | "Strict";

export interface Address {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** Undefined for a create, where the body names the object. */
  readonly name: string | undefined;
}

/** How the API server shows a body that it does not understand: its beginning, in hexadecimal unless it looks like JSON. */
function summary(text: string): string {
  if (text === "") return "<empty>";
  const shown = text.startsWith("{") ? text : Buffer.from(text).toString("hex");
  return shown.length > 30 ? `${shown.slice(0, 30)} ...` : shown;
}

function unrecognized({ kind }: Resource, text: string, why: string): ApiFailure {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(text)})`);
}

const versionAndKind =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function notAnObject(body: Json): string {
  const what = Array.isArray(body) ? "array" : typeof body;
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go value of type ${versionAndKind}`;
}

/** A body that is no JSON at all. */
export function unparsable(resource: Resource, text: string): ApiFailure {
  const problem = jsonProblem(text);
  return unrecognized(resource, text, `couldn't get version/kind; json parse error: ${problem}`);
}

/** In Go's words. */
function jsonProblem(text: string): string {
  if (text.trim() === "") return "unexpected end of JSON input";
  const [, key] = /^\s*\{\s*([^"}\s])/.exec(text) ?? [];
  if (key !== undefined) return `invalid character '${key}' looking for beginning of object key string`;
  const first = text.trimStart()[0] ?? "";
  if (!/[{["\d\-tfn]/.test(first)) return `invalid character '${first}' looking for beginning of value`;
  return "unexpected end of JSON input";
}

/** Their decoder asks for the kind, and checks it only after everything else. */
function requireCustomKind(resource: Resource, body: JsonObject): void {
  const kind = stringAt(body, "kind");
  if (!kind) {
    const text = JSON.stringify(body);
    throw unrecognized(resource, text, `Object 'Kind' is missing in '${text}'`);
  }
  if (kind === resource.kind || stringAt(body, "apiVersion") !== apiVersionOf(resource)) return;
  const cause = {
    ...{ reason: "FieldValueInvalid", field: "kind" },
    message: `Invalid value: ${JSON.stringify(kind)}: must be ${resource.kind}`,
  };
  throw invalid({ ...resource, kind }, stringAt(body, "metadata", "name") ?? "", [cause]);
}

/** The body as an object of the addressed kind, in the addressed namespace. */
export function addressed({ resource, namespace, name }: Address, body: Json): JsonObject {
  if (!isObject(body)) throw unrecognized(resource, JSON.stringify(body), notAnObject(body));
  if (resource.isCustom && name === undefined) requireCustomKind(resource, body);
  const apiVersion = stringAt(body, "apiVersion") ?? apiVersionOf(resource);
  const kind = stringAt(body, "kind") ?? resource.kind;
  const isRegistered = resource.isCustom || hasKind(apiVersion, kind);
  if (!isRegistered) {
    const why = `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`;
    const version = apiVersion.split("/").at(-1);
    throw badRequest(`${kind} in version "${version}" cannot be handled as a ${resource.kind}: ${why}`);
  }
  if (apiVersion !== apiVersionOf(resource)) {
    const expected = apiVersionOf(resource);
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${expected})`,
    );
  }
  if (kind !== resource.kind)
    throw badRequest(`${kind} in version "${apiVersion}" cannot be handled as a ${resource.kind}`);
  const metadata = objectAt(body, "metadata");
  const ownName = stringAt(metadata, "name");
  if (name !== undefined && !ownName) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (name !== undefined && ownName !== name) {
    throw badRequest(`the name of the object (${ownName}) does not match the name on the URL (${name})`);
  }
  const ownNamespace = stringAt(metadata, "namespace");
  if (namespace !== undefined && ownNamespace !== undefined && ownNamespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return {
    ...body,
    apiVersion,
    kind,
    metadata: {
      ...withoutNullTexts(metadata),
      ...(namespace === undefined ? {} : { namespace }),
    },
  };
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
  if (wrongType === undefined) return;
  const { kind, version } = resource;
  const found = /^Invalid value: "(\w+)"/.exec(wrongType.message)?.[1] ?? "value";
  const expected = /must be of type (\w+)/.exec(wrongType.message)?.[1] ?? "";
  const where = goPath(resource, wrongType.field, expected);
  throw badRequest(
    `${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${shownType[found] ?? found} into Go struct field ${where}`,
  );
}

/** Go's names for what it finds in JSON. */
const shownType: Readonly<Record<string, string>> = { boolean: "bool" };
const goTypes: Readonly<Record<string, string>> = {
  ...{ string: "string", boolean: "bool", integer: "int64", number: "float64" },
  ...{ object: "map[string]string", array: "[]string" },
};

/** `ObjectMeta.metadata.labels of type string`: the innermost struct, the path to its field, and its type. */
function goPath(resource: Resource, path: string, expected: string): string {
  const parts = path.split(".").map((part) => part.replace(/\[\d+\]/g, ""));
  const start = messageOf(apiVersionOf(resource), resource.kind);
  // Of a custom object, the metadata are decoded by themselves.
  let message: string | undefined = resource.isCustom ? "meta/v1.ObjectMeta" : start;
  let struct = resource.isCustom ? "ObjectMeta" : resource.kind;
  const names: string[] = [];
  for (const part of resource.isCustom ? parts.slice(1) : parts) {
    if (message === undefined) break;
    const field = [...fieldsOf(message).values()].find(({ name }) => name === part);
    names.push(part);
    struct = message.split(".").at(-1) ?? struct;
    const type = field?.type.replace(/^(\[\]|\{\})/, "") ?? "";
    // What follows a map is one of its keys.
    message = field !== undefined && type.includes("/") ? type : undefined;
  }
  return `${struct}.${names.join(".")} of type ${goTypes[expected] ?? expected}`;
}

interface Strictness {
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
  { fieldValidation = "Warn", warn, isPatched = false, duplicates = [] }: Strictness & { isPatched?: boolean },
): JsonObject {
  requireTypes(resource, object);
  const unknown = [...unknownFields(object, resource.schema).map((path) => `unknown field "${path}"`), ...duplicates];
  if (unknown.length > 0 && fieldValidation === "Strict") {
    const { kind, version } = resource;
    if (isPatched) {
      const why = `strict decoding error: ${unknown.join(", ")}`;
      const message = `Invalid value: ${JSON.stringify(JSON.stringify(object))}: ${why}`;
      throw invalid(resource, stringAt(object, "metadata", "name") ?? "", [
        { reason: "FieldValueInvalid", message, field: "patch" },
      ]);
    }
    const prefix = `${kind} in version "${version}" cannot be handled as a ${kind}: `;
    throw badRequest(`${prefix}strict decoding error: ${unknown.join(", ")}`);
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
  ];
  if (problems.length === 0) return;
  const name = `${ownNamespace}/${stringAt(config, "metadata", "name")}`;
  const kind = `${resource.group}/${resource.version}, Kind=${resource.kind}`;
  throw new ApiFailure(500, "", `failed to create typed patch object (${name}; ${kind}): ${problems.join("\n")}`);
}

/** Throws a 422. */
export function requireValid(resource: Resource, object: JsonObject, more: readonly Cause[]): void {
  // Of built-in objects, nobody checks the status; their metadata has rules of its own.
  const checked = resource.isCustom ? object : withoutAnyNulls(without(object, "status", "metadata"));
  const causes = [...more, ...violations(checked, resource.schema, "").filter(({ field }) => field !== "metadata")];
  if (causes.length > 0) throw invalid(resource, stringAt(object, "metadata", "name") ?? "", causes);
}

function typeViolations(resource: Resource, object: JsonObject): Cause[] {
  return violations(object, resource.schema, "").filter(({ reason }) => reason === "FieldValueTypeInvalid");
}

/** In an applied configuration, null means that the applier leaves the field alone. */
export function withoutNulls(value: JsonObject): JsonObject {
  const entries = Object.entries(value).filter(([, child]) => child !== null);
  return Object.fromEntries(entries.map(([field, child]) => [field, isObject(child) ? withoutNulls(child) : child]));
}

/** To Go, null is as good as absent; in a list it is the item's zero value, which is valid. */
function withoutAnyNulls(value: JsonObject): JsonObject {
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
