/** Jobs, and schedules of jobs. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt, stringsAt } from "../json.ts";
import { invalidValue, labelKeyProblems } from "../metadataRules.ts";
import { duplicate, negatives, oneOf, required, unsupported } from "./causes.ts";
import { selectorViolations } from "./labelSelectors.ts";
import { templateViolations } from "./workloads.ts";

export function jobViolations(job: JsonObject): Cause[] {
  const spec = objectAt(job, "spec");
  return [
    ...generatedSelectorViolations(job),
    ...selectorViolations(spec["selector"], "spec.selector"),
    ...jobSpecViolations(spec, "spec"),
  ];
}

const numbers = ["parallelism", "completions", "activeDeadlineSeconds", "backoffLimit", "ttlSecondsAfterFinished"];

function jobSpecViolations(spec: JsonObject, path: string): Cause[] {
  const policy = stringAt(spec, "template", "spec", "restartPolicy") ?? "Always";
  const field = `${path}.template.spec.restartPolicy`;
  const ends = ["OnFailure", "Never"];
  return [
    ...negatives(path, spec, [...numbers, "backoffLimitPerIndex", "maxFailedIndexes"]),
    ...oneOf(`${path}.completionMode`, spec["completionMode"], ["NonIndexed", "Indexed"]),
    ...indexViolations(spec, path),
    ...listAt(spec, "podFailurePolicy", "rules").flatMap((rule, index) =>
      ruleViolations(rule, `${path}.podFailurePolicy.rules[${index}]`, spec),
    ),
    ...successViolations(spec, `${path}.successPolicy`),
    ...templateViolations(objectAt(spec, "template"), `${path}.template`),
    ...(policy === "Always" ? [required(field, 'valid values: "OnFailure", "Never"')] : []),
    ...(policy === "Always" || ends.includes(policy) ? [] : [unsupported(field, policy, ends)]),
    ...(isObject(spec["podFailurePolicy"]) && policy !== "Never"
      ? [invalidValue(field, policy, 'only "Never" is supported when podFailurePolicy is specified')]
      : []),
  ];
}

function indexViolations(spec: JsonObject, path: string): Cause[] {
  if (stringAt(spec, "completionMode") === "Indexed") {
    const isCounted = numberAt(spec, "completions") !== undefined;
    const parallelism = numberAt(spec, "parallelism") ?? 0;
    const most = "must be less than or equal to 100000 when completion mode is Indexed";
    return [
      ...(isCounted ? [] : [required(`${path}.completions`, "when completion mode is Indexed")]),
      ...(parallelism > 100_000 ? [invalidValue(`${path}.parallelism`, parallelism, most)] : []),
    ];
  }
  return ["backoffLimitPerIndex", "maxFailedIndexes"]
    .filter((field) => numberAt(spec, field) !== undefined)
    .map((field) => invalidValue(`${path}.${field}`, spec[field] ?? null, "requires indexed completion mode"));
}

function successViolations(spec: JsonObject, path: string): Cause[] {
  if (!isObject(spec["successPolicy"]) || stringAt(spec, "completionMode") === "Indexed") return [];
  const Rules = listAt(spec, "successPolicy", "rules").map((rule) => ({
    SucceededIndexes: objectAt(rule)["succeededIndexes"] ?? null,
    SucceededCount: objectAt(rule)["succeededCount"] ?? null,
  }));
  return [invalidValue(path, { Rules }, "requires indexed completion mode")];
}

const actions = ["Count", "FailIndex", "FailJob", "Ignore"];

function ruleViolations(rule: Json, path: string, spec: JsonObject): Cause[] {
  const { action = "", onExitCodes: codes } = objectAt(rule);
  const conditions = listAt(rule, "onPodConditions");
  const refuse = (why: string) => [{ reason: "FieldValueInvalid", message: `Invalid value: ${why}`, field: path }];
  const isByIndex = action === "FailIndex" && numberAt(spec, "backoffLimitPerIndex") === undefined;
  return [
    ...chosenFrom(`${path}.action`, action, actions),
    ...(isByIndex ? [invalidValue(`${path}.action`, action, "requires the backoffLimitPerIndex to be set")] : []),
    ...(isObject(codes) ? exitCodeViolations(codes, `${path}.onExitCodes`, spec) : []),
    ...conditions.flatMap((each, index) => conditionViolations(each, `${path}.onPodConditions[${index}]`)),
    ...(isObject(codes) && conditions.length > 0
      ? refuse("specifying both OnExitCodes and OnPodConditions is not supported")
      : []),
    ...(isObject(codes) || conditions.length > 0
      ? []
      : refuse("specifying one of OnExitCodes and OnPodConditions is required")),
  ];
}

function conditionViolations(condition: Json, path: string): Cause[] {
  const type = stringAt(condition, "type") ?? "";
  return [
    ...labelKeyProblems(type).map((problem) => invalidValue(`${path}.type`, type, problem)),
    ...chosenFrom(`${path}.status`, stringAt(condition, "status") ?? "", ["False", "True", "Unknown"]),
  ];
}

function exitCodeViolations(codes: JsonObject, path: string, spec: JsonObject): Cause[] {
  const operator = stringAt(codes, "operator") ?? "";
  const container = stringAt(codes, "containerName");
  const values = listAt(codes, "values").map(Number);
  const names = ["containers", "initContainers"].flatMap((field) =>
    listAt(spec, "template", "spec", field).map((each) => stringAt(each, "name")),
  );
  const unknown = "must be one of the container or initContainer names in the pod template";
  return [
    ...chosenFrom(`${path}.operator`, operator, ["In", "NotIn"]),
    ...(container === undefined || names.includes(container)
      ? []
      : [invalidValue(`${path}.containerName`, container, unknown)]),
    ...(values.length === 0
      ? [invalidValue(`${path}.values`, codes["values"] ?? null, "at least one value is required")]
      : []),
    ...values.flatMap((value, index) => [
      ...(operator === "In" && value === 0
        ? [invalidValue(`${path}.values[${index}]`, value, "must not be 0 for the In operator")]
        : []),
      ...(values.indexOf(value) < index ? [duplicate(`${path}.values[${index}]`, value)] : []),
    ]),
    ...(values.some((value, index) => value < (values[index - 1] ?? value))
      ? [invalidValue(`${path}.values`, values, "must be ordered")]
      : []),
  ];
}

function chosenFrom(field: string, value: Json, supported: readonly string[]): Cause[] {
  if (value !== "") return oneOf(field, value, supported);
  return [required(field, `valid values: [${supported.map((each) => JSON.stringify(each)).join(" ")}]`)];
}

const uidLabel = "batch.kubernetes.io/controller-uid";

/** The server makes the selector, unless a job says that it has its own. */
function generatedSelectorViolations(job: JsonObject): Cause[] {
  const spec = objectAt(job, "spec");
  const labels = stringsAt(spec, "selector", "matchLabels");
  const isMade = !isObject(spec["selector"]) || labels[uidLabel] !== undefined;
  if (isMade || spec["manualSelector"] === true) return [];
  const uid = stringAt(job, "metadata", "uid") ?? "";
  const name = stringAt(job, "metadata", "name") ?? "";
  const given = stringsAt(spec, "template", "metadata", "labels");
  const made = { [uidLabel]: uid, "batch.kubernetes.io/job-name": name, "controller-uid": uid, "job-name": name };
  const selector = { matchLabels: { ...labels, [uidLabel]: uid } };
  return [
    invalidValue("spec.selector", selector, "`selector` not auto-generated"),
    invalidValue("spec.template.metadata.labels", { ...given, ...made }, "`selector` does not match template `labels`"),
  ];
}

