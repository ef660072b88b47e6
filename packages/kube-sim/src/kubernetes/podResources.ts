/** What a pod asks for and may have, over all of its containers (k8s.io/component-helpers resource.PodRequests, PodLimits). */
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "azure-sim/json";
import { readQuantity } from "./builtIn/quantity.ts";

export type Kind = "requests" | "limits";

export function nanosOf(quantity: Json | undefined): bigint {
  if (typeof quantity !== "string" && typeof quantity !== "number") return 0n;
  return readQuantity(quantity)?.nanos ?? 0n;
}

/** Whoever says only a limit asks for as much: an API server fills that in before anything else (SetDefaults_Pod). */
export function withRequests(pod: JsonObject): JsonObject {
  return eachContainer(pod, (container) => {
    const resources = objectAt(container, "resources");
    const limits = objectAt(resources, "limits");
    if (Object.keys(limits).length === 0) return container;
    const requests = { ...limits, ...objectAt(resources, "requests") };
    return { ...container, resources: { ...resources, requests } };
  });
}

export function eachContainer(pod: JsonObject, change: (container: JsonObject) => JsonObject): JsonObject {
  const spec = objectAt(pod, "spec");
  const changed = (field: string) => {
    const all = listAt(spec, field);
    return all.length === 0 ? {} : { [field]: all.map((each) => (isObject(each) ? change(each) : each)) };
  };
  return { ...pod, spec: { ...spec, ...changed("initContainers"), ...changed("containers") } };
}

export function containersOf(pod: JsonObject): readonly Json[] {
  return [...listAt(pod, "spec", "containers"), ...listAt(pod, "spec", "initContainers")];
}

/** In thousand millionths, by resource; one that no container names is absent. */
export function podAmounts(pod: JsonObject, kind: Kind): Readonly<Record<string, bigint>> {
  const total: Record<string, bigint> = {};
  const amountsOf = (container: Json) => Object.entries(objectAt(container, "resources", kind));
  const add = (container: Json) => {
    for (const [name, amount] of amountsOf(container)) total[name] = (total[name] ?? 0n) + nanosOf(amount);
  };
  for (const container of listAt(pod, "spec", "containers")) add(container);
  // Those that go on running count with the others; each of the rest runs alone, with the ones before it that go on.
  const going: Record<string, bigint> = {};
  const alone: Record<string, bigint>[] = [];
  for (const container of listAt(pod, "spec", "initContainers")) {
    const isGoing = stringAt(container, "restartPolicy") === "Always";
    const here = { ...going };
    for (const [name, amount] of amountsOf(container)) here[name] = (here[name] ?? 0n) + nanosOf(amount);
    if (isGoing) {
      add(container);
      Object.assign(going, here);
    }
    alone.push(here);
  }
  for (const each of alone) {
    for (const [name, amount] of Object.entries(each)) {
      if (amount > (total[name] ?? -1n)) total[name] = amount;
    }
  }
  return total;
}

/** By what its containers ask for and may have of processor and memory (pkg/apis/core/v1/helper/qos). */
export function qosClassOf(pod: JsonObject): "BestEffort" | "Burstable" | "Guaranteed" {
  const all = containersOf(pod).map((container) => objectAt(container, "resources"));
  const amount = (resources: JsonObject, kind: Kind, name: string) => nanosOf(objectAt(resources, kind)[name]);
  const names = ["cpu", "memory"];
  const isNothing = (resources: JsonObject) =>
    names.every((name) => amount(resources, "limits", name) === 0n && amount(resources, "requests", name) === 0n);
  if (all.every(isNothing)) return "BestEffort";
  const isWhole = (resources: JsonObject) =>
    names.every((name) => {
      const limit = amount(resources, "limits", name);
      return limit > 0n && limit === amount(resources, "requests", name);
    });
  return all.every(isWhole) ? "Guaranteed" : "Burstable";
}
