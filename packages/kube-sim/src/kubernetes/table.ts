/** Lists as tables, which `kubectl get` requests, with the columns that the resource declares. */
import { at, type Json, type JsonObject } from "azure-sim/json";
import { age, ageOf } from "./builtIn/ages.ts";
import { printerOf } from "./builtIn/printers.ts";
import type { KubeObject } from "./object.ts";
import { partialMetadata } from "./partialMetadata.ts";
import type { Column, Resource } from "./resource.ts";

export function table(
  resource: Resource,
  objects: readonly KubeObject[],
  {
    metadata,
    includeObject,
    now,
    version = "v1",
  }: { metadata: JsonObject; includeObject: string; now: Date; version?: string },
): JsonObject {
  const print = resource.isCustom ? undefined : printerOf(resource);
  // Where no printer is known, a table has only what every object has.
  const columns =
    resource.isCustom || print !== undefined
      ? resource.columns
      : resource.columns.filter(({ name }) => ["Name", "Age", "Created At"].includes(name));
  return {
    kind: "Table",
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    columnDefinitions: columns.map(({ name, type, format, description, priority }) => ({
      ...{ name, type, format, description, priority },
    })),
    // Whatever has no columns of its own has no rows either, where there is nothing.
    rows:
      columns.some(({ name }) => name === "Created At") && objects.length === 0
        ? null
        : objects.map((object) => ({
            cells: print?.(object, now) ?? columns.map((column) => cell(column, object, now)),
            object: rowObject(object, includeObject, version),
          })),
  };
}

function rowObject(object: KubeObject, includeObject: string, version: string): Json {
  if (includeObject === "None") return null;
  if (includeObject === "Object") return object;
  return partialMetadata(object, version);
}

/** Supports only plain paths: the columns here use no filters and no indexes. */
function cell({ jsonPath, type, name }: Column, object: KubeObject, now: Date): Json {
  if (name === "Name" && jsonPath === undefined) return object.metadata.name;
  if (jsonPath === undefined) return name === "Age" ? ageOf(object, now) : object.metadata.creationTimestamp;
  const value = at(object, ...jsonPath.split(".").filter((part) => part !== ""));
  if (value === undefined) return name === "Age" ? "<unknown>" : null;
  if (type === "string") return typeof value === "string" ? value : JSON.stringify(value);
  return type === "date" && typeof value === "string" ? age(new Date(value), now) : value;
}
