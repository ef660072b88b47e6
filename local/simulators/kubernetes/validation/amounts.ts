/** Quotas, limits and claims. */
import { canonicalQuantity, readQuantity } from "../builtIn/quantity.ts";
import type { Cause } from "../cause.ts";
import { type Json, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { duplicate, forbidden, required } from "./causes.ts";

const counted = [
  ...["pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps"],
  ...["persistentvolumeclaims", "services.nodeports", "services.loadbalancers"],
];
const computed = ["cpu", "memory", "ephemeral-storage"];
const inQuotas: ReadonlySet<string> = new Set([
  ...counted,
  ...computed.flatMap((each) => [each, `requests.${each}`, `limits.${each}`]),
  "requests.storage",
]);

const nanos = (amount: Json | undefined) =>
  typeof amount === "string" || typeof amount === "number" ? (readQuantity(amount)?.nanos ?? 0n) : 0n;
const shown = (amount: Json | undefined) =>
  typeof amount === "string" || typeof amount === "number" ? canonicalQuantity(amount) : "0";

export function quotaViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  return [
    ...Object.entries(objectAt(spec, "hard")).flatMap(([name, amount]) => hardViolations(name, amount)),
    ...scopeViolations(listAt(spec, "scopes")),
  ];
}

function hardViolations(name: string, amount: Json): Cause[] {
  const field = `spec.hard[${name}]`;
  const isStandard = name.includes("/") || name.includes("hugepages-") || inQuotas.has(name);
  const isWhole = nanos(amount) % 10n ** 9n === 0n;
  return [
    ...(isStandard
      ? []
      : [
          invalidValue(field, name, "must be a standard resource type or fully qualified"),
          invalidValue(field, name, "must be a standard resource for quota"),
        ]),
    ...(nanos(amount) < 0n ? [invalidValue(field, shown(amount), "must be greater than or equal to 0")] : []),
    ...(counted.includes(name) && !isWhole ? [invalidValue(field, shown(amount), "must be an integer")] : []),
  ];
}

function scopeViolations(scopes: readonly Json[]): Cause[] {
  const conflicting = [
    ["BestEffort", "NotBestEffort"],
    ["Terminating", "NotTerminating"],
  ];
  const isConflict = conflicting.some((pair) => pair.every((scope) => scopes.includes(scope)));
  return isConflict ? [invalidValue("spec.scopes", [...scopes].toSorted(), "conflicting scopes")] : [];
}

export function limitRangeViolations(object: JsonObject): Cause[] {
  const limits = listAt(object, "spec", "limits");
  const types = limits.map((limit) => stringAt(limit, "type") ?? "");
  return limits.flatMap((limit, index) => {
    const at = `spec.limits[${index}]`;
    const type = types[index] ?? "";
    const isStandard = ["Pod", "Container", "PersistentVolumeClaim"].includes(type) || type.includes("/");
    return [
      ...(isStandard ? [] : [invalidValue(`${at}.type`, type, "must be a standard limit type or fully qualified")]),
      ...(types.indexOf(type) < index ? [duplicate(`${at}.type`, type)] : []),
      ...(type === "Pod" ? defaultsOfPod(objectAt(limit), at) : []),
      ...boundViolations(objectAt(limit), at),
    ];
  });
}

function defaultsOfPod(limit: JsonObject, at: string): Cause[] {
  return ["default", "defaultRequest"]
    .filter((field) => Object.keys(objectAt(limit, field)).length > 0)
    .map((field) => forbidden(`${at}.${field}`, "may not be specified when `type` is 'Pod'"));
}

/** min ≤ defaultRequest ≤ default ≤ max, as far as they are there. */
function boundViolations(limit: JsonObject, at: string): Cause[] {
  const [max, min, standard, request] = ["max", "min", "default", "defaultRequest"].map((field) =>
    objectAt(limit, field),
  );
  const names = new Set([max, min, standard, request].flatMap((each) => Object.keys(each ?? {})));
  return [...names].toSorted().flatMap((name) => {
    const causes: Cause[] = [];
    const check = (
      [low, lowText]: readonly [Json | undefined, string],
      [high, highText]: readonly [Json | undefined, string],
      { field, value }: { field: string; value: Json | undefined },
    ) => {
      if (low === undefined || high === undefined || nanos(low) <= nanos(high)) return;
      const why = `${lowText} ${shown(low)} is greater than ${highText} ${shown(high)}`;
      causes.push(invalidValue(`${at}.${field}[${name}]`, shown(value), why));
    };
    const [most, least, usual, asked] = [max?.[name], min?.[name], standard?.[name], request?.[name]];
    check([least, "min value"], [most, "max value"], { field: "min", value: least });
    check([least, "min value"], [asked, "default request value"], { field: "defaultRequest", value: asked });
    check([asked, "default request value"], [most, "max value"], { field: "defaultRequest", value: asked });
    check([asked, "default request value"], [usual, "default limit value"], { field: "defaultRequest", value: asked });
    check([least, "min value"], [usual, "default value"], { field: "default", value: least });
    check([usual, "default value"], [most, "max value"], { field: "default", value: most });
    return causes;
  });
}

export function claimViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  return [
    ...(listAt(spec, "accessModes").length === 0
      ? [required("spec.accessModes", "at least 1 access mode is required")]
      : []),
    ...(objectAt(spec, "resources", "requests")["storage"] === undefined ? [required("spec.resources[storage]")] : []),
  ];
}
