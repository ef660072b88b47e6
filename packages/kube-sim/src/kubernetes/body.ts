/** Checks a request's object before it is stored: against its address and against its schema. */
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt, without } from "azure-sim/json";
import { unreadableMetadata, unreadableValue } from "./builtIn/goValues.ts";
import type { Cause } from "./cause.ts";
import { ApiFailure, badRequest, DecodeFailure, invalid } from "./failures.ts";
import { jsonProblem } from "./goJson.ts";
import { messageNameOf } from "./protobuf/fields.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { pruneObject, repeatedKeys, unknownFields, violations } from "./schema.ts";

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
  const most = text.startsWith("{") ? 30 : 60;
  return shown.length > most ? `${shown.slice(0, most)} ...` : shown;
}

export function unrecognized({ kind }: Pick<Resource, "kind">, text: string, why: string): ApiFailure {
  return badRequest(`the object provided is unrecognized (must be of type ${kind}): ${why} (${summary(text)})`);
}

const versionAndKind =
  'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

export function notAnObject(body: Json): string {
  const what = Array.isArray(body) ? "array" : (shownType[typeof body] ?? typeof body);
  return `couldn't get version/kind; json parse error: json: cannot unmarshal ${what} into Go value of type ${versionAndKind}`;
}

/** A body that is no JSON at all. */
export function unparsable(resource: Pick<Resource, "kind">, text: string): ApiFailure {
  const problem = jsonProblem(text) ?? "";
  return unrecognized(resource, text, `couldn't get version/kind; json parse error: ${problem}`);
}

/** Their decoder asks for the kind, and checks it only after everything else. */
function requireCustomKind(resource: Resource, body: JsonObject): void {
  const kind = stringAt(body, "kind");
  if (!kind) {
    const text = JSON.stringify(body);
    throw unrecognized(resource, text, `Object 'Kind' is missing in '${text}'`);
  }
  const apiVersion = stringAt(body, "apiVersion") ?? "";
  if (apiVersion === "") throw badRequest(otherVersion("", resource));
  if (kind === resource.kind || apiVersion !== apiVersionOf(resource)) return;
  const cause = {
    ...{ reason: "FieldValueInvalid", field: "kind" },
    message: `Invalid value: ${JSON.stringify(kind)}: must be ${resource.kind}`,
  };
  throw invalid({ ...resource, kind }, stringAt(body, "metadata", "name") ?? "", [cause]);
}

function otherVersion(given: string, resource: Resource): string {
  return `the API version in the data (${given}) does not match the expected API version (${apiVersionOf(resource)})`;
}

/** The body as an object of the addressed kind, in the addressed namespace. */
export function addressed({ resource, namespace, name }: Address, sent: Json): JsonObject {
  // To Go, null is an object without fields.
  const body = sent === null && !resource.isCustom ? {} : sent;
  if (!isObject(body)) throw unrecognized(resource, JSON.stringify(body), notAnObject(body));
  if (resource.isCustom && name === undefined) requireCustomKind(resource, body);
  const apiVersion = stringAt(body, "apiVersion") || apiVersionOf(resource);
  const kind = stringAt(body, "kind") || resource.kind;
  if (apiVersion.split("/").length > 2) {
    throw unrecognized(resource, JSON.stringify(body), `unexpected GroupVersion string: ${apiVersion}`);
  }
  requireTextTypes(resource, body);
  const isOwn = kind === resource.kind && apiVersion === apiVersionOf(resource);
  const isRegistered = messageNameOf(apiVersion, kind) !== undefined;
  if (!resource.isCustom && !isOwn && (kind !== resource.kind || !isRegistered)) {
    const version = apiVersion.split("/").at(-1) ?? "";
    const prefix = `${kind} in version "${version}" cannot be handled as a ${resource.kind}`;
    const unregistered = `no kind "${kind}" is registered for version "${apiVersion}" in scheme "pkg/runtime/scheme.go:111"`;
    throw new DecodeFailure({ prefix, why: isRegistered ? unconvertible(kind, resource, version) : unregistered });
  }
  if (apiVersion !== apiVersionOf(resource)) {
    throw badRequest(otherVersion(apiVersion, resource));
  }
  if (kind !== resource.kind) {
    const prefix = `${kind} in version "${apiVersion}" cannot be handled as a ${resource.kind}`;
    throw new DecodeFailure({ prefix, why: "" });
  }
  const metadata = metadataOf(resource, body);
  const ownName = stringAt(metadata, "name");
  if (name !== undefined && !ownName) {
    throw badRequest(`the name of the object (${name} based on URL) was undeterminable: name must be provided`);
  }
  if (name !== undefined && ownName !== name) {
    throw badRequest(`the name of the object (${ownName}) does not match the name on the URL (${name})`);
  }
  const ownNamespace = stringAt(metadata, "namespace");
  if (namespace !== undefined && ownNamespace && ownNamespace !== namespace) {
    throw badRequest("the namespace of the provided object does not match the namespace sent on the request");
  }
  return {
    ...body,
    apiVersion,
    kind,
    metadata: {
      ...without(withoutNullTexts(metadata), "namespace"),
      ...(namespace === undefined ? {} : { namespace }),
    },
  };
}

