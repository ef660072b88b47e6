/** The controller of quotas: their status says what is used of them. */
import { equal, objectAt } from "azure-sim/json";
import { type Controller, manager, type Parts, startController } from "./controller.ts";
import { printLike, usedOf } from "./quota.ts";

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
        const target = { resource: quotas, namespace, name };
        objects.replace(target, { ...quota, status }, { manager, subresource: "status" });
      }
    },
  });
}
