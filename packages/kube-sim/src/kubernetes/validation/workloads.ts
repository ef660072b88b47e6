/** What makes pods: deployments, replica sets, jobs, and schedules of jobs. */
import type { Cause } from "../cause.ts";
import {
  equal,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  stringsAt,
} from "../json.ts";
import { invalidValue, metadataKeyViolations } from "../metadataRules.ts";
import { duplicate, forbidden, labelsViolations, required, unsupported } from "./causes.ts";
import { isEmptySelector, matches, selectorViolations } from "./labelSelectors.ts";
import { podSpecViolations } from "./pods.ts";
import { violationsBy } from "./rules.ts";

export function deploymentViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const deadline = numberAt(spec, "progressDeadlineSeconds");
  return [
    ...violationsBy("Deployment", object, ""),
    ...chosenTemplateViolations(spec, "deployment"),
    ...strategyViolations(spec),
    ...(deadline !== undefined && deadline <= (numberAt(spec, "minReadySeconds") ?? 0)
      ? [invalidValue("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds")]
      : []),
    ...countViolations(objectAt(object, "status")),
  ];
}

export function replicaSetViolations(object: JsonObject): Cause[] {
  return [
    ...violationsBy("ReplicaSet", object, ""),
    ...chosenTemplateViolations(objectAt(object, "spec"), "deployment"),
  ];
}

/** No part is more than all. */
function countViolations(status: JsonObject): Cause[] {
  const pairs = [
    ...["updatedReplicas", "readyReplicas", "availableReplicas"].map((part) => [part, "replicas"] as const),
  ];
  return [...pairs, ["availableReplicas", "readyReplicas"] as const].flatMap(([part, whole]) => {
    const [few = 0, all = 0] = [part, whole].map((field) => numberAt(status, field) ?? 0);
    return few > all ? [invalidValue(`status.${part}`, few, `cannot be greater than status.${whole}`)] : [];
  });
}

/** The selector, and the template where that can be read. */
function chosenTemplateViolations(spec: JsonObject, kind: string): Cause[] {
  const { selector } = spec;
  if (!isObject(selector)) return [required("spec.selector")];
  const causes = selectorViolations(selector, "spec.selector");
  if (isEmptySelector(selector)) {
    causes.push(invalidValue("spec.selector", {}, `empty selector is invalid for ${kind}`));
  } else if (causes.length > 0) return [...causes, invalidValue("spec.selector", selector, "invalid label selector")];
  const labels = stringsAt(spec, "template", "metadata", "labels");
  const path = "spec.template.spec";
  const policy = stringAt(spec, "template", "spec", "restartPolicy") ?? "Always";
  const deadline = numberAt(spec, "template", "spec", "activeDeadlineSeconds");
  return [
    ...causes,
    ...(matches(selector, labels) === false
      ? [invalidValue("spec.template.metadata.labels", labels, "`selector` does not match template `labels`")]
      : []),
    ...templateViolations(objectAt(spec, "template"), "spec.template"),
    // Such pods are started again for ever.
    ...(policy === "Always" ? [] : [unsupported(`${path}.restartPolicy`, policy, ["Always"])]),
    ...(deadline === undefined
      ? []
      : [forbidden(`${path}.activeDeadlineSeconds`, "activeDeadlineSeconds in ReplicaSet is not Supported")]),
  ];
}

function templateViolations(template: JsonObject, path: string): Cause[] {
  return [
    ...labelsViolations(`${path}.labels`, objectAt(template, "metadata")["labels"]),
    ...metadataKeyViolations(`${path}.annotations`, objectAt(template, "metadata", "annotations")),
    ...podSpecViolations(objectAt(template, "spec"), `${path}.spec`),
  ];
}

const percentText =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A number, or a part of all. */
export function partViolations(field: string, value: Json | undefined): Cause[] {
  const percent = typeof value === "string" ? /^([0-9]+)%$/.exec(value)?.[1] : "0";
  if (percent === undefined) return [invalidValue(field, value ?? null, percentText)];
  if (typeof value === "number" && value < 0) {
    return [invalidValue(field, value, "must be greater than or equal to 0")];
  }
  const isOver = Number(percent) > 100 && !field.endsWith("maxSurge");
  return isOver ? [invalidValue(field, value ?? null, "must not be greater than 100%")] : [];
}

