/** Objects without their contents ("Metadata-only fetches" in kubernetes.io "API Concepts"). */
import { type JsonObject, without } from "./json.ts";
import type { KubeObject } from "./object.ts";

export function partialMetadata(object: KubeObject, version = "v1"): JsonObject {
  return { kind: "PartialObjectMetadata", apiVersion: `meta.k8s.io/${version}`, metadata: inner(object) };
}

/** An annotation of daemon sets is in their version for clients alone. */
function inner({ kind, metadata }: KubeObject): JsonObject {
  if (kind !== "DaemonSet") return metadata;
  const annotations = without(metadata.annotations ?? {}, "deprecated.daemonset.template.generation");
  const isEmpty = Object.keys(annotations).length === 0;
  return isEmpty ? without(metadata, "annotations") : { ...metadata, annotations };
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
