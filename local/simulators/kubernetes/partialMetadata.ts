/** Objects without their contents ("Metadata-only fetches" in kubernetes.io "API Concepts"). */
import type { JsonObject } from "./json.ts";
import type { KubeObject } from "./object.ts";

export function partialMetadata({ metadata }: KubeObject): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

export function partialMetadataList(items: readonly KubeObject[], metadata: JsonObject): JsonObject {
  const kind = "PartialObjectMetadataList";
  // Null where there are none, as Go writes a list that was never made; lists of whole objects are made.
  return {
    kind,
    apiVersion: "meta.k8s.io/v1",
    metadata,
    items: items.length === 0 ? null : items.map(partialMetadata),
  };
}
