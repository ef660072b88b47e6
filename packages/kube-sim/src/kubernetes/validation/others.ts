/** Kinds with a rule or two of their own. */
import type { Cause } from "../cause.ts";
import { type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { finalizerNameViolations, invalidValue } from "../metadataRules.ts";
import { amountViolations, containerNameViolations } from "./amountNames.ts";
import { forbidden, labelsViolations, labelViolations, negative, oneOf, required } from "./causes.ts";
import { selectorViolations } from "./labelSelectors.ts";
import { blockOf, cidrText } from "./network.ts";
import { taintsViolations, tolerationViolations } from "./scheduling.ts";
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

export function runtimeClassViolations(object: JsonObject): Cause[] {
  const handler = stringAt(object, "handler") ?? "";
  const scheduling = objectAt(object, "scheduling");
  return [
    ...(handler === "" ? [required("handler")] : labelViolations("handler", handler)),
    ...Object.entries(objectAt(object, "overhead", "podFixed")).flatMap(([name, amount]) => [
      ...containerNameViolations(`overhead.limits[${name}]`, name),
      ...amountViolations(`overhead.limits[${name}]`, name, amount),
    ]),
    ...labelsViolations("scheduling.nodeSelector", scheduling["nodeSelector"]),
    ...listAt(scheduling, "tolerations").flatMap((each, index) =>
      tolerationViolations(each, `scheduling.tolerations[${index}]`),
    ),
  ];
}

export function namespaceViolations(object: JsonObject): Cause[] {
  return listAt(object, "spec", "finalizers").flatMap((each) =>
    finalizerNameViolations("spec.finalizers", String(each)),
  );
}

export function flowSchemaViolations(object: JsonObject): Cause[] {
  const precedence = numberAt(object, "spec", "matchingPrecedence") ?? 0;
  const field = "spec.matchingPrecedence";
  return [
    ...(precedence <= 0 ? [invalidValue(field, precedence, "must be a positive value")] : []),
    ...(precedence > 10_000 ? [invalidValue(field, precedence, "must not be greater than 10000")] : []),
    ...(stringAt(object, "spec", "priorityLevelConfiguration", "name")
      ? []
      : [required("spec.priorityLevelConfiguration.name", "must reference a priority level")]),
  ];
}

export function apiServiceViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const within = (field: string, most: number) => {
    const value = numberAt(spec, field) ?? 0;
    const why = `must be positive and less than ${most}`;
    return value > 0 && value <= most ? [] : [invalidValue(`spec.${field}`, value, why)];
  };
  const expected = `${stringAt(spec, "version") ?? ""}.${stringAt(spec, "group") ?? ""}`;
  const name = stringAt(object, "metadata", "name") ?? "";
  const why = `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(expected)}`;
  return [
    ...(name === expected ? [] : [invalidValue("metadata.name", name, why)]),
    ...within("groupPriorityMinimum", 20_000),
    ...within("versionPriority", 1_000),
  ];
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

const signerText = "must be a fully qualified domain and path of the form 'example.com/signer-name'";

export function signingRequestViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const request = stringAt(spec, "request");
  const signer = stringAt(spec, "signerName") ?? "";
  const isRequest = Buffer.from(request ?? "", "base64")
    .toString("utf8")
    .includes("BEGIN CERTIFICATE REQUEST");
  const isDomain = /^[a-z0-9][-a-z0-9]*(\.[a-z0-9][-a-z0-9]*)+\/.+$/.test(signer);
  return [
    ...(isRequest ? [] : [invalidValue("spec.request", request ?? null, "PEM block type must be CERTIFICATE REQUEST")]),
    ...(listAt(spec, "usages").length === 0 ? [required("spec.usages")] : []),
    ...listAt(spec, "usages").flatMap((usage, index) => oneOf(`spec.usages[${index}]`, usage, usages)),
    ...(signer === "" ? [required("spec.signerName")] : []),
    ...(signer === "" || isDomain ? [] : [invalidValue("spec.signerName", signer, signerText)]),
  ];
}

const usages = [
  ...["any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment"],
  ...["decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel"],
  ...["ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime"],
  ...["server auth", "signing", "timestamping"],
];
