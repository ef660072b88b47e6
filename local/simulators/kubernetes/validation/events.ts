/** Events, in both groups. */
import type { Cause } from "../cause.ts";
import { isObject, type JsonObject, stringAt } from "../json.ts";
import { invalidValue, qualifiedNameProblems } from "../metadataRules.ts";
import { required } from "./causes.ts";

/** As the core group has them: whoever writes in the other is asked for more. */
export function eventViolations(object: JsonObject): Cause[] {
  const isCore = stringAt(object, "apiVersion") === "v1";
  return isCore ? coreViolations(object, "involvedObject", "reportingComponent") : newViolations(object);
}

function coreViolations(object: JsonObject, about: string, reporter: string): Cause[] {
  const namespace = stringAt(object, "metadata", "namespace") ?? "";
  const of = stringAt(object, about, "namespace") ?? "";
  const isNew = stringAt(object, "eventTime") !== undefined;
  const elsewhere = invalidValue("involvedObject.namespace", of, "does not match event.namespace");
  if (!isNew) {
    const isWithin = of === "" ? namespace === "default" : of === namespace;
    return isObject(object[about]) && !isWithin ? [elsewhere] : [];
  }
  const component = stringAt(object, reporter) ?? "";
  const isOpen = of !== "" || ["default", "kube-system"].includes(namespace);
  return [
    ...(isOpen ? [] : [elsewhere]),
    ...(component === "" ? [required(reporter)] : []),
    ...qualifiedNameProblems(component).map((problem) => invalidValue(reporter, component, problem)),
    ...["reportingInstance", "action", "reason"]
      .filter((field) => !stringAt(object, field))
      .map((field) => required(field)),
  ];
}

function newViolations(object: JsonObject): Cause[] {
  const isStored = stringAt(object, "metadata", "resourceVersion") !== undefined;
  const type = stringAt(object, "type") ?? "";
  const causes = coreViolations(object, "regarding", "reportingController");
  if (isStored) return causes;
  const unset = ["deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount"];
  const shown = ["firstTimestamp", "lastTimestamp", "count"];
  return [
    ...causes,
    ...(stringAt(object, "eventTime") === undefined ? [required("eventTime")] : []),
    ...(["Normal", "Warning"].includes(type) ? [] : [invalidValue("type", "", `has invalid value: ${type}`)]),
    ...unset.flatMap((field, index) =>
      object[field] ? [invalidValue(shown[index] ?? field, "", "needs to be unset")] : [],
    ),
  ];
}
