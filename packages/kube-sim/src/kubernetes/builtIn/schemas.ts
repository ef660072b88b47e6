/** The schemas of the built-in kinds, made of the definitions that a real API server publishes. */
import { isObject, type Json, type JsonObject, stringAt } from "azure-sim/json";
import type { Schema } from "../schema.ts";
import { builtInKinds } from "./kinds.ts";

const prefix = "#/definitions/";
const open: Schema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };

/** Types that JSON writes otherwise than their definition says, or that may contain anything. */
const special: Readonly<Record<string, Schema>> = {
  // A number or a text.
  "io.k8s.apimachinery.pkg.api.resource.Quantity": {},
  "io.k8s.apimachinery.pkg.util.intstr.IntOrString": { "x-kubernetes-int-or-string": true },
  "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": open,
  "io.k8s.apimachinery.pkg.runtime.RawExtension": { ...open, "x-kubernetes-map-type": "atomic" },
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": {},
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": {},
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": {},
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": {},
};

const made = new Map<string, Schema>();

/** Shared, and with cycles where a type contains itself. */
export function schemaOf(definition: string): Schema {
  const known = special[definition] ?? made.get(definition);
  if (known) return known;
  const schema: Schema = {};
  made.set(definition, schema);
  return Object.assign(schema, read(builtInKinds.definitions[definition] ?? {}));
}

function read({ $ref, properties, items, additionalProperties, ...rest }: JsonObject): Schema {
  if (typeof $ref === "string") return schemaOf($ref.slice(prefix.length));
  const children = isObject(properties)
    ? Object.entries(properties).map(([field, child]) => [field, readChild(child)] as const)
    : undefined;
  const { required, format, ...others } = rest;
  return {
    ...(others as Schema),
    // Texts are read as Go does it.
    ...(typeof format === "string" && rest["type"] !== "string" ? { format } : {}),
    ...(Array.isArray(required) && isObject(properties) ? { required: missed(required, properties) } : {}),
    ...(children ? { properties: Object.fromEntries(children) } : {}),
    ...(items === undefined ? {} : { items: readChild(items) }),
    ...(additionalProperties === undefined ? {} : { additionalProperties: readChild(additionalProperties) }),
  };
}

/** Of lists, "required" only says that JSON always has them: most may be empty, which in protobuf is absent. */
function missed(required: readonly Json[], properties: JsonObject): string[] {
  return required
    .filter((field) => typeof field === "string")
    .filter((field) => field === "containers" || stringAt(properties[field], "type") !== "array");
}

function readChild(child: Json): Schema {
  return isObject(child) ? read(child) : {};
}

const metadataSchema = schemaOf("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta");

const conventions = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";

/** With the descriptions that `kubectl explain` shows for every kind. */
const typeSchemas: Readonly<Record<string, Schema>> = {
  apiVersion: {
    type: "string",
    description: `APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: ${conventions}#resources`,
  },
  kind: {
    type: "string",
    description: `Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: ${conventions}#types-kinds`,
  },
};

/** A custom kind's schema: its own fields, and those of every object. */
export function objectSchema(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return {
    type: "object",
    required,
    properties: { ...properties, ...typeSchemas, metadata: metadataSchema },
  };
}