/** What a body calls itself has to be a text. */
function requireTextTypes(resource: Resource, body: JsonObject): void {
  for (const field of ["kind", "apiVersion"]) {
    const value = body[field];
    if (value === undefined || value === null || typeof value === "string") continue;
    const found = Array.isArray(value) ? "array" : (shownType[typeof value] ?? typeof value);
    const why = `json: cannot unmarshal ${found} into Go struct field .${field} of type string`;
    throw unrecognized(resource, JSON.stringify(body), `couldn't get version/kind; json parse error: ${why}`);
  }
}

function metadataOf(resource: Resource, body: JsonObject): JsonObject {
  const { metadata = null } = body;
  if (metadata === null || isObject(metadata)) return metadata ?? {};
  const { kind, version } = resource;
  const found = Array.isArray(metadata) ? "array" : (shownType[typeof metadata] ?? typeof metadata);
  const why = `json: cannot unmarshal ${found} into Go struct field ${kind}.metadata of type v1.ObjectMeta`;
  throw new DecodeFailure({ prefix: `${kind} in version "${version}" cannot be handled as a ${kind}`, why });
}

/** What Go says of another kind that it knows. */
function unconvertible(kind: string, to: Pick<Resource, "group" | "kind">, version = "v1"): string {
  return `converting (${version}.${kind}) to (${to.group.split(".")[0] || "core"}.${to.kind}): unknown conversion`;
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
  const { kind, version } = resource;
  const prefix = `${kind} in version "${version}" cannot be handled as a ${kind}`;
  if (wrongType === undefined) {
    const why = resource.isCustom
      ? unreadableMetadata(objectAt(object, "metadata"))
      : unreadableValue(object, apiVersionOf(resource), kind);
    if (why !== undefined) throw new DecodeFailure({ prefix, why });
    return;
  }
  const found = /^Invalid value: "(\w+)"/.exec(wrongType.message)?.[1] ?? "value";
  const expected = /must be of type (\w+)/.exec(wrongType.message)?.[1] ?? "";
  const where = `${kind}.${wrongType.field.replaceAll(/\[\d+\]/g, "")} of type ${goTypes[expected] ?? expected}`;
  throw new DecodeFailure({
    prefix,
    why: `json: cannot unmarshal ${shownType[found] ?? found} into Go struct field ${where}`,
  });
}

/** Go's names for what it finds in JSON. */
const shownType: Readonly<Record<string, string>> = { boolean: "bool", integer: "number" };
const goTypes: Readonly<Record<string, string>> = {
  ...{ string: "string", boolean: "bool", integer: "int64", number: "float64" },
  ...{ object: "map[string]string", array: "[]string" },
};

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
    const { kind, version } = resource;
    const prefix = `${kind} in version "${version}" cannot be handled as a ${kind}`;
    // Of YAML, its parser says it.
    const before = unknown[0]?.startsWith("line ") ? "yaml: unmarshal errors:\n  " : "";
    throw new DecodeFailure({ prefix, why: `strict decoding error: ${before}${unknown.join(before ? "\n  " : ", ")}` });
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
    ...repeatedKeys(config, resource.schema).map(({ field, key }) => `${field}: duplicate entries for key [${key}]`),
  ];
  if (problems.length === 0) return;
  const name = `${ownNamespace}/${stringAt(config, "metadata", "name")}`;
  const listed = problems.length === 1 ? problems[0] : ["errors:", ...problems.map((each) => `  ${each}`)].join("\n");
  const kind = `${resource.group}/${resource.version}, Kind=${resource.kind}`;
  throw new ApiFailure(500, "", `failed to create typed patch object (${name}; ${kind}): ${listed}`);
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
