/** /openapi/v3, as far as kubectl needs it: what can be applied, and the fields that `explain` shows. */
import { isObject, type Json, type JsonObject } from "azure-sim/json";
import { kubernetesVersion } from "./builtIn/kinds.ts";
import { publishedDefinitions, schemaName } from "./definitions.ts";
import { apiVersionOf, type Resource, type Resources } from "./resource.ts";

export function openApiDocument(resources: Resources, path: string): JsonObject | undefined {
  if (path !== "/openapi/v3" && !path.startsWith("/openapi/v3/")) return undefined;
  const groupVersionPaths = new Map<string, Resource[]>();
  for (const resource of resources.all()) {
    const key = `${resource.group === "" ? "api" : "apis"}/${apiVersionOf(resource)}`;
    groupVersionPaths.set(key, [...(groupVersionPaths.get(key) ?? []), resource]);
  }
  const wanted = path.replace(/^\/openapi\/v3\/?/, "");
  if (wanted === "") {
    const entries = [...groupVersionPaths.keys()].map((key) => [key, { serverRelativeURL: `/openapi/v3/${key}` }]);
    return { paths: Object.fromEntries(entries) };
  }
  const served = groupVersionPaths.get(wanted);
  return served === undefined ? undefined : document(wanted, served);
}

function document(base: string, resources: readonly Resource[]): JsonObject {
  const paths = resources.map((resource): [string, JsonObject] => {
    const scope = resource.namespaced ? "namespaces/{namespace}/" : "";
    return [`/${base}/${scope}${resource.plural}/{name}`, operations(resource)];
  });
  const schemas = Object.entries(publishedDefinitions(resources)).map(
    ([name, schema]) => [name, inVersion3(schema)] as const,
  );
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: kubernetesVersion },
    paths: Object.fromEntries(paths),
    components: { schemas: Object.fromEntries(schemas) },
  };
}

/** References are to another place there, and beside one there may be nothing else. */
function inVersion3(value: Json): Json {
  if (Array.isArray(value)) return value.map(inVersion3);
  if (!isObject(value)) return value;
  const { $ref, ...rest } = value;
  const children = Object.fromEntries(Object.entries(rest).map(([field, child]) => [field, inVersion3(child)]));
  if (typeof $ref !== "string") return children;
  return { ...children, allOf: [{ $ref: $ref.replace("#/definitions/", "#/components/schemas/") }] };
}

function operations(resource: Resource): JsonObject {
  const schema = { $ref: `#/components/schemas/${schemaName(resource)}` };
  const { group, version, kind } = resource;
  const operation = (action: string, parameters: Json[]): JsonObject => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": { group, version, kind },
    parameters,
    responses: { "200": { description: "OK", content: { "application/json": { schema } } } },
  });
  const query = (name: string, type: string): JsonObject => ({
    name,
    in: "query",
    schema: { type, uniqueItems: true },
  });
  const writing = [query("dryRun", "string"), query("fieldManager", "string"), query("fieldValidation", "string")];
  return {
    get: operation("get", []),
    put: operation("put", writing),
    patch: operation("patch", [...writing, query("force", "boolean")]),
    delete: operation("delete", [query("dryRun", "string")]),
  };
}
