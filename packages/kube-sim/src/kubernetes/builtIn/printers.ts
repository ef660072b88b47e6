/** The cells of the tables of built-in kinds (k8s.io/kubernetes/pkg/printers/internalversion). */
import { isObject, type Json, listAt, numberAt, objectAt, stringAt, stringsAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import type { Resource } from "../resource.ts";
import {
  age,
  ageOf,
  containersOf,
  count,
  created,
  firstOf,
  labelsText,
  modesText,
  named,
  none,
  type Printer,
  selectorText,
  size,
  unknown,
} from "./cells.ts";
import { clusterPrinters } from "./clusterPrinters.ts";

export function printerOf({ group, kind }: Pick<Resource, "group" | "kind">): Printer | undefined {
  return printers[kind === "Event" && group !== "" ? "Event" : kind];
}

function conditionOf(object: KubeObject, type: string): Json | undefined {
  return listAt(object, "status", "conditions").find((each) => stringAt(each, "type") === type);
}

function podStatus(pod: KubeObject): string {
  const statuses = listAt(pod, "status", "containerStatuses");
  let reason = stringAt(pod, "status", "reason") ?? stringAt(pod, "status", "phase") ?? "";
  for (const each of statuses) {
    const waiting = stringAt(each, "state", "waiting", "reason");
    const ended = objectAt(each, "state", "terminated");
    if (waiting) reason = waiting;
    else if (stringAt(ended, "reason")) reason = stringAt(ended, "reason") ?? "";
    else if (numberAt(ended, "exitCode") !== undefined) reason = `ExitCode:${numberAt(ended, "exitCode")}`;
  }
  return pod.metadata.deletionTimestamp === undefined ? reason : "Terminating";
}

function jobDuration(job: KubeObject, now: Date): string {
  const started = stringAt(job, "status", "startTime");
  if (started === undefined) return "";
  const ended = stringAt(job, "status", "completionTime");
  return age(new Date(started), ended === undefined ? now : new Date(ended));
}

function jobStatus(job: KubeObject): string {
  const holds = (type: string) => stringAt(conditionOf(job, type), "status") === "True";
  if (holds("Complete")) return "Complete";
  if (holds("Failed")) return "Failed";
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating";
  if (holds("Suspended") || objectAt(job, "spec")["suspend"] === true) return "Suspended";
  return holds("FailureTarget") ? "FailureTarget" : holds("SuccessCriteriaMet") ? "SuccessCriteriaMet" : "Running";
}

function completions(job: KubeObject): string {
  const wanted = numberAt(job, "spec", "completions");
  const done = count(job, "status", "succeeded");
  if (wanted !== undefined) return `${done}/${wanted}`;
  const parallelism = numberAt(job, "spec", "parallelism") ?? 0;
  return parallelism > 1 ? `${done}/1 of ${parallelism}` : `${done}/1`;
}

/** What a quota allows and what is used of it, the limits apart. */
function quotaTexts(quota: KubeObject): Json[] {
  const hard = objectAt(quota, "status", "hard");
  const used = objectAt(quota, "status", "used");
  const texts = (isLimit: boolean) =>
    Object.keys(hard)
      .filter((name) => name.startsWith("limits") === isLimit)
      .toSorted()
      .map((name) => `${name}: ${String(used[name] ?? 0)}/${String(hard[name])}`)
      .join(", ");
  return [texts(false), texts(true)];
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

const binding: Printer = named((object, now) => [
  `${stringAt(object, "roleRef", "kind")}/${stringAt(object, "roleRef", "name")}`,
  ageOf(object, now),
  ...["User", "Group", "ServiceAccount"].map((kind) => subjects(object, kind)),
]);

const workload = (spec: KubeObject): Json[] => [
  ...containersOf(objectAt(spec, "spec", "template", "spec")),
  selectorText(objectAt(spec, "spec", "selector")),
];

function servicePorts(service: KubeObject): string {
  const ports = listAt(service, "spec", "ports").map((port) => {
    const nodePort = numberAt(port, "nodePort");
    const shown = nodePort === undefined ? "" : `:${nodePort}`;
    return `${numberAt(port, "port")}${shown}/${stringAt(port, "protocol")}`;
  });
  return ports.length === 0 ? none : ports.join(",");
}

function event(object: KubeObject, now: Date): Json[] {
  const about = objectAt(object, "involvedObject");
  const time = (field: string) => stringAt(object, field);
  const last = time("lastTimestamp") ?? time("eventTime") ?? time("firstTimestamp");
  const first = time("firstTimestamp") ?? time("eventTime");
  const shown = (text: string | undefined) => (text === undefined ? unknown : age(new Date(text), now));
  const source = [
    stringAt(object, "source", "component") || stringAt(object, "reportingComponent"),
    stringAt(object, "source", "host") || stringAt(object, "reportingInstance"),
  ].filter(Boolean);
  return [
    shown(last),
    stringAt(object, "type") ?? "",
    stringAt(object, "reason") ?? "",
    `${(stringAt(about, "kind") ?? "").toLowerCase()}/${stringAt(about, "name") ?? ""}`,
    stringAt(about, "fieldPath") ?? "",
    source.join(", "),
    (stringAt(object, "message") ?? "").trim(),
    shown(first),
    numberAt(object, "count") || 1,
    object.metadata.name,
  ];
}

function pod(object: KubeObject, now: Date): Json[] {
  const statuses = listAt(object, "status", "containerStatuses");
  const ready = statuses.filter((each) => isObject(each) && each["ready"] === true).length;
  const restarts = statuses.reduce<number>((sum, each) => sum + (numberAt(each, "restartCount") ?? 0), 0);
  return [
    `${ready}/${listAt(object, "spec", "containers").length}`,
    podStatus(object),
    String(restarts),
    ageOf(object, now),
    stringAt(object, "status", "podIP") || none,
    stringAt(object, "spec", "nodeName") || none,
    stringAt(object, "status", "nominatedNodeName") || none,
    none,
  ];
}

function textOf(amount: Json | undefined): string {
  return typeof amount === "string" || typeof amount === "number" ? String(amount) : "N/A";
}

function hostsOf(ingress: KubeObject): string {
  const hosts = listAt(ingress, "spec", "rules").flatMap((rule) => stringAt(rule, "host") || []);
  return hosts.length === 0 ? "*" : firstOf(hosts);
}

const printers: Readonly<Record<string, Printer>> = {
  ...clusterPrinters,
  ConfigMap: named((object, now) => [size(object, "data", "binaryData"), ageOf(object, now)]),
  Secret: named((object, now) => [stringAt(object, "type") ?? "", size(object, "data"), ageOf(object, now)]),
  ServiceAccount: named((object, now) => [ageOf(object, now)]),
  Namespace: named((object, now) => [stringAt(object, "status", "phase") ?? "", ageOf(object, now)]),
  ResourceQuota: named((object, now) => [...quotaTexts(object), ageOf(object, now)]),
  LimitRange: created,
  Lease: named((object, now) => [stringAt(object, "spec", "holderIdentity") ?? "", ageOf(object, now)]),
  Role: created,
  ClusterRole: created,
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  CustomResourceDefinition: created,
  Pod: named(pod),
  Event: event,
  Job: named((object, now) => [
    jobStatus(object),
    completions(object),
    jobDuration(object, now),
    ageOf(object, now),
    ...workload(object),
  ]),
  CronJob: named((object, now) => [
    stringAt(object, "spec", "schedule") ?? "",
    stringAt(object, "spec", "timeZone") ?? none,
    objectAt(object, "spec")["suspend"] === true ? "True" : "False",
    listAt(object, "status", "active").length,
    lastSchedule(object, now),
    ageOf(object, now),
    ...containersOf(objectAt(object, "spec", "jobTemplate", "spec", "template", "spec")),
    none,
  ]),
  Deployment: named((object, now) => [
    `${count(object, "status", "readyReplicas")}/${count(object, "spec", "replicas")}`,
    count(object, "status", "updatedReplicas"),
    count(object, "status", "availableReplicas"),
    ageOf(object, now),
    ...workload(object),
  ]),
  ReplicaSet: named((object, now) => [
    count(object, "spec", "replicas"),
    count(object, "status", "replicas"),
    count(object, "status", "readyReplicas"),
    ageOf(object, now),
    ...workload(object),
  ]),
  PodDisruptionBudget: named((object, now) => [
    textOf(objectAt(object, "spec")["minAvailable"]),
    textOf(objectAt(object, "spec")["maxUnavailable"]),
    count(object, "status", "disruptionsAllowed"),
    ageOf(object, now),
  ]),
  PersistentVolumeClaim: named((object, now) => [
    object.metadata.deletionTimestamp === undefined ? (stringAt(object, "status", "phase") ?? "") : "Terminating",
    stringAt(object, "spec", "volumeName") ?? "",
    ...boundTexts(object),
    stringAt(object, "spec", "storageClassName") ?? "",
    stringAt(object, "spec", "volumeAttributesClassName") ?? "<unset>",
    ageOf(object, now),
    stringAt(object, "spec", "volumeMode") ?? "<unset>",
  ]),
  PriorityClass: named((object, now) => [
    numberAt(object, "value") ?? 0,
    object["globalDefault"] === true,
    ageOf(object, now),
    stringAt(object, "preemptionPolicy") ?? "",
  ]),
  Ingress: named((object, now) => [
    stringAt(object, "spec", "ingressClassName") ?? none,
    hostsOf(object),
    listAt(object, "status", "loadBalancer", "ingress")
      .map((each) => stringAt(each, "ip") || (stringAt(each, "hostname") ?? ""))
      .join(","),
    listAt(object, "spec", "tls").length > 0 ? "80, 443" : "80",
    ageOf(object, now),
  ]),
  Service: named((object, now) => [
    stringAt(object, "spec", "type") ?? "",
    stringAt(object, "spec", "clusterIP") || none,
    stringAt(object, "spec", "externalName") || none,
    servicePorts(object),
    ageOf(object, now),
    labelsText(stringsAt(object, "spec", "selector")),
  ]),
  Node: named((object, now) => [
    nodeStatus(object),
    nodeRoles(object),
    ageOf(object, now),
    stringAt(object, "status", "nodeInfo", "kubeletVersion") ?? "",
    addressOf(object, "InternalIP"),
    addressOf(object, "ExternalIP"),
    stringAt(object, "status", "nodeInfo", "osImage") || unknown,
    stringAt(object, "status", "nodeInfo", "kernelVersion") || unknown,
    stringAt(object, "status", "nodeInfo", "containerRuntimeVersion") || unknown,
  ]),
  NetworkPolicy: named((object, now) => [selectorText(objectAt(object, "spec", "podSelector")), ageOf(object, now)]),
  MutatingWebhookConfiguration: named((object, now) => [listAt(object, "webhooks").length, ageOf(object, now)]),
};

/** The capacity of a claim and how it is used, once it has a volume. */
function boundTexts(claim: KubeObject): readonly [capacity: string, modes: string] {
  if (!stringAt(claim, "spec", "volumeName")) return ["", ""];
  return [stringAt(claim, "status", "capacity", "storage") ?? "", modesText(listAt(claim, "status", "accessModes"))];
}

function lastSchedule(object: KubeObject, now: Date): string {
  const last = stringAt(object, "status", "lastScheduleTime");
  return last === undefined ? none : age(new Date(last), now);
}

function nodeStatus(node: KubeObject): string {
  const ready = conditionOf(node, "Ready");
  const status = ready === undefined ? "Unknown" : stringAt(ready, "status") === "True" ? "Ready" : "NotReady";
  return objectAt(node, "spec")["unschedulable"] === true ? `${status},SchedulingDisabled` : status;
}

function nodeRoles({ metadata: { labels = {} } }: KubeObject): string {
  const roles = Object.entries(labels).flatMap(([key, value]) => {
    const role = /^node-role\.kubernetes\.io\/(.+)$/.exec(key)?.[1] ?? (key === "kubernetes.io/role" ? value : "");
    return role || [];
  });
  return roles.length === 0 ? none : [...new Set(roles)].toSorted().join(",");
}

function addressOf(node: KubeObject, type: string): string {
  const found = listAt(node, "status", "addresses").find((each) => stringAt(each, "type") === type);
  return stringAt(found, "address") ?? none;
}
