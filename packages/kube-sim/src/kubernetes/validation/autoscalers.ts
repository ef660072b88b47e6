/** What scales by itself. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { nanos, shown } from "./amountNames.ts";
import { forbidden, required, unsupported } from "./causes.ts";

export function autoscalerViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const max = numberAt(spec, "maxReplicas") ?? 0;
  const min = numberAt(spec, "minReplicas") ?? 1;
  return [
    ...(min < 1 ? [invalidValue("spec.minReplicas", min, "must be greater than or equal to 1")] : []),
    ...(max === 0 ? [required("spec.maxReplicas", "must be set and greater than 0")] : []),
    ...(max < 0 ? [invalidValue("spec.maxReplicas", max, "must be greater than or equal to 1")] : []),
    ...(max < min ? [invalidValue("spec.maxReplicas", max, "must be greater than or equal to `minReplicas`")] : []),
    ...targetViolations(objectAt(spec, "scaleTargetRef"), "spec.scaleTargetRef"),
    ...listAt(spec, "metrics").flatMap((metric, index) => metricViolations(objectAt(metric), `spec.metrics[${index}]`)),
    ...(numberAt(spec, "minReplicas") === 0 && !listAt(spec, "metrics").some(isFromOutside)
      ? [
          forbidden(
            "spec.metrics",
            "must specify at least one Object or External metric to support scaling to zero replicas",
          ),
        ]
      : []),
  ];
}

/** What there is to count without pods. */
const isFromOutside = (metric: Json) => ["Object", "External"].includes(stringAt(metric, "type") ?? "");

function targetViolations(target: JsonObject, path: string): Cause[] {
  const version = stringAt(target, "apiVersion") ?? "";
  const isGrouped = version.includes("/") || version === "v1";
  return [
    ...["kind", "name"].filter((field) => !stringAt(target, field)).map((field) => required(`${path}.${field}`)),
    ...(isGrouped ? [] : [invalidValue(`${path}.apiVersion`, version, "apiVersion must specify API group")]),
  ];
}

/** By type: where its source is. */
const sources: Readonly<Record<string, string>> = {
  ...{ ContainerResource: "containerResource", External: "external", Object: "object" },
  ...{ Pods: "pods", Resource: "resource" },
};

function metricViolations(metric: JsonObject, path: string): Cause[] {
  const type = stringAt(metric, "type") ?? "";
  const expected = sources[type];
  if (expected === undefined) {
    const unknown = unsupported(`${path}.type`, type, Object.keys(sources));
    return [...(type === "" ? [required(`${path}.type`, "must specify a metric source type")] : []), unknown, unknown];
  }
  const given = Object.values(sources).filter((field) => isObject(metric[field]));
  const [first] = given;
  return [
    ...(first === undefined ? [] : sourceViolations(objectAt(metric, first), first, `${path}.${first}`)),
    ...(given.includes(expected)
      ? []
      : [required(`${path}.${expected}`, "must populate information for the given metric source")]),
    ...given
      .filter((field) => field !== expected)
      .map((field) => forbidden(`${path}.${field}`, "must populate the given metric source only")),
  ];
}

function sourceViolations(source: JsonObject, kind: string, path: string): Cause[] {
  const target = objectAt(source, "target");
  const at = `${path}.target`;
  const isOfResource = kind === "resource" || kind === "containerResource";
  const [value, utilization] = [target["averageValue"], target["averageUtilization"]];
  return [
    ...(isOfResource && !stringAt(source, "name") ? [required(`${path}.name`, "must specify a resource name")] : []),
    ...typeViolations(stringAt(target, "type") ?? "", `${at}.type`),
    ...["value", "averageValue"].flatMap((field) => positive(target[field], `${at}.${field}`)),
    ...(typeof utilization === "number" && utilization < 1
      ? [invalidValue(`${at}.averageUtilization`, utilization, "must be greater than 0")]
      : []),
    ...(isOfResource && value === undefined && utilization === undefined
      ? [required(`${at}.averageUtilization`, "must set either a target raw value or a target utilization")]
      : []),
    ...(isOfResource && value !== undefined && utilization !== undefined
      ? [forbidden(`${at}.averageValue`, "may not set both a target raw value and a target utilization")]
      : []),
  ];
}

function typeViolations(type: string, field: string): Cause[] {
  return [
    ...(type === "" ? [required(field, "must specify a metric target type")] : []),
    ...(["Utilization", "Value", "AverageValue"].includes(type)
      ? []
      : [invalidValue(field, type, "must be either Utilization, Value, or AverageValue")]),
  ];
}

function positive(amount: Json | undefined, field: string): Cause[] {
  if (amount === undefined || nanos(amount) > 0n) return [];
  return [invalidValue(field, shown(amount), "must be positive")];
}
