/** Events, in both groups. */
import type { Cause } from "../cause.ts";
import { equal, isObject, type JsonObject, stringAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { required } from "./causes.ts";
import { violationsBy } from "./rules.ts";

/** As the core group has them: whoever writes in the other is asked for more. */
export function eventViolations(object: JsonObject): Cause[] {
  return isCore(object) ? coreViolations(object, "involvedObject") : newViolations(object);
}

function coreViolations(object: JsonObject, about: string): Cause[] {
  const namespace = stringAt(object, "metadata", "namespace") ?? "";
  const of = stringAt(object, about, "namespace") ?? "";
  const isNew = stringAt(object, "eventTime") !== undefined;
  const elsewhere = invalidValue("involvedObject.namespace", of, "does not match event.namespace");
  if (!isNew) {
    const isWithin = of === "" ? namespace === "default" : of === namespace;
    return isObject(object[about]) && !isWithin ? [elsewhere] : [];
  }
  const isOpen = of !== "" || ["default", "kube-system"].includes(namespace);
  return [...(isOpen ? [] : [elsewhere]), ...violationsBy(isCore(object) ? "CoreEvent" : "NewEvent", object, "")];
}

const isCore = (object: JsonObject) => stringAt(object, "apiVersion") === "v1";

/** What nobody may change through the newer group: the fields of that group. */
const fixed = [
  ...["regarding", "reason", "note", "deprecatedSource", "deprecatedFirstTimestamp", "deprecatedLastTimestamp"],
  ...["deprecatedCount", "type", "eventTime", "action", "related", "reportingController", "reportingInstance"],
];

export function eventUpdateViolations(before: JsonObject, after: JsonObject): Cause[] {
  if (isCore(after)) return [];
  return fixed
    .filter((field) => !equal(before[field] ?? null, after[field] ?? null))
    .map((field) => invalidValue(field, after[field] ?? null, "field is immutable"));
}

function newViolations(object: JsonObject): Cause[] {
  const isStored = stringAt(object, "metadata", "resourceVersion") !== undefined;
  const type = stringAt(object, "type") ?? "";
  const causes = coreViolations(object, "regarding");
  if (isStored) return causes;
  const unset = ["deprecatedFirstTimestamp", "deprecatedLastTimestamp", "deprecatedCount"];
  return [
    ...causes,
    ...(stringAt(object, "eventTime") === undefined ? [required("eventTime")] : []),
    ...(["Normal", "Warning"].includes(type) ? [] : [invalidValue("type", "", `has invalid value: ${type}`)]),
    ...unset.filter((field) => object[field]).map((field) => invalidValue(field, "", "needs to be unset")),
  ];
}
