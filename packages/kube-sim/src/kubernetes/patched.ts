/** What a patch makes of an object, and how it is refused where that cannot be read. */
import { isObject, type Json } from "azure-sim/json";
import { sorted } from "./builtIn/goOrder.ts";
import { DecodeFailure, invalid } from "./failures.ts";
import { shallow } from "./nesting.ts";
import type { KubeObject } from "./object.ts";
import { jsonPatch, mergeObject, patchTypeUnsupported, strategicMergeObject } from "./patches.ts";
import type { Resource } from "./resource.ts";
import { invalidValue } from "./validation/causes.ts";

export function patchWith(resource: Resource, live: KubeObject, mediaType: string, body: Json): Json {
  switch (mediaType) {
    case "application/json-patch+json":
      // Copies may be nested deeper than the patch.
      return shallow(jsonPatch(live, body));
    case "application/merge-patch+json":
      // A merge is made of maps.
      return sorted(mergeObject(live, body));
    case "application/strategic-merge-patch+json":
      if (!resource.isCustom) return named(live, strategicMergeObject(live, body, resource.schema));
  }
  throw patchTypeUnsupported(resource);
}

/** A strategic merge is made with the type, so that it cannot change. */
function named({ apiVersion, kind }: KubeObject, result: Json): Json {
  return isObject(result) ? { ...result, apiVersion, kind } : result;
}

/** What a patch makes of an object is refused as a value of the patch, if it cannot be read. */
export function ofPatch<T>(result: Json, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    throw invalid({ group: "", kind: "" }, "", [invalidValue("patch", JSON.stringify(result), error.why)]);
  }
}
