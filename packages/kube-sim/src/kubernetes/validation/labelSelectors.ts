/** Selectors of labels, as workloads, budgets and policies have them. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, listAt, stringAt } from "../json.ts";
import { invalidValue, labelValueProblems } from "../metadataRules.ts";
import { forbidden, labelNameViolations, labelsViolations, required } from "./causes.ts";

export function selectorViolations(selector: Json | undefined, path: string): Cause[] {
  if (!isObject(selector)) return [];
  return [
    ...labelsViolations(`${path}.matchLabels`, selector["matchLabels"]),
    ...listAt(selector, "matchExpressions").flatMap((each, index) =>
      expressionViolations(each, `${path}.matchExpressions[${index}]`),
    ),
  ];
}

function expressionViolations(expression: Json, path: string): Cause[] {
  const values = listAt(expression, "values");
  const key = labelNameViolations(`${path}.key`, stringAt(expression, "key") ?? "");
  const wrong = values.flatMap((value, index) =>
    typeof value === "string"
      ? labelValueProblems(value).map((problem) => invalidValue(`${path}.values[${index}]`, value, problem))
      : [],
  );
  const operator = stringAt(expression, "operator") ?? "";
  switch (operator) {
    case "In":
    case "NotIn":
      return [
        ...(values.length === 0
          ? [required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
          : []),
        ...key,
        ...wrong,
      ];
    case "Exists":
    case "DoesNotExist":
      return [
        ...(values.length > 0
          ? [forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
          : []),
        ...key,
        ...wrong,
      ];
    default:
      return [invalidValue(`${path}.operator`, operator, "not a valid selector operator"), ...key, ...wrong];
  }
}

/** Whether labels match; undefined where the selector cannot be read. */
export function matches(selector: Json | undefined, labels: Readonly<Record<string, string>>): boolean | undefined {
  if (!isObject(selector)) return false;
  if (selectorViolations(selector, "").length > 0) return undefined;
  const wanted = Object.entries(isObject(selector["matchLabels"]) ? selector["matchLabels"] : {});
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    listAt(selector, "matchExpressions").every((each) => fits(each, labels))
  );
}

function fits(expression: Json, labels: Readonly<Record<string, string>>): boolean {
  const own = labels[stringAt(expression, "key") ?? ""];
  const isAmong = own !== undefined && listAt(expression, "values").includes(own);
  switch (stringAt(expression, "operator")) {
    case "In":
      return isAmong;
    case "NotIn":
      return !isAmong;
    case "Exists":
      return own !== undefined;
    default:
      return own === undefined;
  }
}

export function isEmptySelector(selector: Json | undefined): boolean {
  const labels = isObject(selector) && isObject(selector["matchLabels"]) ? selector["matchLabels"] : {};
  return isObject(selector) && Object.keys(labels).length === 0 && listAt(selector, "matchExpressions").length === 0;
}
