/** Replica sets: as many pods as each says, and what is ready of them. */
import { equal, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "azure-sim/json";
import { attempt, isOwnedBy, manager, ownerOf, type Parts } from "./controller.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

/** Makes pods or deletes them. */
export function fill(parts: Parts, set: KubeObject, { sets, pods }: { sets: Resource; pods: Resource }): void {
  const { store, objects } = parts;
  const { namespace, name } = set.metadata;
  const active = () =>
    store
      .list(pods, namespace)
      .filter(
        (pod) =>
          isOwnedBy(set, pod) &&
          isThere(pod) &&
          !["Succeeded", "Failed"].includes(stringAt(pod, "status", "phase") ?? ""),
      );
  const wanted = numberAt(set, "spec", "replicas") ?? 1;
  const own = active();
  for (const pod of own.slice(wanted)) objects.remove({ resource: pods, namespace, name: pod.metadata.name });
  const template = objectAt(set, "spec", "template");
  const metadata = {
    ...objectAt(template, "metadata"),
    generateName: `${name}-`,
    ownerReferences: [ownerOf(set)],
  };
  for (let missing = wanted - own.length; missing > 0; missing -= 1) {
    // Refused, for instance by a quota: the next change tries again.
    if (!attempt(() => objects.create({ resource: pods, namespace }, { ...template, metadata }, { manager }))) break;
  }
  const ready = active().filter(isReady).length;
  writeStatus(parts, sets, set, {
    observedGeneration: set.metadata.generation ?? 0,
    replicas: active().length,
    fullyLabeledReplicas: active().length,
    readyReplicas: ready,
    availableReplicas: ready,
  });
}

/** Nothing is written where only times have changed. */
export function writeStatus(
  { store, objects }: Parts,
  resource: Resource,
  object: KubeObject,
  status: JsonObject,
): void {
  const { namespace, name } = object.metadata;
  const live = store.get(resource, namespace, name);
  const shown = Object.fromEntries(
    Object.entries(status).filter(([field, value]) => value !== 0 || field === "replicas"),
  );
  if (live === undefined || equal(withoutTimes(live["status"]), withoutTimes(shown))) return;
  const target = { resource, namespace, name };
  attempt(() => objects.replace(target, { ...live, status: shown }, { manager, subresource: "status" }));
}

export function isThere({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp === undefined;
}

function isReady(pod: KubeObject): boolean {
  return listAt(pod, "status", "conditions").some(
    (each) => stringAt(each, "type") === "Ready" && stringAt(each, "status") === "True",
  );
}

function withoutTimes(status: Json | undefined): Json {
  return JSON.parse(JSON.stringify(status ?? {}, (key, value: Json) => (key.endsWith("Time") ? undefined : value)));
}
