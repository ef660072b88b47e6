/** Kinds with a rule or two of their own. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { finalizerNameViolations, invalidValue } from "../metadataRules.ts";
import { nanos, shown } from "./amountNames.ts";
import { forbidden, oneOf, required } from "./causes.ts";
import { blockOf, cidrText } from "./network.ts";
import { taintsViolations } from "./pods.ts";
import { violationsBy } from "./rules.ts";
import { partViolations } from "./workloads.ts";

export const leaseViolations = (object: JsonObject): Cause[] => violationsBy("Lease", object, "");

export function disruptionBudgetViolations(object: JsonObject): Cause[] {
  const fields = ["minAvailable", "maxUnavailable"];
  const { minAvailable = null, maxUnavailable = null } = objectAt(object, "spec");
  return [
    ...(minAvailable !== null && maxUnavailable !== null
      ? [invalidValue("spec", { minAvailable, maxUnavailable }, "minAvailable and maxUnavailable cannot be both set")]
      : []),
    ...fields.flatMap((field) => partViolations(`spec.${field}`, objectAt(object, "spec")[field])),
    ...violationsBy("PodDisruptionBudget", object, ""),
  ];
}

const highest = 1_000_000_000;

export function priorityClassViolations(object: JsonObject): Cause[] {
  const name = stringAt(object, "metadata", "name") ?? "";
  const isSystem = ["system-cluster-critical", "system-node-critical"].includes(name);
  const reserved = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`;
  return [
    ...(name.startsWith("system-") && !isSystem ? [forbidden("metadata.name", reserved)] : []),
    ...(!name.startsWith("system-") && (numberAt(object, "value") ?? 0) > highest
      ? [forbidden("value", `maximum allowed value of a user defined priority is ${highest}`)]
      : []),
    ...oneOf("preemptionPolicy", object["preemptionPolicy"], ["PreemptLowerPriority", "Never"]),
  ];
}

export function namespaceViolations(object: JsonObject): Cause[] {
  return listAt(object, "spec", "finalizers").flatMap((each) =>
    finalizerNameViolations("spec.finalizers", String(each)),
  );
}

export function nodeViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const given = listAt(spec, "podCIDRs");
  const blocks = given.length > 0 ? given : [spec["podCIDR"]].filter((each) => each !== undefined);
  return [
    ...taintsViolations(listAt(spec, "taints"), "metadata.taints"),
    ...blocks.flatMap((block, index) =>
      typeof block === "string" && blockOf(block)
        ? []
        : [invalidValue(`spec.podCIDRs[${index}]`, block ?? "", cidrText)],
    ),
  ];
}

export function claimViolations(object: JsonObject): Cause[] {
  const modes = listAt(object, "spec", "accessModes");
  const size = objectAt(object, "spec", "resources", "requests")["storage"];
  return [
    ...violationsBy("PersistentVolumeClaim", object, ""),
    ...(modes.length > 1 && modes.includes("ReadWriteOncePod")
      ? [forbidden("spec.accessModes", "may not use ReadWriteOncePod with other access modes")]
      : []),
    ...positive(size, "spec.resources[storage]"),
  ];
}

function positive(amount: Json | undefined, field: string): Cause[] {
  if (amount === undefined || nanos(amount) > 0n) return [];
  return [invalidValue(field, shown(amount), "must be greater than zero")];
}

/** By type: where its source is. */
const sources: Readonly<Record<string, string>> = {
  ...{ ContainerResource: "containerResource", External: "external", Object: "object" },
  ...{ Pods: "pods", Resource: "resource" },
};

export function autoscalerViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const [max = 0, min = 1] = ["maxReplicas", "minReplicas"].map((field) => numberAt(spec, field));
  const version = stringAt(spec, "scaleTargetRef", "apiVersion") ?? "";
  const metrics = listAt(spec, "metrics");
  // What there is to count without pods.
  const isOuter = metrics.some((each) => ["Object", "External"].includes(stringAt(each, "type") ?? ""));
  return [
    ...violationsBy("HorizontalPodAutoscaler", object, ""),
    ...(max < min ? [invalidValue("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`")] : []),
    ...(min === 0 && !isOuter
      ? [forbidden("spec.metrics", "must specify at least one Object or External metric to scale to zero replicas")]
      : []),
    ...(version.includes("/") || version === "v1"
      ? []
      : [invalidValue("spec.scaleTargetRef.apiVersion", version, "apiVersion must specify API group")]),
    ...metrics.flatMap((metric, index) => metricViolations(objectAt(metric), `spec.metrics[${index}]`)),
  ];
}

function metricViolations(metric: JsonObject, path: string): Cause[] {
  const expected = sources[stringAt(metric, "type") ?? ""];
  if (expected === undefined) return [];
  const given = Object.values(sources).filter((field) => isObject(metric[field]));
  const target = objectAt(metric, expected, "target");
  const isOfResource = expected === "resource" || expected === "containerResource";
  const chosen = ["averageValue", "averageUtilization"].filter((field) => target[field] !== undefined);
  const at = `${path}.${expected}`;
  return [
    ...(given.includes(expected) ? [] : [required(at, "must populate information for the given metric source")]),
    ...given
      .filter((field) => field !== expected)
      .map((field) => forbidden(`${path}.${field}`, "must populate the given metric source only")),
    ...["value", "averageValue"].flatMap((field) => positive(target[field], `${at}.target.${field}`)),
    ...(isOfResource && given.includes(expected) && chosen.length !== 1
      ? [required(`${at}.target`, "must set either a target raw value or a target utilization")]
      : []),
  ];
}
