/** Kinds with a rule or two of their own. */
import type { Cause } from "../cause.ts";
import { type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { finalizerNameViolations, invalidValue } from "../metadataRules.ts";
import { forbidden, negative, oneOf } from "./causes.ts";
import { selectorViolations } from "./labelSelectors.ts";
import { blockOf, cidrText } from "./network.ts";
import { taintsViolations } from "./scheduling.ts";
import { partViolations, wholeViolations } from "./workloads.ts";

export function disruptionBudgetViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const { minAvailable: MinAvailable = null, maxUnavailable: MaxUnavailable = null } = spec;
  const { selector: Selector = null, unhealthyPodEvictionPolicy: UnhealthyPodEvictionPolicy = null } = spec;
  const shown = { MinAvailable, Selector, MaxUnavailable, UnhealthyPodEvictionPolicy };
  return [
    ...(MinAvailable !== null && MaxUnavailable !== null
      ? [invalidValue("spec", shown, "minAvailable and maxUnavailable cannot be both set")]
      : []),
    ...["minAvailable", "maxUnavailable"].flatMap((field) => [
      ...partViolations(`spec.${field}`, spec[field]),
      ...wholeViolations(`spec.${field}`, spec[field]),
    ]),
    ...oneOf("spec.unhealthyPodEvictionPolicy", UnhealthyPodEvictionPolicy, ["AlwaysAllow", "IfHealthyBudget"]),
    ...selectorViolations(Selector, "spec.selector"),
  ];
}

export function leaseViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const seconds = numberAt(spec, "leaseDurationSeconds");
  return [
    ...(seconds === undefined || seconds > 0
      ? []
      : [invalidValue("spec.leaseDurationSeconds", seconds, "must be greater than 0")]),
    ...negative("spec.leaseTransitions", spec["leaseTransitions"]),
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
