/** Objects without their contents ("Metadata-only fetches" in kubernetes.io "API Concepts"). */
import type { JsonObject } from "./json.ts";
import type { KubeObject } from "./object.ts";

export function partialMetadata({ metadata }: KubeObject): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata };
}

export function partialMetadataList(items: readonly KubeObject[], metadata: JsonObject): JsonObject {
  const kind = "PartialObjectMetadataList";
  return { kind, apiVersion: "meta.k8s.io/v1", metadata, items: items.map(partialMetadata) };
}
