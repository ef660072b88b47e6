/** The cells of the tables of built-in kinds, by kind in cells.json: what is shown, and of which fields. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  at,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  stringsAt,
} from "azure-sim/json";
import type { KubeObject } from "../object.ts";
import type { Resource } from "../resource.ts";
import { age, ageOf } from "./ages.ts";

type Printer = (object: KubeObject, now: Date) => Json[];
type Cell = (object: KubeObject, args: readonly string[], now: Date) => Json;

const columns = JSON.parse(readFileSync(join(import.meta.dirname, "cells.json"), "utf8")) as Readonly<
  Record<string, readonly string[]>
>;

export function printerOf({ kind }: Pick<Resource, "kind">): Printer | undefined {
  const own = columns[kind]?.map((text) => text.split(" "));
  return own && ((object, now) => own.map(([cell = "", ...args]) => cells[cell]?.(object, args, now) ?? ""));
}

const none = "<none>";
const path = (text = "") => text.split(".");
const count = (object: KubeObject, text?: string) => numberAt(object, ...path(text)) ?? 0;
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

function podStatus(pod: KubeObject): string {
  if (pod.metadata.deletionTimestamp !== undefined) return "Terminating";
  let reason = stringAt(pod, "status", "reason") ?? stringAt(pod, "status", "phase") ?? "";
  for (const each of listAt(pod, "status", "containerStatuses")) {
    const ended = objectAt(each, "state", "terminated");
    const code = numberAt(ended, "exitCode");
    const why = stringAt(each, "state", "waiting", "reason") || stringAt(ended, "reason");
    reason = why || (code === undefined ? reason : `ExitCode:${code}`);
  }
  return reason;
}

function jobStatus(job: KubeObject): string {
  const holds = (type: string) => stringAt(conditionOf(job, type), "status") === "True";
  const ended = ["Complete", "Failed"].find(holds);
  if (ended !== undefined) return ended;
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating";
  if (at(job, "spec", "suspend") === true) return "Suspended";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(holds) ?? "Running";
}

function conditionOf(object: KubeObject, type: string): Json | undefined {
  return listAt(object, "status", "conditions").find((each) => stringAt(each, "type") === type);
}

function completions(job: KubeObject): string {
  const wanted = numberAt(job, "spec", "completions");
  const done = count(job, "status.succeeded");
  const parallelism = count(job, "spec.parallelism");
  if (wanted === undefined && parallelism > 1) return `${done}/1 of ${parallelism}`;
  return `${done}/${wanted ?? 1}`;
}

function jobDuration(job: KubeObject, now: Date): string {
  const [started, ended] = ["startTime", "completionTime"].map((field) => stringAt(job, "status", field));
  return started === undefined ? "" : age(new Date(started), ended === undefined ? now : new Date(ended));
}

/** What a quota allows and what is used of it, the limits apart. */
function quotaText(quota: KubeObject, isLimit: boolean): string {
  const [hard, used] = [objectAt(quota, "status", "hard"), objectAt(quota, "status", "used")];
  const names = Object.keys(hard).filter((name) => name.startsWith("limits") === isLimit);
  return names
    .toSorted()
    .map((name) => `${name}: ${String(used[name] ?? 0)}/${String(hard[name])}`)
    .join(", ");
}

function subjects(binding: KubeObject, kind: string): string {
  return listAt(binding, "subjects")
    .filter((each) => stringAt(each, "kind") === kind)
    .map((each) => {
      const name = stringAt(each, "name") ?? "";
      return kind === "ServiceAccount" ? `${stringAt(each, "namespace") ?? ""}/${name}` : name;
    })
    .join(", ");
}

function servicePorts(service: KubeObject): string {
  const ports = listAt(service, "spec", "ports").map((port) => {
    const nodePort = numberAt(port, "nodePort");
    const shown = nodePort === undefined ? "" : `:${nodePort}`;
    return `${numberAt(port, "port")}${shown}/${stringAt(port, "protocol")}`;
  });
  return ports.join(",") || none;
}

