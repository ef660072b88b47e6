/** Custom resources are served as soon as their definition is stored, and go with it. */
import type { Parts } from "./controller.ts";
import { definedResources, definitionStatus } from "./customResources.ts";
import { timestamp } from "./object.ts";
import { cleanupFinalizer } from "./removal.ts";

export function serveDefinitions({ store, objects, resources, now }: Parts): () => void {
  return store.subscribe(({ type, resource, object, previous }) => {
    if (resource.kind !== "CustomResourceDefinition") return;
    // A version may no longer be served, or have another schema.
    if (previous) for (const defined of definedResources(previous)) resources.remove(defined);
    for (const defined of definedResources(object)) {
      if (type === "DELETED") {
        for (const instance of store.list(defined)) store.remove(defined, instance);
        resources.remove(defined);
      } else resources.add(defined);
    }
    const target = { resource, namespace: undefined, name: object.metadata.name };
    if (type === "MODIFIED" && object.metadata.finalizers?.join() === cleanupFinalizer) {
      if (object.metadata.deletionTimestamp === undefined) return;
      for (const defined of definedResources(object)) {
        for (const instance of store.list(defined)) store.remove(defined, instance);
      }
      const released = { ...object, metadata: { ...object.metadata, finalizers: [] } };
      objects.replace(target, released, { manager: "kube-apiserver" });
    }
    if (type !== "ADDED") return;
    const status = definitionStatus(object, timestamp(now()));
    objects.replace(target, { ...object, status }, { manager: "kube-apiserver", subresource: "status" });
  });
}
