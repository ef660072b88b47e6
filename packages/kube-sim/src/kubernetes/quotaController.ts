/** The controller of quotas: their status says what is used of them. */

import { equal, objectAt } from "azure-sim/json";
import { type Controller, startController } from "./controller.ts";
import { printLike, usedOf } from "./quota.ts";
import type { Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import type { Objects } from "./verbs.ts";

interface Parts {
  readonly store: Store;
  readonly resources: Resources;
  readonly objects: Objects;
}

/** Keeps `status` of every quota. */
export function startQuotaController({ store, resources, objects }: Parts): Controller {
  return startController(store, {
    concerns: ({ resource }) => resource.namespaced && resource.kind !== "Event" && resource.kind !== "Lease",
    reconcile() {
      const quotas = resources.ofKind("v1", "ResourceQuota");
      if (quotas === undefined) return;
      for (const quota of store.list(quotas)) {
        if (quota.metadata.deletionTimestamp !== undefined) continue;
        const hard = objectAt(quota, "spec", "hard");
        const used = usedOf({ store, resources }, quota);
        const texts = Object.fromEntries(Object.keys(hard).map((key) => [key, printLike(used[key] ?? 0n, hard[key])]));
        const status = Object.keys(hard).length === 0 ? {} : { hard, used: texts };
        if (equal(status, objectAt(quota, "status"))) continue;
        const { namespace, name } = quota.metadata;
        objects.replace(
          { resource: quotas, namespace, name },
          { ...quota, status },
          { manager: "kube-controller-manager", subresource: "status" },
        );
      }
    },
  });
}
