/** The definitions that OpenAPI documents are made of: recorded ones of built-in kinds, and those of custom resources. */
import type { JsonObject } from "azure-sim/json";
import { builtInKinds } from "./builtIn/kinds.ts";
import { objectSchema } from "./builtIn/schemas.ts";
import type { Resource } from "./resource.ts";

const kindsOf = "x-kubernetes-group-version-kind";
const metadata = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/** `io.k8s.api.core.v1.Pod`; a custom kind is named after its group, backwards. */
export function schemaName({ definition, group, version, kind }: Resource): string {
  return definition ?? [...group.split(".").reverse(), version, kind].join(".");
}

export function publishedDefinitions(
  resources: readonly Resource[],
  { isVersion2 = false }: { isVersion2?: boolean } = {},
): Record<string, JsonObject> {
  const found: Record<string, JsonObject> = {};
  const visit = (name: string) => {
    if (found[name] !== undefined) return;
    const definition = builtInKinds.definitions[name] ?? {};
    found[name] = definition;
    for (const [, next = ""] of JSON.stringify(definition).matchAll(/"#\/definitions\/([^"]+)"/g)) visit(next);
  };
  for (const resource of resources) {
    if (resource.definition === undefined) {
      visit(metadata);
      found[schemaName(resource)] = customDefinition(resource, isVersion2);
    } else visit(resource.definition);
  }
  return found;
}

/** The older document says nothing of an object that may have any fields. */
function customDefinition({ schema: given, group, version, kind }: Resource, isVersion2: boolean): JsonObject {
  const isOpen = isVersion2 && given["x-kubernetes-preserve-unknown-fields"] === true;
  const schema = isOpen ? objectSchema({}) : given;
  const { properties = {}, ...rest } = schema;
  const { metadata: _, ...own } = properties;
  const plain: JsonObject = JSON.parse(JSON.stringify({ ...rest, properties: own }));
  return {
    ...plain,
    properties: {
      ...JSON.parse(JSON.stringify(own)),
      metadata: { description: "Standard object's metadata.", $ref: `#/definitions/${metadata}` },
    },
    [kindsOf]: [{ group, version, kind }],
  };
}
