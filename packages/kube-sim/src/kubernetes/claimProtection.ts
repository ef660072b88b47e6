/** Claims stay until no pod uses them. kubernetes.io "Storage Object in Use Protection". */
import { listAt, stringAt } from "azure-sim/json";
import { type Controller, mergePatch, type Parts, startController } from "./controller.ts";
import { claimFinalizer } from "./kindRules.ts";

export function startClaimProtection(parts: Parts): Controller {
  const { store, resources } = parts;
  return startController(store, {
    concerns: ({ resource: { kind } }) => ["Pod", "PersistentVolumeClaim"].includes(kind),
    reconcile() {
      const [claims, pods] = ["PersistentVolumeClaim", "Pod"].map((kind) => resources.ofKind("v1", kind));
      if (!claims || !pods) return;
      for (const claim of store.list(claims)) {
        const { namespace, name, finalizers = [], deletionTimestamp } = claim.metadata;
        if (deletionTimestamp === undefined || !finalizers.includes(claimFinalizer)) continue;
        const volumes = store.list(pods, namespace).flatMap((pod) => listAt(pod, "spec", "volumes"));
        if (volumes.some((volume) => stringAt(volume, "persistentVolumeClaim", "claimName") === name)) continue;
        const others = finalizers.filter((each) => each !== claimFinalizer);
        mergePatch(parts, claims, claim, { metadata: { finalizers: others } });
      }
    },
  });
}
