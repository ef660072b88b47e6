/** Selectors of labels, as workloads, budgets and policies have them. */
import { isObject, type Json, listAt, objectAt, stringAt, stringsAt } from "azure-sim/json";
import type { Cause } from "../cause.ts";
import { invalidValue } from "./causes.ts";
import { forms } from "./forms.ts";

const problems = (form: string, field: string, value: string): Cause[] => {
  const why = forms[form]?.(value);
  return why === undefined ? [] : [invalidValue(field, value, why)];
};

/** Names with values, such as a selector of nodes. */
export function labelsViolations(field: string, labels: Json | undefined): Cause[] {
  return Object.entries(objectAt(labels)).flatMap(([key, value]) => [
    ...problems("key", field, key),
    ...(typeof value === "string"
      ? problems("labelValue", field, value)
      : [invalidValue(field, value, `value of "${key}" must be a string`)]),
  ]);
}

export function selectorViolations(selector: Json | undefined, path: string): Cause[] {
  return [
    ...labelsViolations(`${path}.matchLabels`, objectAt(selector, "matchLabels")),
    ...listAt(selector, "matchExpressions").flatMap((each, index) =>
      expressionViolations(each, `${path}.matchExpressions[${index}]`),
    ),
  ];
}

/** By operator, whether it has values. */
const operators: Readonly<Record<string, boolean>> = { In: true, NotIn: true, Exists: false, DoesNotExist: false };

function expressionViolations(expression: Json, path: string): Cause[] {
  const values = listAt(expression, "values");
  const operator = stringAt(expression, "operator") ?? "";
  const hasValues = operators[operator];
  const why = "must be specified when `operator` is 'In' or 'NotIn', and only then";
  return [
    ...(hasValues === undefined ? [invalidValue(`${path}.operator`, operator, "not a valid selector operator")] : []),
    ...(hasValues === values.length > 0 || hasValues === undefined
      ? []
      : [invalidValue(`${path}.values`, values, why)]),
    ...problems("key", `${path}.key`, stringAt(expression, "key") ?? ""),
    ...values.flatMap((value) => problems("labelValue", `${path}.values`, String(value))),
  ];
}

/** Whether labels match; undefined where the selector cannot be read. */
export function matches(selector: Json | undefined, labels: Readonly<Record<string, string>>): boolean | undefined {
  if (!isObject(selector)) return false;
  if (selectorViolations(selector, "").length > 0) return undefined;
  return (
    Object.entries(stringsAt(selector, "matchLabels")).every(([key, value]) => labels[key] === value) &&
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