const isNothing = (value: Json | undefined) => value === 0 || value === "0%";

function strategyViolations(spec: JsonObject): Cause[] {
  const { type = "", rollingUpdate } = objectAt(spec, "strategy");
  const path = "spec.strategy.rollingUpdate";
  if (type === "Recreate") {
    return isObject(rollingUpdate) ? [forbidden(path, "may not be specified when strategy `type` is 'Recreate'")] : [];
  }
  if (type !== "RollingUpdate") return [unsupported("spec.strategy", type, ["Recreate", "RollingUpdate"])];
  const { maxUnavailable, maxSurge } = objectAt(rollingUpdate);
  return [
    ...partViolations(`${path}.maxUnavailable`, maxUnavailable),
    ...partViolations(`${path}.maxSurge`, maxSurge),
    ...(isNothing(maxUnavailable) && isNothing(maxSurge)
      ? [invalidValue(`${path}.maxUnavailable`, maxUnavailable ?? 0, "may not be 0 when `maxSurge` is 0")]
      : []),
  ];
}

export function jobViolations(job: JsonObject): Cause[] {
  const spec = objectAt(job, "spec");
  return [
    ...generatedSelectorViolations(spec),
    ...selectorViolations(spec["selector"], "spec.selector"),
    ...jobSpecViolations(spec, "spec"),
  ];
}

/** The server makes the selector, unless a job says that it has its own. */
function generatedSelectorViolations(spec: JsonObject): Cause[] {
  const { selector, manualSelector } = spec;
  const isMade = stringsAt(spec, "selector", "matchLabels")["batch.kubernetes.io/controller-uid"] !== undefined;
  if (!isObject(selector) || isMade || manualSelector === true) return [];
  return [invalidValue("spec.selector", selector, "`selector` not auto-generated")];
}

function jobSpecViolations(spec: JsonObject, path: string): Cause[] {
  const policy = stringAt(spec, "template", "spec", "restartPolicy") ?? "Always";
  const field = `${path}.template.spec.restartPolicy`;
  const ends = ["OnFailure", "Never"];
  return [
    ...violationsBy("JobSpec", spec, path),
    ...indexViolations(spec, path),
    ...listAt(spec, "podFailurePolicy", "rules").flatMap((rule, index) =>
      ruleViolations(rule, `${path}.podFailurePolicy.rules[${index}]`, spec),
    ),
    ...templateViolations(objectAt(spec, "template"), `${path}.template`),
    ...(policy === "Always" ? [required(field, 'valid values: "OnFailure", "Never"')] : []),
    ...(policy === "Always" || ends.includes(policy) ? [] : [unsupported(field, policy, ends)]),
    ...(isObject(spec["podFailurePolicy"]) && policy !== "Never"
      ? [invalidValue(field, policy, 'only "Never" is supported when podFailurePolicy is specified')]
      : []),
  ];
}

const ofIndexes = ["backoffLimitPerIndex", "maxFailedIndexes", "successPolicy"];

function indexViolations(spec: JsonObject, path: string): Cause[] {
  if (stringAt(spec, "completionMode") !== "Indexed") {
    return ofIndexes
      .filter((field) => spec[field] !== undefined)
      .map((field) => invalidValue(`${path}.${field}`, spec[field] ?? null, "requires indexed completion mode"));
  }
  const parallelism = numberAt(spec, "parallelism") ?? 0;
  const most = "must be less than or equal to 100000 when completion mode is Indexed";
  return [
    ...(numberAt(spec, "completions") === undefined
      ? [required(`${path}.completions`, "when completion mode is Indexed")]
      : []),
    ...(parallelism > 100_000 ? [invalidValue(`${path}.parallelism`, parallelism, most)] : []),
  ];
}

function ruleViolations(rule: Json, path: string, spec: JsonObject): Cause[] {
  const { action = "", onExitCodes: codes } = objectAt(rule);
  const hasConditions = listAt(rule, "onPodConditions").length > 0;
  const isByIndex = action === "FailIndex" && numberAt(spec, "backoffLimitPerIndex") === undefined;
  const one = "specifying just one of OnExitCodes and OnPodConditions is required";
  return [
    ...(isByIndex ? [invalidValue(`${path}.action`, action, "requires the backoffLimitPerIndex to be set")] : []),
    ...(isObject(codes) ? exitCodeViolations(codes, `${path}.onExitCodes`, spec) : []),
    ...(isObject(codes) === hasConditions ? [invalidValue(path, rule, one)] : []),
  ];
}