export function cronJobViolations(object: JsonObject): Cause[] {
  const spec = objectAt(object, "spec");
  const name = stringAt(object, "metadata", "name") ?? "";
  const jobs = objectAt(spec, "jobTemplate", "spec");
  const path = "spec.jobTemplate.spec";
  return [
    ...scheduleViolations(stringAt(spec, "schedule") ?? ""),
    ...negatives("spec", spec, ["startingDeadlineSeconds"]),
    ...zoneViolations(stringAt(spec, "timeZone")),
    ...oneOf("spec.concurrencyPolicy", spec["concurrencyPolicy"], ["Allow", "Forbid", "Replace"]),
    ...(isObject(jobs["selector"])
      ? [invalidValue(`${path}.selector`, jobs["selector"], "`selector` will be auto-generated")]
      : []),
    ...jobSpecViolations(jobs, path),
    ...negatives("spec", spec, ["successfulJobsHistoryLimit", "failedJobsHistoryLimit"]),
    ...(name.length > 52 ? [invalidValue("metadata.name", name, "must be no more than 52 characters")] : []),
  ];
}

function scheduleViolations(schedule: string): Cause[] {
  if (schedule === "") return [required("spec.schedule")];
  const problem = scheduleProblem(schedule);
  return problem === undefined ? [] : [invalidValue("spec.schedule", schedule, problem)];
}

