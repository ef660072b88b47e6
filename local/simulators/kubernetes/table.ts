/** Lists as tables, which `kubectl get` requests, with the columns that the resource declares. */
import { at, type Json, type JsonObject } from "./json.ts";
import type { KubeObject } from "./object.ts";
import { partialMetadata } from "./partialMetadata.ts";
import type { Column, Resource } from "./resource.ts";

export function table(
  resource: Resource,
  objects: readonly KubeObject[],
  { metadata, includeObject, now }: { metadata: JsonObject; includeObject: string; now: Date },
): JsonObject {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: [{ name: "Name", type: "string", jsonPath: ".metadata.name" }, ...resource.columns].map(
      ({ name, type }) => ({
        name,
        type: type === "date" ? "string" : type,
        format: name === "Name" ? "name" : "",
        description: name,
        priority: 0,
      }),
    ),
    rows: objects.map((object) => ({
      cells: [
        object.metadata.name,
        ...resource.columns.map((column) => cell(column, object, { now, isCustom: resource.isCustom })),
      ],
      object: rowObject(object, includeObject),
    })),
  };
}

function rowObject(object: KubeObject, includeObject: string): Json {
  if (includeObject === "None") return null;
  if (includeObject === "Object") return object;
  return partialMetadata(object);
}

/** Supports only plain paths: the columns here use no filters and no indexes. */
function cell(
  { jsonPath, type, name }: Column,
  object: KubeObject,
  { now, isCustom }: { now: Date; isCustom: boolean },
): Json {
  const value = at(object, ...jsonPath.split(".").filter((part) => part !== ""));
  if (value === undefined) return name === "Age" ? "<unknown>" : isCustom ? null : type === "integer" ? 0 : "";
  if (type === "string" && isCustom) return typeof value === "string" ? value : JSON.stringify(value);
  return type === "date" && typeof value === "string" ? age(new Date(value), now) : value;
}

/** Rounded to a readable unit: `45s`, `3m12s`, `5h`, `12d`. */
function age(since: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - since.getTime()) / 1000));
  if (seconds < 120) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return `${minutes}m${seconds % 60}s`;
  if (minutes < 180) return `${minutes}m`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h` : `${Math.floor(hours / 24)}d`;
}
