/** Objects without their contents ("Metadata-only fetches" in kubernetes.io "API Concepts"). */
import type { JsonObject } from "azure-sim/json";
import type { KubeObject } from "./object.ts";

export function partialMetadata(object: KubeObject, version = "v1"): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: object.metadata };
}

export function partialMetadataList(items: readonly KubeObject[], metadata: JsonObject, version = "v1"): JsonObject {
  const kind = "PartialObjectMetadataList";
  // Null where there are none, as Go writes a list that was never made; lists of whole objects are made.
  return {
    kind,
    apiVersion: `meta.k8s.io/${version}`,
    metadata,
    items: items.length === 0 ? null : items.map((item) => partialMetadata(item, version)),
  };
}
