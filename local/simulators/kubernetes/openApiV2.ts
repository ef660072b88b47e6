/**
 * /openapi/v2, from which Helm and older versions of kubectl learn the kinds: in JSON, or, as both ask for it, in the
 * protobuf form of gnostic's OpenAPIv2.proto.
 */
import protobuf from "protobufjs";
import type { Answer } from "./answer.ts";
import type { JsonObject } from "./json.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Schema } from "./schema.ts";

export const openApiV2Path = "/openapi/v2";

const asked = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
/** Without the "@", which Go's parser of media types refuses (kube-openapi, pkg/handler). */
const binary = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

export function answerOpenApiV2(resources: Resources, accept: string | undefined): Answer {
  if (!accept?.includes(asked) && !accept?.includes(binary)) return { code: 200, body: printJson(resources.all()) };
  const bytes = printBinary(resources.all());
  return { stream: (response) => response.writeHead(200, { "content-type": binary }).end(bytes) };
}

const info = { title: "Kubernetes", version: "v1.32.3" };
const kindsOf = "x-kubernetes-group-version-kind";

/** Unique, as clients need it. */
const nameOf = ({ group, version, kind }: Resource) => `${group === "" ? "core" : group}.${version}.${kind}`;

function printJson(resources: readonly Resource[]): JsonObject {
  const definitions = resources.map((resource): [string, JsonObject] => {
    const { group, version, kind } = resource;
    const schema: JsonObject = JSON.parse(JSON.stringify(resource.schema));
    return [nameOf(resource), { ...schema, [kindsOf]: [{ group, version, kind }] }];
  });
  return { swagger: "2.0", info, paths: {}, definitions: Object.fromEntries(definitions) };
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

function printBinary(resources: readonly Resource[]): Uint8Array {
  const items = resources.map((resource) => {
    const { group, version, kind } = resource;
    const yaml = JSON.stringify([{ group, version, kind }]);
    const extensions = [{ name: kindsOf, value: { yaml } }];
    return { name: nameOf(resource), value: { ...describe(resource.schema), extensions } };
  });
  return Document.encode(Document.fromObject({ swagger: "2.0", info, paths: {}, definitions: { items } })).finish();
}

function describe(schema: Schema): object {
  const { type, description, required, properties, items, additionalProperties } = schema;
  const isEither = schema["x-kubernetes-int-or-string"] === true;
  const format = isEither ? "int-or-string" : schema.format;
  const shown = isEither ? "string" : type;
  const named = Object.entries(properties ?? {}).map(([name, each]) => ({ name, value: describe(each) }));
  return {
    ...(format === undefined ? {} : { format }),
    ...(description === undefined ? {} : { description }),
    ...(required === undefined ? {} : { required: [...required] }),
    ...(shown === undefined ? {} : { type: { value: [shown] } }),
    ...(items === undefined ? {} : { items: { schema: [describe(items)] } }),
    ...(additionalProperties === undefined ? {} : { additional: { schema: describe(additionalProperties) } }),
    ...(named.length === 0 ? {} : { properties: { items: named } }),
  };
}
