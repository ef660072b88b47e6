/** Kinds with a rule or two of their own. */
import { Environment } from "@marcbachmann/cel-js";
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { forbidden, required } from "./causes.ts";
import { blockOf, cidrText } from "./network.ts";

export function disruptionBudgetViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const { minAvailable: MinAvailable = null, maxUnavailable: MaxUnavailable = null } = spec;
  const { selector: Selector = null, unhealthyPodEvictionPolicy: UnhealthyPodEvictionPolicy = null } = spec;
  if (MinAvailable !== null && MaxUnavailable !== null) {
    const shown = { MinAvailable, Selector, MaxUnavailable, UnhealthyPodEvictionPolicy };
    return [invalidValue("spec", shown, "minAvailable and maxUnavailable cannot be both set")];
  }
  return ["minAvailable", "maxUnavailable"].flatMap((field) => {
    const value = spec[field];
    const percent = typeof value === "string" ? Number(/^(\d+)%$/.exec(value)?.[1] ?? 0) : 0;
    return percent > 100 ? [invalidValue(`spec.${field}`, value ?? null, "must not be greater than 100%")] : [];
  });
}

export function autoscalerViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const max = numberAt(spec, "maxReplicas") ?? 0;
  const min = numberAt(spec, "minReplicas") ?? 1;
  const group = stringAt(spec, "scaleTargetRef", "apiVersion") ?? "";
  return [
    ...(max < 1 ? [required("spec.maxReplicas", "must be set and greater than 0")] : []),
    ...(max < min ? [invalidValue("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`")] : []),
    ...(group === ""
      ? [invalidValue("spec.scaleTargetRef.apiVersion", group, "apiVersion must specify API group")]
      : []),
  ];
}

export function eventViolations(object: JsonObject): Cause[] {
  const namespace = stringAt(object, "metadata", "namespace") ?? "";
  const about = stringAt(object, "involvedObject", "namespace") ?? "";
  const isWithin = about === "" ? namespace === "default" : about === namespace;
  if (!isObject(object["involvedObject"]) || isWithin) return [];
  return [invalidValue("involvedObject.namespace", about, "does not match event.namespace")];
}

export function leaseViolations(object: JsonObject): Cause[] {
  const seconds = numberAt(object, "spec", "leaseDurationSeconds");
  if (seconds === undefined || seconds > 0) return [];
  return [invalidValue("spec.leaseDurationSeconds", seconds, "must be greater than 0")];
}

const highest = 1_000_000_000;

export function priorityClassViolations(object: JsonObject): Cause[] {
  const name = stringAt(object, "metadata", "name") ?? "";
  if (["system-cluster-critical", "system-node-critical"].includes(name)) return [];
  const reserved = `priority class names with 'system-' prefix are reserved for system use only. error: ${name} is not a known system priority class`;
  return [
    ...(name.startsWith("system-") ? [forbidden("metadata.name", reserved)] : []),
    ...((numberAt(object, "value") ?? 0) > highest
      ? [forbidden("value", `maximum allowed value of a user defined priority is ${highest}`)]
      : []),
  ];
}

export function storageClassViolations(object: JsonObject): Cause[] {
  return stringAt(object, "provisioner") ? [] : [required("provisioner")];
}

export function nodeViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const given = listAt(spec, "podCIDRs");
  const blocks = given.length > 0 ? given : [spec["podCIDR"]].filter((each) => each !== undefined);
  return blocks.flatMap((block, index) =>
    typeof block === "string" && blockOf(block) ? [] : [invalidValue(`spec.podCIDRs[${index}]`, block ?? "", cidrText)],
  );
}

export function signingRequestViolations(object: JsonObject): Cause[] {
  const request = stringAt(object, "spec", "request");
  if (request === undefined) return [];
  const isRequest = Buffer.from(request, "base64").toString("utf8").includes("BEGIN CERTIFICATE REQUEST");
  return isRequest ? [] : [invalidValue("spec.request", request, "PEM block type must be CERTIFICATE REQUEST")];
}

export function webhookViolations(object: JsonObject): Cause[] {
  return listAt(object, "webhooks").flatMap((webhook, index) => {
    const url = stringAt(webhook, "clientConfig", "url");
    if (url === undefined || url.startsWith("https:")) return [];
    const scheme = url.split(":")[0] ?? "";
    const why = "'https' is the only allowed URL scheme; desired format: https://host[/path]";
    return [invalidValue(`webhooks[${index}].clientConfig.url`, scheme, why)];
  });
}

export function admissionPolicyViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const [validations, audits] = [listAt(spec, "validations"), listAt(spec, "auditAnnotations")];
  const nothing = "validations or auditAnnotations must contain at least one item";
  const isNothing = validations.length === 0 && audits.length === 0;
  return [
    ...(isObject(spec["matchConstraints"]) ? [] : [required("spec.matchConstraints")]),
    ...(isNothing ? [required("spec.validations", nothing), required("spec.auditAnnotations", nothing)] : []),
    ...validations.flatMap((each, index) => expressionViolations(each, `spec.validations[${index}].expression`)),
  ];
}

const language = new Environment({ unlistedVariablesAreDyn: true });

/** In the words of another parser than the API server's. */
function expressionViolations(validation: Json, field: string): Cause[] {
  const expression = stringAt(validation, "expression") ?? "";
  try {
    language.parse(expression);
    return [];
  } catch (error) {
    const [why = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
    return [invalidValue(field, expression, `compilation failed: ERROR: ${why}`)];
  }
}