function selectorText(selector: JsonObject): string {
  const labels = Object.entries(stringsAt(selector, "matchLabels")).map(([key, value]) => `${key}=${value}`);
  const expressions = listAt(selector, "matchExpressions").map((each) => {
    const [key = "", operator] = ["key", "operator"].map((field) => stringAt(each, field));
    const values = `(${listAt(each, "values").join(",")})`;
    if (operator === "In" || operator === "NotIn") return `${key} ${operator.toLowerCase()} ${values}`;
    return operator === "DoesNotExist" ? `!${key}` : key;
  });
  return [...labels, ...expressions].toSorted().join(",") || none;
}

/** The first ones, and how many there are besides. */
function firstOf(all: readonly string[], most = 3): string {
  const more = all.length - most;
  const shown = more > 0 ? `${all.slice(0, most).join(",")} + ${more} more...` : all.join(",");
  return shown || none;
}

function subsetsText(endpoints: KubeObject): string {
  return firstOf(
    listAt(endpoints, "subsets").flatMap((subset) => {
      const addresses = listAt(subset, "addresses").map((each) => stringAt(each, "ip") ?? "");
      const ports = listAt(subset, "ports").map((port) => numberAt(port, "port") ?? 0);
      if (ports.length === 0) return addresses;
      return ports.flatMap((port) => addresses.map((each) => `${each.includes(":") ? `[${each}]` : each}:${port}`));
    }),
  );
}

/** What an autoscaler looks at: of each metric its value now, and the one that it is to have. */
function metricsText(autoscaler: KubeObject): string {
  const current = listAt(autoscaler, "status", "currentMetrics");
  const texts = listAt(autoscaler, "spec", "metrics").map((metric, index) => metricText(metric, current[index]));
  const more = texts.length > 2 ? ` + ${texts.length - 2} more...` : "";
  return `${texts.slice(0, 2).join(", ")}${more}` || none;
}

function metricText(metric: Json, status: Json | undefined): string {
  const type = stringAt(metric, "type") ?? "";
  const field = `${type[0]?.toLowerCase() ?? ""}${type.slice(1)}`;
  const [target, now] = [objectAt(metric, field, "target"), objectAt(status, field, "current")];
  const pair = (name: string, missing: string, unit = "") =>
    [now[name] ?? "<unknown>", target[name] ?? missing]
      .map((each) => (typeof each === "number" ? `${each}${unit}` : String(each)))
      .join("/");
  const isAverage = target["averageValue"] !== undefined;
  if (type === "Pods") return pair("averageValue", "<auto>");
  if (type === "Resource" || type === "ContainerResource") {
    const shown = isAverage ? pair("averageValue", "<auto>") : pair("averageUtilization", "<auto>", "%");
    return `${stringAt(metric, field, "name") ?? ""}: ${shown}`;
  }
  return isAverage ? `${pair("averageValue", "<auto>")} (avg)` : pair("value", "<nil>");
}

function nodeRoles({ metadata: { labels = {} } }: KubeObject): string {
  const roles = Object.entries(labels).flatMap(([key, value]) => {
    const role = /^node-role\.kubernetes\.io\/(.+)$/.exec(key)?.[1] ?? (key === "kubernetes.io/role" ? value : "");
    return role || [];
  });
  return [...new Set(roles)].toSorted().join(",") || none;
}

function nodeStatus(node: KubeObject): string {
  const ready = conditionOf(node, "Ready");
  const status = ready === undefined ? "Unknown" : stringAt(ready, "status") === "True" ? "Ready" : "NotReady";
  return at(node, "spec", "unschedulable") === true ? `${status},SchedulingDisabled` : status;
}

const shortModes: Readonly<Record<string, string>> = {
  ...{ ReadWriteOnce: "RWO", ReadOnlyMany: "ROX", ReadWriteMany: "RWX", ReadWriteOncePod: "RWOP" },
};

