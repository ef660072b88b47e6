/** What makes pods: deployments and their like, jobs, schedules. */
import type { Cause } from "../cause.ts";
import { isObject, type JsonObject, listAt, objectAt, stringAt, stringsAt } from "../json.ts";
import { invalidValue } from "../metadataRules.ts";
import { forbidden, negative, required, unsupported } from "./causes.ts";
import { podSpecViolations } from "./podSpec.ts";

const templateSpec = "spec.template.spec";

/** How each kind calls itself where its selector is empty. */
const callsItself: Readonly<Record<string, string>> = {
  ...{ Deployment: "deployment", ReplicaSet: "deployment", StatefulSet: "statefulset", DaemonSet: "daemonset" },
};

export function workloadViolations(kind: string, object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  return [
    ...negative("spec.replicas", spec["replicas"]),
    ...negative("spec.minReadySeconds", spec["minReadySeconds"]),
    ...negative("spec.revisionHistoryLimit", spec["revisionHistoryLimit"]),
    ...selectorViolations(kind, spec),
    ...(isObject(spec["template"]) ? templateViolations(spec) : []),
    ...strategyViolations(spec),
  ];
}

function selectorViolations(kind: string, spec: JsonObject): Cause[] {
  const selector = spec["selector"];
  if (!isObject(selector)) return [];
  const wanted = stringsAt(selector, "matchLabels");
  if (Object.keys(wanted).length === 0 && listAt(selector, "matchExpressions").length === 0) {
    return [invalidValue("spec.selector", {}, `empty selector is invalid for ${callsItself[kind] ?? kind}`)];
  }
  if (!isObject(spec["template"])) return [];
  const labels = stringsAt(spec, "template", "metadata", "labels");
  if (Object.entries(wanted).every(([key, value]) => labels[key] === value)) return [];
  const shown = Object.keys(labels).length === 0 ? null : labels;
  return [invalidValue("spec.template.metadata.labels", shown, "`selector` does not match template `labels`")];
}

function templateViolations(spec: JsonObject): Cause[] {
  const policy = stringAt(spec, "template", "spec", "restartPolicy") ?? "Always";
  // An unknown policy is the schema's to refuse.
  const ends = ["Never", "OnFailure"].includes(policy);
  return [
    ...podSpecViolations(objectAt(spec, "template", "spec"), templateSpec),
    ...(ends ? [unsupported(`${templateSpec}.restartPolicy`, policy, ["Always"])] : []),
  ];
}

function strategyViolations(spec: JsonObject): Cause[] {
  const strategy = objectAt(spec, "strategy");
  if (stringAt(strategy, "type") !== "Recreate" || !isObject(strategy["rollingUpdate"])) return [];
  return [forbidden("spec.strategy.rollingUpdate", "may not be specified when strategy `type` is 'Recreate'")];
}

export function jobViolations(object: JsonObject): Cause[] {
  return jobSpecViolations(objectAt(object, "spec"), "spec", object);
}

function jobSpecViolations(spec: JsonObject, path: string, job?: JsonObject): Cause[] {
  const policy = stringAt(spec, "template", "spec", "restartPolicy") ?? "Always";
  const numbers = ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];
  return [
    ...numbers.flatMap((field) => negative(`${path}.${field}`, spec[field])),
    ...(job === undefined ? [] : ownSelectorViolations(job)),
    ...podSpecViolations(objectAt(spec, "template", "spec"), `${path}.template.spec`),
    ...(["Never", "OnFailure"].includes(policy)
      ? []
      : [required(`${path}.template.spec.restartPolicy`, 'valid values: "OnFailure", "Never"')]),
  ];
}

const uidLabel = "batch.kubernetes.io/controller-uid";

/** The server makes the selector, unless a job says that it has its own. */
function ownSelectorViolations(job: JsonObject): Cause[] {
  const spec = objectAt(job, "spec");
  const labels = stringsAt(spec, "selector", "matchLabels");
  const isMade = !isObject(spec["selector"]) || labels[uidLabel] !== undefined;
  if (isMade || spec["manualSelector"] === true) return [];
  const uid = stringAt(job, "metadata", "uid") ?? "";
  const name = stringAt(job, "metadata", "name") ?? "";
  const given = stringsAt(spec, "template", "metadata", "labels");
  const made = { [uidLabel]: uid, "batch.kubernetes.io/job-name": name, "controller-uid": uid, "job-name": name };
  const selector = { matchLabels: { ...labels, [uidLabel]: uid } };
  const template = "spec.template.metadata.labels";
  return [
    invalidValue("spec.selector", selector, "`selector` not auto-generated"),
    invalidValue(template, { ...given, ...made }, "`selector` does not match template `labels`"),
  ];
}

export function cronJobViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const name = stringAt(object, "metadata", "name") ?? "";
  return [
    ...jobSpecViolations(objectAt(spec, "jobTemplate", "spec"), "spec.jobTemplate.spec"),
    ...scheduleViolations(stringAt(spec, "schedule") ?? ""),
    ...zoneViolations(stringAt(spec, "timeZone")),
    ...(name.length > 52 ? [invalidValue("metadata.name", name, "must be no more than 52 characters")] : []),
  ];
}

function scheduleViolations(schedule: string): Cause[] {
  if (schedule === "") return [required("spec.schedule")];
  const fields = schedule.split(/\s+/).filter((field) => field !== "");
  if (schedule.startsWith("@") || fields.length === 5) return [];
  const why = `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`;
  return [invalidValue("spec.schedule", schedule, why)];
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
