/** Checks a request's object before it is stored: against its address and against its schema. */
import type { Cause } from "./cause.ts";
import { ApiFailure, badRequest, invalid } from "./failures.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "./json.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { pruneObject, unknownFields, violations } from "./schema.ts";

export type FieldValidation = "Ignore" | "Warn" | "Strict";

export interface Address {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  /** Undefined for a create, where the body names the object. */
  readonly name: string | undefined;
}

/** The body as an object of the addressed kind, in the addressed namespace. */
export function addressed({ resource, namespace, name }: Address, body: Json): JsonObject {
  if (!isObject(body)) throw badRequest("the body of the request is not an object");
  const apiVersion = stringAt(body, "apiVersion") ?? apiVersionOf(resource);
  const kind = stringAt(body, "kind") ?? resource.kind;
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

/** The object without undeclared fields, which are refused, reported or silently dropped, as the request asks. */
export function known(
  resource: Resource,
  object: JsonObject,
  {
    fieldValidation = "Warn",
    warn,
    isPatched = false,
  }: { fieldValidation?: FieldValidation; warn?: (message: string) => void; isPatched?: boolean },
): JsonObject {
  const unknown = unknownFields(object, resource.schema).map((path) => `unknown field "${path}"`);
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
export function requireDeclared(resource: Resource, config: JsonObject): void {
  const problems = [
    ...unknownFields(config, resource.schema).map((path) => `.${path}: field not declared in schema`),
    ...typeViolations(resource, config).map(({ field, message }) => `.${field}: ${message}`),
  ];
  if (problems.length === 0) return;
  const name = [stringAt(config, "metadata", "namespace"), stringAt(config, "metadata", "name")]
    .filter(Boolean)
    .join("/");
  const kind = `${resource.group}/${resource.version}, Kind=${resource.kind}`;
  throw new ApiFailure(500, "", `failed to create typed patch object (${name}; ${kind}): ${problems.join("\n")}`);
}

/** Throws a 422, or, for a wrong type in a built-in kind, the 400 of a body that cannot be decoded. */
export function requireValid(resource: Resource, object: JsonObject, more: readonly Cause[]): void {
  const [wrongType] = resource.isCustom ? [] : typeViolations(resource, object);
  if (wrongType !== undefined) {
    const { kind, version } = resource;
    const found = /^Invalid value: "(\w+)"/.exec(wrongType.message)?.[1] ?? "value";
    throw badRequest(
      `${kind} in version "${version}" cannot be handled as a ${kind}: json: cannot unmarshal ${found} into Go struct field ${kind}.${wrongType.field}`,
    );
  }
  const causes = [...more, ...violations(object, resource.schema, "")];
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

/** Whether the body asks to reset managedFields: an empty list, or a list of one empty entry. */
export function resetsManagedFields(body: JsonObject): boolean {
  const metadata = objectAt(body, "metadata");
  const list = listAt(metadata, "managedFields");
  return (
    Array.isArray(metadata["managedFields"]) &&
    list.every((entry) => isObject(entry) && Object.keys(entry).length === 0)
  );
}
