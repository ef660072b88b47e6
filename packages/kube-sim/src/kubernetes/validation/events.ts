/** Events, in both groups. */
import type { Cause } from "../cause.ts";
import { equal, isObject, type JsonObject, stringAt } from "../json.ts";
import { invalidValue, labelKeyProblems } from "../metadataRules.ts";
import { required } from "./causes.ts";

/** As the core group has them: whoever writes in the other is asked for more. */
export function eventViolations(object: JsonObject): Cause[] {
  return isCore(object) ? coreViolations(object, "involvedObject", "reportingComponent") : newViolations(object);
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
    ...labelKeyProblems(component).map((problem) => invalidValue(reporter, component, problem)),
    ...["reportingInstance", "action", "reason"].flatMap((field) => [
      ...(stringAt(object, field) ? [] : [required(field)]),
      ...tooLong(field, stringAt(object, field), 128),
    ]),
    ...tooLong("message", stringAt(object, isCore(object) ? "message" : "note"), 1024),
  ];
}

const isCore = (object: JsonObject) => stringAt(object, "apiVersion") === "v1";

function tooLong(field: string, text = "", most = 0): Cause[] {
  return text.length > most ? [invalidValue(field, "", `can have at most ${most} characters`)] : [];
}

/** What nobody may change through the newer group: its names in the core group, and its own. */
const fixed: readonly (readonly [field: string, own: string])[] = [
  ...([
    ["involvedObject", "regarding"],
    ["reason", "reason"],
    ["message", "note"],
  ] as const),
  ...([
    ["source", "deprecatedSource"],
    ["firstTimestamp", "deprecatedFirstTimestamp"],
  ] as const),
  ...([
    ["lastTimestamp", "deprecatedLastTimestamp"],
    ["count", "deprecatedCount"],
    ["reason", "reason"],
  ] as const),
  ...([
    ["type", "type"],
    ["eventTime", "eventTime"],
    ["action", "action"],
    ["related", "related"],
  ] as const),
  ...([
    ["reportingController", "reportingController"],
    ["reportingInstance", "reportingInstance"],
  ] as const),
];

export function eventUpdateViolations(before: JsonObject, after: JsonObject): Cause[] {
  if (isCore(after)) return [];
  return fixed.flatMap(([field, own]) =>
    equal(before[own] ?? null, after[own] ?? null)
      ? []
      : [invalidValue(field, after[own] ?? null, "field is immutable")],
  );
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
