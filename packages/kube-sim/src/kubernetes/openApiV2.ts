/**
 * /openapi/v2, from which Helm and older versions of kubectl learn the kinds: in JSON, or, as both ask for it, in the
 * protobuf form of gnostic's OpenAPIv2.proto.
 */
import { isObject, type Json, type JsonObject } from "azure-sim/json";
import protobuf from "protobufjs";
import type { Answer } from "./answer.ts";
import { kubernetesVersion } from "./builtIn/kinds.ts";
import { publishedDefinitions } from "./definitions.ts";
import type { Resource, Resources } from "./resource.ts";

export const openApiV2Path = "/openapi/v2";

const asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/** Without the "@", which Go's parser of media types refuses (kube-openapi, pkg/handler). */
const binary = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

export function answerOpenApiV2(resources: Resources, accept: string | undefined): Answer {
  if (!accept?.includes(asked) && !accept?.includes(binary)) {
    const isJson = /^$|\*\/\*|application\/(\*|json)/.test(accept ?? "");
    return isJson ? { code: 200, body: printJson(resources.all()) } : { code: 406, body: "", contentType: "" };
  }
  const bytes = binaryOf(resources);
  return { stream: (response) => response.writeHead(200, { "content-type": binary }).end(bytes) };
}

const info = { title: "Kubernetes", version: kubernetesVersion };

function printJson(resources: readonly Resource[]): JsonObject {
  return { swagger: "2.0", info, paths: {}, definitions: publishedDefinitions(resources, { isVersion2: true }) };
}

/** The numbers of gnostic's fields, as far as this document has them. */
const Document = protobuf
  .parse(`
  syntax = "proto3";
  message Document { string swagger = 1; Info info = 2; Paths paths = 8; Definitions definitions = 9; }
  message Info { string title = 1; string version = 2; }
  message Paths {}
  message Definitions { repeated NamedSchema items = 1; }
  message NamedSchema { string name = 1; Schema value = 2; }
  message Schema {
    string ref = 1;
    string format = 2;
    string description = 4;
    repeated string required = 19;
    AdditionalProperties additional = 21;
    Strings type = 22;
    Items items = 23;
    Definitions properties = 25;
    repeated NamedAny extensions = 31;
  }
  message AdditionalProperties { Schema schema = 1; }
  message Items { repeated Schema schema = 1; }
  message Strings { repeated string value = 1; }
  message NamedAny { string name = 1; Any value = 2; }
  message Any { string yaml = 2; }
`)
  .root.lookupType("Document");

/** It is large, and clients poll it until a custom resource is in it. */
const printed = new WeakMap<Resources, { readonly revision: number; readonly bytes: Uint8Array }>();

function binaryOf(resources: Resources): Uint8Array {
  const { revision } = resources;
  const known = printed.get(resources);
  if (known?.revision === revision) return known.bytes;
  const bytes = printBinary(resources.all());
  printed.set(resources, { revision, bytes });
  return bytes;
}

function printBinary(resources: readonly Resource[]): Uint8Array {
  const items = Object.entries(publishedDefinitions(resources, { isVersion2: true })).map(([name, definition]) => ({
    name,
    value: describe(definition),
  }));
  return Document.encode(Document.fromObject({ swagger: "2.0", info, paths: {}, definitions: { items } })).finish();
}

function describe(schema: JsonObject): object {
  const { $ref, type, format, description, required, properties, items, additionalProperties } = schema;
  const isEither = schema["x-kubernetes-int-or-string"] === true;
  const shown = isEither ? "string" : type;
  const shownFormat = isEither ? "int-or-string" : format;
  const named = isObject(properties)
    ? Object.entries(properties).map(([name, each]) => ({ name, value: describeChild(each) }))
    : [];
  const extensions = Object.entries(schema)
    .filter(([field]) => field.startsWith("x-"))
    .map(([name, value]) => ({ name, value: { yaml: JSON.stringify(value) } }));
  return {
    ...(typeof $ref === "string" ? { ref: $ref } : {}),
    ...(typeof shownFormat === "string" ? { format: shownFormat } : {}),
    ...(typeof description === "string" ? { description } : {}),
    ...(Array.isArray(required) ? { required } : {}),
    ...(typeof shown === "string" ? { type: { value: [shown] } } : {}),
    ...(items === undefined ? {} : { items: { schema: [describeChild(items)] } }),
    ...(additionalProperties === undefined ? {} : { additional: { schema: describeChild(additionalProperties) } }),
    ...(named.length === 0 ? {} : { properties: { items: named } }),
    ...(extensions.length === 0 ? {} : { extensions }),
  };
}

function describeChild(child: Json): object {
  return isObject(child) ? describe(child) : {};
}
