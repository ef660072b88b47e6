/**
 * ResourceQuota, as far as it counts objects: `count/configmaps`, `count/azureidentities.aadpodidentity.k8s.io`, and the
 * older names without `count/`. It is the last admission plugin; a dry run is checked, but uses up no quota.
 */
import { forbidden, qualifiedPlural } from "./failures.ts";
import { type Json, objectAt } from "./json.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";

/** Core resources that a quota may name without `count/`. */
const plainNames: ReadonlySet<string> = new Set(["configmaps", "secrets", "pods"]);

export function requireQuota(
  { store, resources }: { store: Store; resources: Resources },
  resource: Resource,
  { namespace, name }: { namespace: string; name: string | undefined },
): void {
  const quotas = resources.ofKind("v1", "ResourceQuota");
  if (quotas === undefined) return;
  const counted = qualifiedPlural(resource);
  const keys = [`count/${counted}`, ...(plainNames.has(counted) ? [counted] : [])];
  for (const quota of store.list(quotas, namespace)) {
    const hard = objectAt(quota["spec"] ?? null, "hard");
    for (const key of keys) {
      const limit = limitOf(hard[key]);
      const used = store.list(resource, namespace).length;
      if (limit === undefined || used < limit) continue;
      const why = `exceeded quota: ${quota.metadata.name}, requested: ${key}=1, used: ${key}=${used}, limited: ${key}=${limit}`;
      throw forbidden(resource, name, why);
    }
  }
}

function limitOf(quantity: Json | undefined): number | undefined {
  return quantity === undefined || quantity === null ? undefined : Number(quantity);
}
