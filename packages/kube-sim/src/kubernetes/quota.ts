/**
 * ResourceQuota: what a namespace uses of it, counted by objects (`count/configmaps`, and the older names without `count/`) and by
 * what pods ask for. It is the last admission plugin; a dry run is checked, but uses up no quota.
 */
import { type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "azure-sim/json";
import { canonicalQuantity, printQuantity } from "./builtIn/quantity.ts";
import { forbidden, qualifiedPlural } from "./failures.ts";
import type { KubeObject } from "./object.ts";
import { containersOf, type Kind, nanosOf, podAmounts, qosClassOf } from "./podResources.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";

/** Core resources that a quota may name without `count/`. */
const plainNames: ReadonlySet<string> = new Set([
  ...["configmaps", "secrets", "pods", "services", "persistentvolumeclaims", "replicationcontrollers"],
  "resourcequotas",
]);

interface Parts {
  readonly store: Store;
  readonly resources: Resources;
}

export function requireQuota(
  { store, resources }: Parts,
  resource: Resource,
  { namespace, name, object }: { namespace: string; name: string | undefined; object: JsonObject },
): void {
  const quotas = resources.ofKind("v1", "ResourceQuota");
  if (quotas === undefined) return;
  const counting = store.list(quotas, namespace).filter((quota) => isInScope(quota, resource, object));
  if (resource.kind === "Pod") {
    for (const quota of counting) {
      const missing = missingFor(quota, object);
      if (missing === "") continue;
      throw forbidden(resource, name, `failed quota: ${quota.metadata.name}: must specify ${missing}`);
    }
  }
  for (const quota of counting) {
    const hard = objectAt(quota["spec"] ?? null, "hard");
    const asked = Object.entries(hard)
      .filter(([key]) => key in usageOf(resource, object, [key]))
      .map(([key, limit]) => ({ key, limit, wanted: usageOf(resource, object, [key])[key] ?? 0n }));
    const used = usedOf({ store, resources }, quota);
    const over = asked
      .toSorted(byKey)
      .filter(({ key, limit, wanted }) => wanted > 0n && (used[key] ?? 0n) + wanted > nanosOf(limit));
    if (over.length === 0) continue;
    const list = (print: (each: (typeof over)[number]) => string) => over.map(print).join(",");
    const why = [
      `exceeded quota: ${quota.metadata.name}`,
      `requested: ${list(({ key, wanted }) => `${key}=${printLike(wanted, hard[key])}`)}`,
      `used: ${list(({ key }) => `${key}=${printLike(used[key] ?? 0n, hard[key])}`)}`,
      `limited: ${list(({ key, limit }) => `${key}=${shown(limit)}`)}`,
    ];
    throw forbidden(resource, name, why.join(", "));
  }
}

const byKey = (left: { key: string }, right: { key: string }) => (left.key < right.key ? -1 : 1);

/** Each container has to say it, where a quota counts it; of other resources, none has to. */
const mandatory: ReadonlySet<string> = new Set(
  ["cpu", "memory"].flatMap((each) => [each, `requests.${each}`, `limits.${each}`]),
);

function missingFor(quota: KubeObject, pod: JsonObject): string {
  const keys = Object.keys(objectAt(quota, "spec", "hard")).filter((key) => mandatory.has(key));
  const missing = keys.toSorted().map((key) => {
    const containers = containersOf(pod).filter((container) => {
      const { kind, name } = computedBy(key);
      return objectAt(container, "resources", kind)[name] === undefined;
    });
    const names = containers.map((each) => stringAt(each, "name") ?? "").toSorted();
    return names.length === 0 ? "" : `${key} for: ${names.join(",")}`;
  });
  return missing.filter((each) => each !== "").join("; ");
}

type Usage = Record<string, bigint>;

const one = 10n ** 9n;

export function usedOf({ store, resources }: Parts, quota: KubeObject): Usage {
  const keys = Object.keys(objectAt(quota, "spec", "hard"));
  const total: Usage = {};
  for (const resource of resources.all().filter(({ namespaced }) => namespaced)) {
    if (!keys.some((key) => isAbout(key, resource))) continue;
    for (const object of store.list(resource, quota.metadata.namespace)) {
      if (!isInScope(quota, resource, object)) continue;
      const counting = isOver(object) ? keys.filter((key) => key.startsWith("count/")) : keys;
      for (const [key, value] of Object.entries(usageOf(resource, object, counting)))
        total[key] = (total[key] ?? 0n) + value;
    }
  }
  return total;
}

/** A pod that has ended uses nothing, and is still an object (pkg/quota/v1/evaluator/core, PodUsageFunc). */
function isOver(object: KubeObject): boolean {
  return object.kind === "Pod" && ["Succeeded", "Failed"].includes(stringAt(object, "status", "phase") ?? "");
}

function isAbout(key: string, resource: Resource): boolean {
  const counted = qualifiedPlural(resource);
  if (key === `count/${counted}` || (plainNames.has(counted) && key === counted)) return true;
  if (resource.kind === "Pod") return isComputed(key);
  if (resource.kind === "Service") return key.startsWith("services.");
  return resource.kind === "PersistentVolumeClaim" && key === "requests.storage";
}

function isComputed(key: string): boolean {
  return /^((requests|limits)\.)?(cpu|memory|ephemeral-storage|[^/]+\/.+)$/.test(key) && !key.startsWith("count/");
}

/** What one object uses of these keys. */
function usageOf(resource: Resource, object: JsonObject, keys: readonly string[]): Usage {
  const usage: Usage = {};
  for (const key of keys.filter((each) => isAbout(each, resource))) {
    if (resource.kind === "Pod" && isComputed(key)) usage[key] = askedByPod(object, key);
    else if (key === "services.nodeports") usage[key] = one * BigInt(nodePorts(object));
    else if (key === "services.loadbalancers")
      usage[key] = stringAt(object, "spec", "type") === "LoadBalancer" ? one : 0n;
    else if (key === "requests.storage") {
      usage[key] = nanosOf(objectAt(object, "spec", "resources", "requests")["storage"] ?? 0);
    } else usage[key] = one;
  }
  return usage;
}

function nodePorts(service: JsonObject): number {
  const isOpen = ["NodePort", "LoadBalancer"].includes(stringAt(service, "spec", "type") ?? "");
  return isOpen ? listAt(service, "spec", "ports").filter((port) => numberAt(port, "nodePort")).length : 0;
}

function askedByPod(pod: JsonObject, key: string): bigint {
  const { kind, name } = computedBy(key);
  return podAmounts(pod, kind)[name] ?? 0n;
}

function computedBy(key: string): { readonly kind: Kind; readonly name: string } {
  return { kind: key.startsWith("limits.") ? "limits" : "requests", name: key.replace(/^(requests|limits)\./, "") };
}

/** Scopes are about pods alone. */
function isInScope(quota: KubeObject, resource: Resource, object: JsonObject): boolean {
  const scopes = listAt(quota, "spec", "scopes").filter((each) => typeof each === "string");
  if (resource.kind !== "Pod" || scopes.length === 0) return true;
  const isTerminating = numberAt(object, "spec", "activeDeadlineSeconds") !== undefined;
  const isBestEffort = qosClassOf(object) === "BestEffort";
  const holds: Readonly<Record<string, boolean>> = {
    ...{ Terminating: isTerminating, NotTerminating: !isTerminating },
    ...{ BestEffort: isBestEffort, NotBestEffort: !isBestEffort },
  };
  return scopes.every((scope) => holds[scope] ?? true);
}

/** In the form of the limit: binary, if that is. */
export function printLike(nanos: bigint, like: Json | undefined): string {
  const isBinary = typeof like === "string" && like.endsWith("i");
  return printQuantity({ nanos, isBinary });
}

function shown(quantity: Json): string {
  return typeof quantity === "string" || typeof quantity === "number" ? canonicalQuantity(quantity) : "";
}