const descriptors = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
const bounds: readonly (readonly [number, number])[] = [
  [0, 59],
  [0, 23],
  [1, 31],
  [1, 12],
  [0, 6],
];
const words = /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|sun|mon|tue|wed|thu|fri|sat)$/i;

/** In the words of the parser of schedules (github.com/robfig/cron). */
function scheduleProblem(schedule: string): string | undefined {
  if (schedule.includes("TZ")) return "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
  if (schedule.startsWith("@")) {
    const isKnown = descriptors.includes(schedule) || /^@every (\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(schedule);
    return isKnown ? undefined : `unrecognized descriptor: ${schedule}`;
  }
  const fields = schedule.split(/\s+/).filter((field) => field !== "");
  if (fields.length !== 5) return `expected exactly 5 fields, found ${fields.length}: [${fields.join(" ")}]`;
  return fields
    .flatMap((field, index) => field.split(",").map((part) => partProblem(part, bounds[index] ?? [0, 0])))
    .find((problem) => problem !== undefined);
}

function partProblem(part: string, [least, most]: readonly [number, number]): string | undefined {
  const [range = "", step, ...more] = part.split("/");
  const [low = "", high, ...rest] = range.split("-");
  if (rest.length > 0) return `too many hyphens: ${part}`;
  if (more.length > 0) return `too many slashes: ${part}`;
  if (low === "*" || low === "?") return step === undefined ? undefined : (numberProblem(step) ?? zeroStep(step, part));
  const wrong = [low, ...(high === undefined ? [] : [high]), ...(step === undefined ? [] : [step])].flatMap(
    (text) => numberProblem(text) ?? [],
  );
  if (wrong.length > 0) return wrong[0];
  if (words.test(low)) return undefined;
  const start = Number(low);
  const end = high === undefined ? (step === undefined ? start : most) : Number(high);
  if (start < least) return `beginning of range (${start}) below minimum (${least}): ${part}`;
  if (end > most) return `end of range (${end}) above maximum (${most}): ${part}`;
  if (start > end) return `beginning of range (${start}) beyond end of range (${end}): ${part}`;
  return step === undefined ? undefined : zeroStep(step, part);
}

function numberProblem(text: string): string | undefined {
  if (/^\d+$/.test(text) || words.test(text)) return undefined;
  return `failed to parse int from ${text}: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`;
}

function zeroStep(step: string, part: string): string | undefined {
  return Number(step) === 0 ? `step of range should be a positive number: ${part}` : undefined;
}

function zoneViolations(zone: string | undefined): Cause[] {
  if (zone === undefined) return [];
  const refuse = (why: string) => [invalidValue("spec.timeZone", zone, why)];
  if (zone === "") return refuse("timeZone must be nil or non-empty string");
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return [];
  } catch {
    return refuse(`unknown time zone ${zone}`);
  }
}
