/**
 * Pod Security admission: the levels `baseline` and `restricted` of a namespace's labels (kubernetes.io "Pod Security Standards"). A
 * pod is refused, a workload with such a template is warned of, and so is a namespace that has such pods already.
 */
import { at, equal, isObject, type JsonObject, listAt, objectAt, stringsAt } from "azure-sim/json";
import type { Cause } from "./cause.ts";
import { forbidden, invalid } from "./failures.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import { invalidValue } from "./validation/causes.ts";
import { violationsBy } from "./validation/rules.ts";

interface Written {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly object: JsonObject | null;
  readonly oldObject: JsonObject | null;
  readonly subresource: string | undefined;
  readonly warn: ((message: string) => void) | undefined;
}

export type PodSecurity = (written: Written) => void;

const levels = ["privileged", "baseline", "restricted"] as const;
type Level = (typeof levels)[number];
const prefix = "pod-security.kubernetes.io/";

interface Policy {
  readonly level: Level;
  readonly version: string;
}

export function createPodSecurity({ store, resources }: { store: Store; resources: Resources }): PodSecurity {
  function policyOf(namespace: string, mode: string): Policy {
    const namespaces = resources.ofKind("v1", "Namespace");
    const found = namespaces && store.get(namespaces, undefined, namespace);
    return policyIn(stringsAt(found, "metadata", "labels"), mode);
  }

  function warnOfPods(namespace: string, policy: Policy, warn: (message: string) => void): void {
    const pods = resources.ofKind("v1", "Pod");
    if (pods === undefined) return;
    const problems = store.list(pods, namespace).flatMap((pod) => {
      const text = violations(objectAt(pod, "spec"), policy.level);
      return text === "" ? [] : [{ name: pod.metadata.name, text }];
    });
    if (problems.length === 0) return;
    const what = `the new PodSecurity enforce level ${JSON.stringify(printed(policy))}`;
    warn(`existing pods in namespace ${JSON.stringify(namespace)} violate ${what}`);
    for (const text of new Set(problems.map((each) => each.text))) {
      const [first, ...others] = problems.filter((each) => each.text === text).map(({ name }) => name);
      const more = others.length === 0 ? "" : ` (and ${others.length} other pod${others.length === 1 ? "" : "s"})`;
      warn(`${first}${more}: ${text}`);
    }
  }

  return ({ operation, resource, namespace, name, object, oldObject, subresource, warn }) => {
    if (object === null || subresource !== undefined || resource.isCustom) return;
    if (resource.kind === "Namespace") {
      requireLabels(resource, name ?? "", object, oldObject);
      const policy = policyIn(stringsAt(object, "metadata", "labels"), "enforce");
      const isNew = !equal(
        { ...policy },
        { ...policyIn(stringsAt(oldObject ?? undefined, "metadata", "labels"), "enforce") },
      );
      if (operation === "UPDATE" && isNew && warn) warnOfPods(name ?? "", policy, warn);
      return;
    }
    if (namespace === undefined) return;
    if (resource.kind === "Pod") {
      if (operation !== "CREATE") return;
      const policy = policyOf(namespace, "enforce");
      const found = violations(objectAt(object, "spec"), policy.level);
      if (found !== "") throw forbidden(resource, name, `violates PodSecurity "${printed(policy)}": ${found}`);
    }
    const template = resource.kind === "Pod" ? objectAt(object, "spec") : templateOf(resource, object);
    const before = oldObject === null ? undefined : templateOf(resource, oldObject);
    if (template === undefined || equal(template, before)) return;
    const policy = policyOf(namespace, "warn");
    const found = violations(template, policy.level);
    if (found !== "") warn?.(`would violate PodSecurity "${printed(policy)}": ${found}`);
  };
}

function policyIn(labels: Readonly<Record<string, string>>, mode: string): Policy {
  const level = levels.find((each) => each === labels[`${prefix}${mode}`]) ?? "privileged";
  return { level, version: labels[`${prefix}${mode}-version`] ?? "latest" };
}

const printed = ({ level, version }: Policy) => `${level}:${version}`;

function requireLabels(resource: Resource, name: string, object: JsonObject, oldObject: JsonObject | null): void {
  const [labels = {}, before = {}] = [object, oldObject ?? undefined].map((each) =>
    stringsAt(each, "metadata", "labels"),
  );
  const causes = Object.entries(labels).flatMap(([key, value]) => {
    const [, mode, version] = /^pod-security[.]kubernetes[.]io[/](enforce|audit|warn)(-version)?$/.exec(key) ?? [];
    const isRight = version === undefined ? levels.some((each) => each === value) : /^(latest|v1[.]\d+)$/.test(value);
    if (mode === undefined || value === before[key] || isRight) return [];
    const why = version === undefined ? `must be one of ${levels.join(", ")}` : 'must be "latest" or "v1.x"';
    return [invalidValue(`metadata.labels[${key}]`, value, why)];
  });
  if (causes.length > 0) throw invalid(resource, name, causes);
}

/** The pods that a workload makes. */
function templateOf({ kind }: Resource, object: JsonObject): JsonObject | undefined {
  const path = kind === "CronJob" ? ["spec", "jobTemplate", "spec", "template", "spec"] : ["spec", "template", "spec"];
  const found = ["ReplicaSet", "Deployment", "Job", "CronJob"].includes(kind) ? at(object, ...path) : undefined;
  return isObject(found) ? found : undefined;
}

/** By a table of rules.json; privileged has none. */
const standards: Readonly<Record<Level, string>> = { privileged: "", baseline: "Baseline", restricted: "Restricted" };

function violations(spec: JsonObject, level: Level): string {
  const causes = violationsBy(standards[level], spec, "", { root: spec, old: undefined });
  return [...new Set(causes.map((cause) => inWords(cause, spec)))].join(", ");
}

/** `container "main" must set ...`: what is wrong, of whom. */
function inWords({ field, message }: Cause, spec: JsonObject): string {
  const [, list = "", index, rest = ""] = /^(\w*[cC]ontainers)\[(\d+)\](?:\.(.*))?$/.exec(field) ?? [
    "",
    "",
    undefined,
    field,
  ];
  const who =
    index === undefined ? "pod" : `container ${JSON.stringify(at(listAt(spec, list)[Number(index)], "name"))}`;
  const why = message.replace(/^(Forbidden|Invalid value: .*?): (?=\w)/, "");
  return `${who} ${why}${rest === "" || why.includes(rest) ? "" : ` (${rest})`}`;
}
