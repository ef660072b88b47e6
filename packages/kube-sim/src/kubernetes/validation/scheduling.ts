/** Where a pod may run: nodes, tolerations, affinity, spread. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt } from "../json.ts";
import { invalidValue, labelValueProblems } from "../metadataRules.ts";
import { forbidden, labelNameViolations, oneOf, required, unsupported } from "./causes.ts";
import { selectorViolations } from "./labelSelectors.ts";

const effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

export function tolerationViolations(toleration: Json, path: string): Cause[] {
  const [key = "", value = "", operator = "", effect = ""] = ["key", "value", "operator", "effect"].map((field) =>
    stringAt(toleration, field),
  );
  const everything = 'operator must be Exists when `key` is empty, which means "match all values and all keys"';
  return [
    ...(key === "" ? [] : labelNameViolations(`${path}.key`, key)),
    ...(key === "" && operator !== "Exists" ? [invalidValue(`${path}.operator`, operator, everything)] : []),
    ...(numberAt(toleration, "tolerationSeconds") !== undefined && effect !== "NoExecute"
      ? [invalidValue(`${path}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set")]
      : []),
    ...operatorViolations(operator, value, `${path}.operator`),
    ...(effect === "" ? [] : oneOf(`${path}.effect`, effect, effects)),
  ];
}

function operatorViolations(operator: string, value: string, field: string): Cause[] {
  if (operator === "" || operator === "Equal") {
    const problems = labelValueProblems(value);
    return problems.length === 0 ? [] : [invalidValue(field, value, problems.join(";"))];
  }
  if (operator === "Exists") {
    return value === "" ? [] : [invalidValue(field, value, "value must be empty when `operator` is 'Exists'")];
  }
  const isComparison = ["Lt", "Gt"].includes(operator);
  return [unsupported(field, operator, isComparison ? ["Equal", "Exists", "Lt", "Gt"] : ["Equal", "Exists"])];
}

export function taintsViolations(taints: readonly Json[], path: string): Cause[] {
  const seen = new Set<string>();
  return taints.flatMap((taint, index) => {
    const at = `${path}[${index}]`;
    const [key = "", value = "", effect = ""] = ["key", "value", "effect"].map((field) => stringAt(taint, field));
    const problems = labelValueProblems(value);
    const isRepeated = seen.has(`${key}:${effect}`);
    seen.add(`${key}:${effect}`);
    const shown = { Key: key, Value: value, Effect: effect, TimeAdded: null };
    const message = `Duplicate value: ${JSON.stringify(shown)}: taints must be unique by key and effect pair`;
    return [
      ...labelNameViolations(`${at}.key`, key),
      ...(problems.length === 0 ? [] : [invalidValue(`${at}.value`, value, problems.join(";"))]),
      ...(effect === "" ? [required(`${at}.effect`)] : oneOf(`${at}.effect`, effect, effects)),
      ...(isRepeated ? [{ reason: "FieldValueDuplicate", message, field: at }] : []),
    ];
  });
}

export function affinityViolations(affinity: JsonObject, path: string): Cause[] {
  const nodes = objectAt(affinity, "nodeAffinity");
  const now = "requiredDuringSchedulingIgnoredDuringExecution";
  const later = "preferredDuringSchedulingIgnoredDuringExecution";
  const must = nodes[now];
  return [
    ...(isObject(must) ? nodeTermsViolations(listAt(must, "nodeSelectorTerms"), `${path}.nodeAffinity.${now}`) : []),
    ...listAt(nodes, later).flatMap((each, index) => weightViolations(each, `${path}.nodeAffinity.${later}[${index}]`)),
    ...["podAffinity", "podAntiAffinity"].flatMap((kind) => [
      ...listAt(affinity, kind, now).flatMap((term, index) =>
        podTermViolations(term, `${path}.${kind}.${now}[${index}]`),
      ),
      ...listAt(affinity, kind, later).flatMap((each, index) => [
        ...weightViolations(each, `${path}.${kind}.${later}[${index}]`),
        ...podTermViolations(objectAt(each, "podAffinityTerm"), `${path}.${kind}.${later}[${index}].podAffinityTerm`),
      ]),
    ]),
  ];
}

function nodeTermsViolations(terms: readonly Json[], path: string): Cause[] {
  const field = `${path}.nodeSelectorTerms`;
  if (terms.length === 0) return [required(field, "must have at least one node selector term")];
  return terms.flatMap((term, index) =>
    listAt(term, "matchExpressions").flatMap((each, number) =>
      nodeExpressionViolations(each, `${field}[${index}].matchExpressions[${number}]`),
    ),
  );
}

function nodeExpressionViolations(expression: Json, path: string): Cause[] {
  const operator = stringAt(expression, "operator") ?? "";
  const values = listAt(expression, "values");
  const key = labelNameViolations(`${path}.key`, stringAt(expression, "key") ?? "");
  const isSet = ["In", "NotIn"].includes(operator);
  if (isSet && values.length === 0) {
    return [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"), ...key];
  }
  if (["Exists", "DoesNotExist"].includes(operator) && values.length > 0) {
    return [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"), ...key];
  }
  if (["Gt", "Lt"].includes(operator) && values.length !== 1) {
    return [required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'"), ...key];
  }
  if (isSet || ["Exists", "DoesNotExist", "Gt", "Lt"].includes(operator)) return key;
  return [invalidValue(`${path}.operator`, operator, "not a valid selector operator"), ...key];
}

function weightViolations(term: Json, path: string): Cause[] {
  const weight = numberAt(term, "weight") ?? 0;
  return weight >= 1 && weight <= 100 ? [] : [invalidValue(`${path}.weight`, weight, "must be in the range 1-100")];
}

function podTermViolations(term: Json, path: string): Cause[] {
  const topology = stringAt(term, "topologyKey") ?? "";
  return [
    ...selectorViolations(objectAt(term)["labelSelector"], `${path}.labelSelector`),
    ...selectorViolations(objectAt(term)["namespaceSelector"], `${path}.namespaceSelector`),
    ...(topology === "" ? [required(`${path}.topologyKey`, "can not be empty")] : []),
    ...labelNameViolations(`${path}.topologyKey`, topology),
  ];
}

export function spreadViolations(constraint: Json, path: string): Cause[] {
  const skew = numberAt(constraint, "maxSkew") ?? 0;
  const when = stringAt(constraint, "whenUnsatisfiable") ?? "";
  const domains = numberAt(constraint, "minDomains");
  return [
    ...(skew > 0 ? [] : [invalidValue(`${path}.maxSkew`, skew, "must be greater than zero")]),
    ...(stringAt(constraint, "topologyKey") ? [] : [required(`${path}.topologyKey`, "can not be empty")]),
    ...(when === "" ? [unsupported(`${path}.whenUnsatisfiable`, when, ["DoNotSchedule", "ScheduleAnyway"])] : []),
    ...oneOf(`${path}.whenUnsatisfiable`, when || undefined, ["DoNotSchedule", "ScheduleAnyway"]),
    ...(domains !== undefined && domains <= 0
      ? [invalidValue(`${path}.minDomains`, domains, "must be greater than zero")]
      : []),
    ...selectorViolations(objectAt(constraint)["labelSelector"], `${path}.labelSelector`),
  ];
}
