/** Deletes dependents when their last owner is gone. kubernetes.io "Garbage Collection" (background cascading deletion). */
import { type Controller, startController } from "./controller.ts";
import type { Objects } from "./objects.ts";
import type { Resources } from "./resource.ts";
import type { Store } from "./store.ts";

export function startGarbageCollector({
  store,
  objects,
  resources,
}: {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
}): Controller {
  return startController(store, {
    concerns: ({ type }) => type === "DELETED",
    reconcile() {
      const all = resources.all().flatMap((resource) => store.list(resource).map((object) => ({ resource, object })));
      const uids = new Set(all.map(({ object }) => object.metadata.uid));
      for (const { resource, object } of all) {
        const { ownerReferences = [], namespace, name, deletionTimestamp } = object.metadata;
        const isOrphaned = ownerReferences.length > 0 && ownerReferences.every(({ uid }) => !uids.has(uid));
        const isThere = store.get(resource, namespace, name) !== undefined;
        if (isOrphaned && isThere && deletionTimestamp === undefined) objects.remove({ resource, namespace, name });
      }
    },
  });
}
