/** Quotas, limits and claims. */
import type { Cause } from "../cause.ts";
import { type Json, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import { invalidValue, labelKeyProblems } from "../metadataRules.ts";
import {
  amountViolations,
  computed,
  containerNameViolations,
  inQuotas,
  nameViolations,
  nanos,
  shown,
} from "./amountNames.ts";
import { duplicate, forbidden, required } from "./causes.ts";

export function quotaViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  return [
    ...Object.entries(objectAt(spec, "hard")).flatMap(([name, amount]) => hardViolations(name, amount)),
    ...scopeViolations(spec),
    ...selectorViolations(spec),
    ...usageViolations(objectAt(object, "status")),
  ];
}

function usageViolations(status: JsonObject): Cause[] {
  return ["hard", "used"].flatMap((field) =>
    Object.entries(objectAt(status, field)).flatMap(([name, amount]) =>
      nanos(amount) < 0n
        ? [invalidValue(`status.${field}[${name}]`, shown(amount), "must be greater than or equal to 0")]
        : [],
    ),
  );
}

function hardViolations(name: string, amount: Json): Cause[] {
  const field = `spec.hard[${name}]`;
  const isStandard = name.includes("/") || name.includes("hugepages-") || inQuotas.has(name);
  return [
    ...nameViolations(field, name),
    ...(isStandard ? [] : [invalidValue(field, name, "must be a standard resource for quota")]),
    ...amountViolations(field, name, amount),
  ];
}

/** What a scope can limit, besides pods. */
const computedInQuotas = new Set(computed.flatMap((each) => [each, `requests.${each}`, `limits.${each}`]));

function scopeViolations(spec: JsonObject): Cause[] {
  const scopes = listAt(spec, "scopes");
  const names = Object.keys(objectAt(spec, "hard"));
  const fits = (scope: Json) =>
    names
      .filter((name) => inQuotas.has(name))
      .every((name) => name === "pods" || (scope !== "BestEffort" && computedInQuotas.has(name)));
  const conflicting = [
    ["BestEffort", "NotBestEffort"],
    ["Terminating", "NotTerminating"],
  ];
  const isConflict = conflicting.some((pair) => pair.every((scope) => scopes.includes(scope)));
  return [
    ...scopes.flatMap((scope) =>
      fits(scope) ? [] : [invalidValue("spec.scopes", [...scopes], "unsupported scope applied to resource")],
    ),
    ...(isConflict ? [invalidValue("spec.scopes", [...scopes].toSorted(), "conflicting scopes")] : []),
  ];
}

function selectorViolations(spec: JsonObject): Cause[] {
  const field = "spec.scopeSelector.matchExpressions";
  return listAt(spec, "scopeSelector", "matchExpressions").flatMap((each) => {
    const operator = stringAt(each, "operator") ?? "";
    const isEmpty = listAt(each, "values").length === 0;
    if (["In", "NotIn"].includes(operator) && isEmpty) {
      const why = "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector";
      return [required(`${field}.values`, why)];
    }
    if (["Exists", "DoesNotExist"].includes(operator) && !isEmpty) {
      const why = "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector";
      return [invalidValue(`${field}.values`, listAt(each, "values"), why)];
    }
    return [];
  });
}

export function limitRangeViolations(object: JsonObject): Cause[] {
  const limits = listAt(object, "spec", "limits");
  const types = limits.map((limit) => stringAt(limit, "type") ?? "");
  return limits.flatMap((limit, index) => {
    const at = `spec.limits[${index}]`;
    const type = types[index] ?? "";
    return [
      ...typeViolations(`${at}.type`, type),
      ...(types.indexOf(type) < index ? [duplicate(`${at}.type`, type)] : []),
      ...limitedViolations(objectAt(limit), type, at),
      ...(type === "Pod" ? defaultsOfPod(objectAt(limit), at) : []),
      ...(type === "PersistentVolumeClaim" ? claimLimitViolations(objectAt(limit), at) : []),
      ...boundViolations(objectAt(limit), at),
    ];
  });
}

function typeViolations(field: string, type: string): Cause[] {
  const problems = labelKeyProblems(type);
  if (problems.length > 0) return problems.map((problem) => invalidValue(field, type, problem));
  const isStandard = ["Pod", "Container", "PersistentVolumeClaim"].includes(type) || type.includes("/");
  return isStandard ? [] : [invalidValue(field, type, "must be a standard limit type or fully qualified")];
}

/** What is limited has to be something. */
function limitedViolations(limit: JsonObject, type: string, at: string): Cause[] {
  const named = type === "Container" ? containerNameViolations : nameViolations;
  return ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"].flatMap((field) =>
    Object.keys(objectAt(limit, field)).flatMap((name) => named(`${at}.${field}[${name}]`, name)),
  );
}

function claimLimitViolations(limit: JsonObject, at: string): Cause[] {
  const has = (field: string) => objectAt(limit, field)["storage"] !== undefined;
  if (has("min") || has("max")) return [];
  const why = "either minimum or maximum storage value is required, but neither was provided";
  return [required(`${at}.limits`, why)];
}

function defaultsOfPod(limit: JsonObject, at: string): Cause[] {
  return ["default", "defaultRequest"]
    .filter((field) => Object.keys(objectAt(limit, field)).length > 0)
    .map((field) => forbidden(`${at}.${field}`, "may not be specified when `type` is 'Pod'"));
}

/** What is no more than what, as far as they are there: min ≤ defaultRequest ≤ default ≤ max. */
const orders = [
  "min max",
  "min defaultRequest",
  "defaultRequest max",
  "defaultRequest default",
  "min default",
  "default max",
];
const shownAs: Readonly<Record<string, string>> = {
  ...{ min: "min value", max: "max value", default: "default value", defaultRequest: "default request value" },
};

function boundViolations(limit: JsonObject, at: string): Cause[] {
  const fields = ["max", "min", "default", "defaultRequest", "maxLimitRequestRatio"];
  const names = new Set(fields.flatMap((field) => Object.keys(objectAt(limit, field))));
  return [...names].toSorted().flatMap((name) => [
    ...orders.flatMap((order) => {
      const [low = "", high = ""] = order.split(" ");
      const [less, more] = [low, high].map((field) => objectAt(limit, field)[name]);
      if (less === undefined || more === undefined || nanos(less) <= nanos(more)) return [];
      const why = `${shownAs[low]} ${shown(less)} is greater than ${shownAs[high]} ${shown(more)}`;
      return [invalidValue(`${at}.${low}[${name}]`, shown(less), why)];
    }),
    ...ratioViolations(limit, name, `${at}.maxLimitRequestRatio[${name}]`),
  ]);
}

/** A limit is no less than a request, and no more than its bounds allow. */
function ratioViolations(limit: JsonObject, name: string, field: string): Cause[] {
  const [ratio, least, most] = ["maxLimitRequestRatio", "min", "max"].map((each) => objectAt(limit, each)[name]);
  if (ratio === undefined) return [];
  const refuse = (why: string) => [invalidValue(field, shown(ratio), `ratio ${shown(ratio)} is ${why}`)];
  if (nanos(ratio) < 10n ** 9n) return refuse("less than 1");
  if (least === undefined || most === undefined || nanos(least) === 0n) return [];
  const bound = Number(nanos(most)) / Number(nanos(least));
  return Number(nanos(ratio)) / 1e9 > bound ? refuse(`greater than max/min = ${bound.toFixed(6)}`) : [];
}