function exitCodeViolations(codes: JsonObject, path: string, spec: JsonObject): Cause[] {
  const container = stringAt(codes, "containerName");
  const values = listAt(codes, "values").map(Number);
  const names = ["containers", "initContainers"].flatMap((field) =>
    listAt(spec, "template", "spec", field).map((each) => stringAt(each, "name")),
  );
  const unknown = "must be one of the container or initContainer names in the pod template";
  const ordered = values.toSorted((left, right) => left - right);
  return [
    ...(container === undefined || names.includes(container)
      ? []
      : [invalidValue(`${path}.containerName`, container, unknown)]),
    ...(values.length === 0 ? [invalidValue(`${path}.values`, null, "at least one value is required")] : []),
    ...(stringAt(codes, "operator") === "In" && values.includes(0)
      ? [invalidValue(`${path}.values`, 0, "must not be 0 for the In operator")]
      : []),
    ...(new Set(values).size < values.length ? [duplicate(`${path}.values`, values)] : []),
    ...(equal(values, ordered) ? [] : [invalidValue(`${path}.values`, values, "must be ordered")]),
  ];
}

export function cronJobViolations(object: JsonObject): Cause[] {
  const name = stringAt(object, "metadata", "name") ?? "";
  const jobs = objectAt(object, "spec", "jobTemplate", "spec");
  const path = "spec.jobTemplate.spec";
  return [
    ...violationsBy("CronJob", object, ""),
    ...scheduleViolations(stringAt(object, "spec", "schedule") ?? ""),
    ...zoneViolations(stringAt(object, "spec", "timeZone")),
    ...(isObject(jobs["selector"])
      ? [invalidValue(`${path}.selector`, jobs["selector"], "`selector` will be auto-generated")]
      : []),
    ...jobSpecViolations(jobs, path),
    ...(name.length > 52 ? [invalidValue("metadata.name", name, "must be no more than 52 characters")] : []),
  ];
}

const descriptor = /^@(yearly|annually|monthly|weekly|daily|midnight|hourly|every (\d+(\.\d+)?(ns|us|ms|s|m|h))+)$/;
const words = /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)$/i;
const bounds = ["0-59", "0-23", "1-31", "1-12", "0-6"].map((range) => range.split("-").map(Number));

function scheduleViolations(schedule: string): Cause[] {
  if (schedule === "") return [required("spec.schedule")];
  const refuse = (why: string) => [invalidValue("spec.schedule", schedule, why)];
  if (schedule.includes("TZ")) return refuse("cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
  if (schedule.startsWith("@")) return descriptor.test(schedule) ? [] : refuse(`unrecognized descriptor: ${schedule}`);
  const fields = schedule.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== 5) return refuse(`expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`);
  const wrong = fields.flatMap((field, index) => field.split(",").filter((part) => !isPart(part, bounds[index] ?? [])));
  return wrong.length === 0 ? [] : refuse(`cannot be read: ${wrong[0]}`);
}

/** `*`, `1`, `1-5`, or one of these with a step. */
function isPart(part: string, [least = 0, most = 0]: readonly number[]): boolean {
  const [, low = "", high, step] = /^([^-/]+)(?:-([^-/]+))?(?:\/([^-/]+))?$/.exec(part) ?? [];
  if (step !== undefined && !/^0*[1-9]\d*$/.test(step)) return false;
  if (low === "*" || low === "?" || words.test(low)) return true;
  const [start, end] = [Number(low), high === undefined || words.test(high) ? Number(low) : Number(high)];
  return /^\d+$/.test(low) && Number.isInteger(end) && start >= least && end <= most && start <= end;
}

function zoneViolations(zone: string | undefined): Cause[] {
  if (zone === undefined) return [];
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return [];
  } catch {
    return [invalidValue("spec.timeZone", zone, `unknown time zone ${zone}`)];
  }
}
