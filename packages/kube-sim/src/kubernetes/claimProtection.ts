/** Claims stay until no pod uses them. kubernetes.io "Storage Object in Use Protection". */

import { listAt, stringAt } from "azure-sim/json";
import { type Controller, startController } from "./controller.ts";
import { claimFinalizer } from "./kindRules.ts";
import type { Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import type { Objects } from "./verbs.ts";

export function startClaimProtection({
  store,
  objects,
  resources,
}: {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
}): Controller {
  return startController(store, {
    concerns: ({ resource: { kind } }) => ["Pod", "PersistentVolumeClaim"].includes(kind),
    reconcile() {
      const [claims, pods] = ["PersistentVolumeClaim", "Pod"].map((kind) => resources.ofKind("v1", kind));
      if (!claims || !pods) return;
      for (const { metadata } of store.list(claims)) {
        const { namespace, name, finalizers = [], deletionTimestamp } = metadata;
        if (deletionTimestamp === undefined || !finalizers.includes(claimFinalizer)) continue;
        const volumes = store.list(pods, namespace).flatMap((pod) => listAt(pod, "spec", "volumes"));
        if (volumes.some((volume) => stringAt(volume, "persistentVolumeClaim", "claimName") === name)) continue;
        const body = { metadata: { finalizers: finalizers.filter((each) => each !== claimFinalizer) } };
        const patch = { mediaType: "application/merge-patch+json", body };
        objects.patch({ resource: claims, namespace, name }, patch, { manager: "kube-controller-manager" });
      }
    },
  });
}
