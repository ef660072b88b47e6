/**
 * LimitRange: what the containers of a new pod get where they say nothing, and what containers, pods and claims may have at most and at
 * least (k8s.io/kubernetes plugin/pkg/admission/limitranger).
 */
import { isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "azure-sim/json";
import { printQuantity } from "./builtIn/quantity.ts";
import { forbidden } from "./failures.ts";
import { containersOf, eachContainer, nanosOf, podAmounts } from "./podResources.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";

export function withLimits(
  { store, resources }: { readonly store: Store; readonly resources: Resources },
  resource: Resource,
  object: JsonObject,
): JsonObject {
  const ranges = resources.ofKind("v1", "LimitRange");
  const namespace = stringAt(object, "metadata", "namespace");
  if (ranges === undefined || namespace === undefined) return object;
  const limits = store.list(ranges, namespace).flatMap((range) => listAt(range, "spec", "limits"));
  const ofType = (type: string) => limits.filter((each) => stringAt(each, "type") === type);
  const complete =
    resource.kind === "Pod"
      ? annotated(
          eachContainer(object, (container) => ofType("Container").reduce<JsonObject>(withDefaults, container)),
          object,
        )
      : object;
  const problems = new Set(limits.flatMap((limit) => violationsOf(resource, complete, limit)));
  if (problems.size > 0) {
    const all = [...problems].join(", ");
    throw forbidden(resource, stringAt(object, "metadata", "name"), problems.size === 1 ? all : `[${all}]`);
  }
  return complete;
}

function withDefaults(container: JsonObject, limit: Json): JsonObject {
  const given = objectAt(container, "resources");
  const limits = { ...objectAt(limit, "default"), ...objectAt(given, "limits") };
  const requests = { ...objectAt(limit, "defaultRequest"), ...objectAt(given, "requests") };
  return { ...container, resources: { ...given, ...shown("limits", limits), ...shown("requests", requests) } };
}

/** Says which amounts are not the pod's own. */
function annotated(pod: JsonObject, given: JsonObject): JsonObject {
  const said = ["initContainers", "containers"].flatMap((field) =>
    listAt(pod, "spec", field).flatMap((container, index) => {
      const before = listAt(given, "spec", field)[index] ?? null;
      const what = field === "containers" ? "container" : "init container";
      return (["requests", "limits"] as const).flatMap((kind) => {
        const own = objectAt(before, "resources", kind);
        const names = Object.keys(objectAt(container, "resources", kind)).filter((name) => own[name] === undefined);
        if (names.length === 0) return [];
        const list = names.toSorted().join(", ");
        return [`${list} ${kind === "requests" ? "request" : "limit"} for ${what} ${stringAt(container, "name")}`];
      });
    }),
  );
  if (said.length === 0) return pod;
  const metadata = objectAt(pod, "metadata");
  const text = `LimitRanger plugin set: ${said.join("; ")}`;
  const annotations = { ...objectAt(metadata, "annotations"), "kubernetes.io/limit-ranger": text };
  return { ...pod, metadata: { ...metadata, annotations } };
}

function shown(field: string, amounts: JsonObject): JsonObject {
  return Object.keys(amounts).length === 0 ? {} : { [field]: amounts };
}

/** An amount as it is, and as it is printed. */
interface Amount {
  readonly nanos: bigint;
  readonly text: string;
}

interface Observed {
  readonly requests: Readonly<Record<string, Amount>>;
  readonly limits: Readonly<Record<string, Amount>>;
}

function violationsOf(resource: Resource, object: JsonObject, limit: Json): readonly string[] {
  const type = stringAt(limit, "type") ?? "";
  if (resource.kind === "PersistentVolumeClaim" && type === resource.kind) {
    const requests = amountsIn(objectAt(object, "spec", "resources", "requests"));
    return broken(limit, type, { requests, limits: requests }, "request");
  }
  if (resource.kind !== "Pod") return [];
  if (type === "Container") {
    return containersOf(object).flatMap((container) => {
      const { requests, limits } = objectAt(container, "resources");
      return broken(limit, type, { requests: amountsIn(requests), limits: amountsIn(limits) }, "limit");
    });
  }
  if (type !== "Pod") return [];
  const summed = (kind: "requests" | "limits") =>
    Object.fromEntries(
      Object.entries(podAmounts(object, kind)).map(([name, nanos]) => [name, { nanos, text: printed(nanos, name) }]),
    );
  return broken(limit, type, { requests: summed("requests"), limits: summed("limits") }, "limit");
}

function amountsIn(amounts: Json | undefined): Readonly<Record<string, Amount>> {
  if (!isObject(amounts)) return {};
  return Object.fromEntries(
    Object.entries(amounts).map(([name, each]) => [name, { nanos: nanosOf(each), text: String(each) }]),
  );
}

function printed(nanos: bigint, name: string): string {
  return printQuantity({ nanos, isBinary: name !== "cpu" });
}

function broken(limit: Json, type: string, { requests, limits }: Observed, most: "limit" | "request"): string[] {
  const bounds = (field: string) => Object.entries(objectAt(limit, field));
  const least = bounds("min").flatMap(([name, bound]) => {
    const is = `minimum ${name} usage per ${type} is ${String(bound)}`;
    const [request, own] = [requests[name], limits[name]];
    if (!request) return [`${is}.  No request is specified`];
    if (request.nanos < nanosOf(bound)) return [`${is}, but request is ${request.text}`];
    return own && own.nanos < nanosOf(bound) ? [`${is}, but limit is ${own.text}`] : [];
  });
  const greatest = bounds("max").flatMap(([name, bound]) => {
    const is = `maximum ${name} usage per ${type} is ${String(bound)}`;
    const [request, own] = [requests[name], most === "limit" ? limits[name] : requests[name]];
    if (!own) return [`${is}.  No ${most} is specified`];
    if (own.nanos > nanosOf(bound)) return [`${is}, but ${most} is ${own.text}`];
    return request && request.nanos > nanosOf(bound) ? [`${is}, but request is ${request.text}`] : [];
  });
  const ratios = bounds("maxLimitRequestRatio").flatMap(([name, bound]) => {
    const is = `${name} max limit to request ratio per ${type} is ${String(bound)}`;
    const [request, own] = [requests[name]?.nanos ?? 0n, limits[name]?.nanos ?? 0n];
    if (request === 0n) return [`${is}, but no request is specified or request is 0`];
    if (own === 0n) return [`${is}, but no limit is specified or limit is 0`];
    const ratio = Number(own) / Number(request);
    return ratio > Number(nanosOf(bound)) / 1e9 ? [`${is}, but provided ratio is ${ratio.toFixed(6)}`] : [];
  });
  return [...least, ...greatest, ...ratios];
}
