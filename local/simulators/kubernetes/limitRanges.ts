/** LimitRange: what the containers of a new pod get, where they say nothing, and what they may have at most and at least. */
import { readQuantity } from "./builtIn/quantity.ts";
import { forbidden } from "./failures.ts";
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "./json.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";

export function withLimits(
  { store, resources }: { readonly store: Store; readonly resources: Resources },
  resource: Resource,
  pod: JsonObject,
): JsonObject {
  const ranges = resources.ofKind("v1", "LimitRange");
  const namespace = stringAt(pod, "metadata", "namespace");
  if (ranges === undefined || namespace === undefined) return pod;
  const limits = store
    .list(ranges, namespace)
    .flatMap((range) => listAt(range, "spec", "limits"))
    .filter((each) => stringAt(each, "type") === "Container");
  if (limits.length === 0) return pod;
  const spec = objectAt(pod, "spec");
  const complete = (container: Json): Json =>
    isObject(container) ? limits.reduce<JsonObject>(withDefaults, container) : container;
  const containers = listAt(spec, "containers").map(complete);
  const problems = containers.flatMap((container) => limits.flatMap((limit) => violationsOf(container, limit)));
  if (problems.length > 0) {
    const text = problems.length === 1 ? problems[0] : `[${problems.join(", ")}]`;
    throw forbidden(resource, stringAt(pod, "metadata", "name"), text ?? "");
  }
  return { ...pod, spec: { ...spec, containers } };
}

function withDefaults(container: JsonObject, limit: Json): JsonObject {
  const given = objectAt(container, "resources");
  const limits = { ...objectAt(limit, "default"), ...objectAt(given, "limits") };
  // Whoever says only a limit asks for as much.
  const requests = {
    ...objectAt(limit, "defaultRequest"),
    ...objectAt(given, "limits"),
    ...objectAt(given, "requests"),
  };
  return { ...container, resources: { ...given, ...shown("limits", limits), ...shown("requests", requests) } };
}

function shown(field: string, amounts: JsonObject): JsonObject {
  return Object.keys(amounts).length === 0 ? {} : { [field]: amounts };
}

function violationsOf(container: Json, limit: Json): string[] {
  const resources = objectAt(container, "resources");
  const compare = (bound: "max" | "min", amounts: JsonObject, isWrong: (difference: bigint) => boolean, what: string) =>
    Object.entries(objectAt(limit, bound)).flatMap(([name, wanted]) => {
      const amount = amounts[name];
      if (amount !== undefined && !isWrong(nanos(amount) - nanos(wanted))) return [];
      const found = amount === undefined ? `No ${what} is specified` : `${what} is ${String(amount)}`;
      const title = bound === "max" ? "maximum" : "minimum";
      return [`${title} ${name} usage per Container is ${String(wanted)}, but ${found}`];
    });
  const most = objectAt(limit, "max");
  const tooMuch = Object.entries(objectAt(resources, "requests"))
    .filter(([name, amount]) => most[name] !== undefined && nanos(amount) > nanos(most[name]))
    .map(
      ([name, amount]) =>
        `maximum ${name} usage per Container is ${String(most[name])}, but request is ${String(amount)}`,
    );
  return [
    ...tooMuch,
    ...compare("max", objectAt(resources, "limits"), (difference) => difference > 0n, "limit"),
    ...compare("min", objectAt(resources, "requests"), (difference) => difference < 0n, "request"),
  ];
}

function nanos(quantity: Json): bigint {
  return typeof quantity === "string" || typeof quantity === "number" ? (readQuantity(quantity)?.nanos ?? 0n) : 0n;
}
