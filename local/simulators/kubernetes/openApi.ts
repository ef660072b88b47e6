/** /openapi/v3, as far as kubectl needs it: what can be applied, and the fields that `explain` shows. */
import type { Json, JsonObject } from "./json.ts";
import { apiVersionOf, type Resource, type Resources } from "./resource.ts";

export function openApiDocument(resources: Resources, path: string): JsonObject | undefined {
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
  const schemas = resources.map((resource): [string, JsonObject] => [
    schemaName(resource),
    { ...plainJson(resource.schema), "x-kubernetes-group-version-kind": [groupVersionKind(resource)] },
  ]);
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: "v1.32.3" },
    paths: Object.fromEntries(paths),
    components: { schemas: Object.fromEntries(schemas) },
  };
}

function operations(resource: Resource): JsonObject {
  const schema = { $ref: `#/components/schemas/${schemaName(resource)}` };
  const operation = (action: string, parameters: Json[]): JsonObject => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": groupVersionKind(resource),
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

/** `io.k8s.api.core.v1.Pod`: kubectl only needs the names to be unique. */
function schemaName({ group, version, kind }: Resource): string {
  return `${group === "" ? "core" : group}.${version}.${kind}`;
}

function groupVersionKind({ group, version, kind }: Resource): JsonObject {
  return { group, version, kind };
}

/** A schema is plain data; this gives it the type JsonObject. */
function plainJson(schema: Resource["schema"]): JsonObject {
  return JSON.parse(JSON.stringify(schema));
}