const cells: Readonly<Record<string, Cell>> = {
  name: ({ metadata }) => metadata.name,
  age: (object, _, now) => ageOf(object, now),
  created: ({ metadata }) => metadata.creationTimestamp,
  words: (_, [text = ""]) => text,
  text: (object, [field, missing = ""]) => String(at(object, ...path(field)) || missing),
  trimmed: (object, [field]) => (stringAt(object, ...path(field)) ?? "").trim(),
  count: (object, [field]) => count(object, field),
  of: (object, [part, whole]) => `${count(object, part)}/${count(object, whole)}`,
  isTrue: (object, [field]) => at(object, ...path(field)) === true,
  flag: (object, [field]) => (at(object, ...path(field)) === true ? "True" : "False"),
  sizeOf: (object, fields) => sum(fields.map((field) => Object.keys(objectAt(object, field)).length)),
  lengthOf: (object, [field]) => listAt(object, ...path(field)).length,
  labels: (object, [field]) => selectorText({ matchLabels: objectAt(object, ...path(field)) }),
  selector: (object, [field]) => selectorText(objectAt(object, ...path(field))),
  containers: (object, [what = "", field]) =>
    listAt(object, ...path(field), "containers")
      .map((each) => stringAt(each, what) ?? "")
      .join(","),
  ago: (object, [field], now) => {
    const time = stringAt(object, ...path(field));
    return time === undefined ? none : age(new Date(time), now);
  },
  since: (object, fields, now) => {
    const time = fields.map((field) => stringAt(object, field)).find((each) => each !== undefined);
    return time === undefined ? "<unknown>" : age(new Date(time), now);
  },
  quota: (object, [which]) => quotaText(object, which === "limits"),
  role: (object) => `${stringAt(object, "roleRef", "kind")}/${stringAt(object, "roleRef", "name")}`,
  subjects: (object, [kind = ""]) => subjects(object, kind),
  ready: (pod) => {
    const ready = listAt(pod, "status", "containerStatuses").filter((each) => isObject(each) && each["ready"] === true);
    return `${ready.length}/${listAt(pod, "spec", "containers").length}`;
  },
  restarts: (pod) =>
    String(sum(listAt(pod, "status", "containerStatuses").map((each) => numberAt(each, "restartCount") ?? 0))),
  podStatus,
  about: (event) => {
    const { kind = "", name = "" } = stringsAt(event, "involvedObject");
    return `${kind.toLowerCase()}/${name}`;
  },
  source: (event) =>
    [
      stringAt(event, "source", "component") || stringAt(event, "reportingComponent"),
      stringAt(event, "source", "host") || stringAt(event, "reportingInstance"),
    ]
      .filter(Boolean)
      .join(", "),
  times: (event) => numberAt(event, "count") || 1,
  jobStatus,
  completions,
  jobDuration: (job, _, now) => jobDuration(job, now),
  claimStatus: ({ metadata, ...claim }) =>
    metadata.deletionTimestamp === undefined ? (stringAt(claim, "status", "phase") ?? "") : "Terminating",
  // Once it has a volume.
  bound: (claim, [field]) => {
    const value = stringAt(claim, "spec", "volumeName") ? at(claim, ...path(field)) : undefined;
    return Array.isArray(value) ? value.map((mode) => shortModes[String(mode)] ?? "").join(",") : String(value ?? "");
  },
  hosts: (ingress) => {
    const hosts = listAt(ingress, "spec", "rules").flatMap((rule) => stringAt(rule, "host") || []);
    return hosts.length === 0 ? "*" : firstOf(hosts);
  },
  ingressAddress: (ingress) =>
    listAt(ingress, "status", "loadBalancer", "ingress")
      .map((each) => stringAt(each, "ip") || (stringAt(each, "hostname") ?? ""))
      .join(","),
  ingressPorts: (ingress) => (listAt(ingress, "spec", "tls").length > 0 ? "80, 443" : "80"),
  servicePorts,
  nodeStatus,
  nodeRoles,
  nodeAddress: (node, [type]) => {
    const found = listAt(node, "status", "addresses").find((each) => stringAt(each, "type") === type);
    return stringAt(found, "address") ?? none;
  },
  scaled: (object) => {
    const { kind = "", name = "" } = stringsAt(object, "spec", "scaleTargetRef");
    return `${kind}/${name}`;
  },
  metrics: metricsText,
  subsets: subsetsText,
  slicePorts: (slice) =>
    firstOf(listAt(slice, "ports").map((port) => String(numberAt(port, "port") ?? stringAt(port, "name") ?? "*"))),
  sliceAddresses: (slice) =>
    firstOf(listAt(slice, "endpoints").flatMap((each) => listAt(each, "addresses").map(String))),
};
