/** One stored object in the several versions or groups in which clients see it. */
import { type JsonObject, without } from "azure-sim/json";
import type { KubeObject } from "./object.ts";
import { apiVersionOf, type Resource } from "./resource.ts";
import { objectWithDefaults } from "./schema.ts";

/** Events are in two groups, with other names for some of their fields. */
const eventFields = [
  ["involvedObject", "regarding"],
  ["message", "note"],
  ["reportingComponent", "reportingController"],
  ["source", "deprecatedSource"],
  ["firstTimestamp", "deprecatedFirstTimestamp"],
  ["lastTimestamp", "deprecatedLastTimestamp"],
  ["count", "deprecatedCount"],
] as const;

export function inVersionOf(resource: Resource, object: KubeObject): KubeObject {
  const apiVersion = apiVersionOf(resource);
  if (resource.hasDefaults === true) {
    const { metadata, kind, ...rest } = object;
    return { ...objectWithDefaults({ ...rest, kind, metadata }, resource.schema), apiVersion, kind, metadata };
  }
  if (object.apiVersion === apiVersion) return object;
  if (object.kind !== "Event" || resource.isCustom) return { ...object, apiVersion };
  const isCore = resource.group === "";
  const names = new Map<string, string>(eventFields.map(([core, other]) => (isCore ? [other, core] : [core, other])));
  const renamed: JsonObject = Object.fromEntries(
    Object.entries(object).map(([field, value]) => [names.get(field) ?? field, value]),
  );
  // Only the core group writes them where they are empty.
  const reporter = ["reportingController", "reportingInstance"].filter((field) => !isCore && renamed[field] === "");
  return { ...without(renamed, ...reporter), apiVersion, kind: object.kind, metadata: object.metadata };
}

/** Where the store keeps the objects of a resource: all versions, and both groups of events, in one place. */
export function storedAs({ group, plural }: Pick<Resource, "group" | "plural">): string {
  return group === "events.k8s.io" ? `/${plural}` : `${group}/${plural}`;
}
