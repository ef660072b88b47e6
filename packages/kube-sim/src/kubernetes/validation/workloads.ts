/** What makes pods and keeps them: deployments and their like. */
import type { Cause } from "../cause.ts";
import { isObject, type Json, type JsonObject, numberAt, objectAt, stringAt, stringsAt } from "../json.ts";
import { invalidValue, metadataKeyViolations } from "../metadataRules.ts";
import { forbidden, labelsViolations, negatives, required, unsupported } from "./causes.ts";
import { isEmptySelector, matches, selectorViolations } from "./labelSelectors.ts";
import { podSpecViolations } from "./podSpec.ts";

type Check = (spec: JsonObject) => Cause[];

const specOf =
  (check: Check) =>
  (object: JsonObject): Cause[] =>
    check(objectAt(object, "spec"));

export function deploymentViolations(object: JsonObject): Cause[] {
  return [...deploymentSpecViolations(object), ...deploymentStatusViolations(objectAt(object, "status"))];
}

const parts = ["updatedReplicas", "readyReplicas", "availableReplicas"];

function deploymentStatusViolations(status: JsonObject): Cause[] {
  const count = (field: string) => numberAt(status, field) ?? 0;
  const exceeds = (field: string, whole: string, text: string) =>
    count(field) > count(whole)
      ? [invalidValue(`status.${field}`, count(field), `cannot be greater than ${text}`)]
      : [];
  return [
    ...negatives("status", status, ["observedGeneration", "replicas", ...parts, "unavailableReplicas"]),
    ...negatives("status", status, ["terminatingReplicas", "collisionCount"]),
    ...parts.flatMap((field) => exceeds(field, "replicas", "status.replicas")),
    ...exceeds("availableReplicas", "readyReplicas", "readyReplicas"),
  ];
}

const deploymentSpecViolations = specOf((spec) => [
  ...negatives("spec", spec, ["replicas"]),
  ...ownSelectorViolations(spec, "deployment"),
  ...chosenTemplateViolations(spec, "ReplicaSet"),
  ...deploymentStrategyViolations(spec),
  ...negatives("spec", spec, ["minReadySeconds", "revisionHistoryLimit"]),
  ...deadlineViolations(spec),
]);

export const replicaSetViolations = specOf((spec) => [
  ...negatives("spec", spec, ["replicas", "minReadySeconds"]),
  ...ownSelectorViolations(spec, "deployment"),
  ...chosenTemplateViolations(spec, "ReplicaSet"),
]);

export function ownSelectorViolations(spec: JsonObject, kind: string): Cause[] {
  const selector = spec["selector"];
  // A daemon set without one chooses nothing, not its own template either.
  if (!isObject(selector)) return kind === "daemonset" ? [] : [required("spec.selector")];
  const causes = selectorViolations(selector, "spec.selector");
  if (isEmptySelector(selector)) {
    return [...causes, invalidValue("spec.selector", {}, `empty selector is invalid for ${kind}`)];
  }
  if (causes.length === 0) return [];
  return kind === "daemonset" ? causes : [...causes, invalidValue("spec.selector", selector, "invalid label selector")];
}

/** The template, where its selector can be read. */
export function chosenTemplateViolations(spec: JsonObject, kind: string): Cause[] {
  const labels = stringsAt(spec, "template", "metadata", "labels");
  const chosen = matches(spec["selector"], labels);
  if (chosen === undefined && kind !== "DaemonSet") return [];
  return [
    ...(chosen === false ? [unchosen(labels)] : []),
    ...templateViolations(objectAt(spec, "template"), "spec.template"),
    ...alwaysViolations(spec, kind),
  ];
}

function unchosen(labels: Readonly<Record<string, string>>): Cause {
  const shown = Object.keys(labels).length === 0 ? null : { ...labels };
  return invalidValue("spec.template.metadata.labels", shown, "`selector` does not match template `labels`");
}

export function templateViolations(template: JsonObject, path: string): Cause[] {
  return [
    ...labelsViolations(`${path}.labels`, objectAt(template, "metadata")["labels"]),
    ...metadataKeyViolations(`${path}.annotations`, objectAt(template, "metadata", "annotations")),
    ...podSpecViolations(objectAt(template, "spec"), `${path}.spec`),
  ];
}

/** Such pods are started again for ever. */
function alwaysViolations(spec: JsonObject, kind: string): Cause[] {
  const path = "spec.template.spec";
  const policy = stringAt(spec, "template", "spec", "restartPolicy") ?? "Always";
  const deadline = numberAt(spec, "template", "spec", "activeDeadlineSeconds");
  return [
    ...(policy === "Always" ? [] : [unsupported(`${path}.restartPolicy`, policy, ["Always"])]),
    ...(deadline === undefined
      ? []
      : [forbidden(`${path}.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`)]),
  ];
}

const percentText =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')";

/** A number, or a part of all. */
export function partViolations(field: string, value: Json | undefined): Cause[] {
  if (typeof value === "string") {
    const percent = /^([0-9]+)%$/.exec(value)?.[1];
    if (percent === undefined) return [invalidValue(field, value, percentText)];
    return [];
  }
  if (typeof value === "number" && value < 0) {
    return [invalidValue(field, value, "must be greater than or equal to 0")];
  }
  return [];
}

export function wholeViolations(field: string, value: Json | undefined): Cause[] {
  const percent = typeof value === "string" ? Number(/^([0-9]+)%$/.exec(value)?.[1] ?? 0) : 0;
  return percent > 100 ? [invalidValue(field, value ?? null, "must not be greater than 100%")] : [];
}

const isNothing = (value: Json | undefined) => value === 0 || value === "0%";

function deploymentStrategyViolations(spec: JsonObject): Cause[] {
  const strategy = objectAt(spec, "strategy");
  const rolling = strategy["rollingUpdate"];
  const path = "spec.strategy.rollingUpdate";
  switch (stringAt(strategy, "type")) {
    case "Recreate":
      return isObject(rolling) ? [forbidden(path, "may not be specified when strategy `type` is 'Recreate'")] : [];
    case "RollingUpdate": {
      const { maxUnavailable, maxSurge } = objectAt(rolling);
      return [
        ...partViolations(`${path}.maxUnavailable`, maxUnavailable),
        ...partViolations(`${path}.maxSurge`, maxSurge),
        ...(isNothing(maxUnavailable) && isNothing(maxSurge)
          ? [invalidValue(`${path}.maxUnavailable`, maxUnavailable ?? 0, "may not be 0 when `maxSurge` is 0")]
          : []),
        ...wholeViolations(`${path}.maxUnavailable`, maxUnavailable),
      ];
    }
    default:
      return [unsupported("spec.strategy", shownStrategy(strategy), ["Recreate", "RollingUpdate"])];
  }
}

/** As Go prints it. */
export function shownStrategy(strategy: JsonObject): JsonObject {
  return { Type: strategy["type"] ?? "", RollingUpdate: strategy["rollingUpdate"] ?? null };
}

function deadlineViolations(spec: JsonObject): Cause[] {
  const deadline = numberAt(spec, "progressDeadlineSeconds");
  if (deadline === undefined) return [];
  const field = "spec.progressDeadlineSeconds";
  const isShort = deadline <= (numberAt(spec, "minReadySeconds") ?? 0);
  return [
    ...negatives("spec", spec, ["progressDeadlineSeconds"]),
    ...(isShort ? [invalidValue(field, deadline, "must be greater than minReadySeconds")] : []),
  ];
}
