/** The cells of kinds that a cluster's administrator and its controllers look after, scaling and endpoints among them. */
import { isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt, stringsAt } from "../json.ts";
import type { KubeObject } from "../object.ts";
import {
  ageOf,
  containersOf,
  count,
  duration,
  firstOf,
  labelsText,
  modesText,
  named,
  none,
  type Printer,
  unknown,
} from "./cells.ts";

const unset = "<unset>";

const markedDefault =
  (annotation: string, print: Printer): Printer =>
  (object, now) => {
    const isDefault = stringsAt(object, "metadata", "annotations")[annotation] === "true";
    return [`${object.metadata.name}${isDefault ? " (default)" : ""}`, ...print(object, now)];
  };

/** A group in front of a name, or behind a kind, where there is one. */
const joined = (left: string, separator: string, right: string) =>
  [left, right].filter((part) => part !== "").join(separator);

function parametersText(spec: JsonObject): string {
  const parameters = spec["parameters"];
  if (!isObject(parameters)) return none;
  const kind = joined(stringAt(parameters, "kind") ?? "", ".", stringAt(parameters, "apiGroup") ?? "");
  return `${kind}/${stringAt(parameters, "name") ?? ""}`;
}

/** What an autoscaler looks at: of each metric its value now, and the one that it is to have. */
function metricsText(autoscaler: KubeObject): string {
  const current = listAt(autoscaler, "status", "currentMetrics");
  const texts = listAt(autoscaler, "spec", "metrics").map((metric, index) => metricText(metric, current[index]));
  if (texts.length === 0) return none;
  const more = texts.length - 2;
  return more > 0 ? `${texts.slice(0, 2).join(", ")} + ${more} more...` : texts.join(", ");
}

const metricFields: Readonly<Record<string, string>> = {
  ...{ External: "external", Pods: "pods", Object: "object", Resource: "resource" },
  ContainerResource: "containerResource",
};

function metricText(metric: Json, status: Json | undefined): string {
  const type = stringAt(metric, "type") ?? "";
  const field = metricFields[type];
  if (field === undefined) return "<unknown type>";
  const target = objectAt(metric, field, "target");
  const now = objectAt(status, field, "current");
  const text = (value: Json | undefined, missing: string) => (value === undefined ? missing : String(value));
  const average = `${text(now["averageValue"], unknown)}/${text(target["averageValue"], "<auto>")}`;
  if (type === "Pods") return average;
  if (type === "Resource" || type === "ContainerResource") {
    const name = stringAt(metric, field, "name") ?? "";
    if (target["averageValue"] !== undefined) return `${name}: ${average}`;
    const part = (of: JsonObject, missing: string) =>
      of["averageUtilization"] === undefined ? missing : `${String(of["averageUtilization"])}%`;
    return `${name}: ${part(now, unknown)}/${part(target, "<auto>")}`;
  }
  if (target["averageValue"] !== undefined) return `${average} (avg)`;
  return `${text(now["value"], unknown)}/${text(target["value"], "<nil>")}`;
}

function subsetsText(endpoints: KubeObject): string {
  return firstOf(
    listAt(endpoints, "subsets").flatMap((subset) => {
      const addresses = listAt(subset, "addresses").map((each) => stringAt(each, "ip") ?? "");
      const ports = listAt(subset, "ports").map((port) => numberAt(port, "port") ?? 0);
      if (ports.length === 0) return addresses;
      return ports.flatMap((port) =>
        addresses.map((address) => `${address.includes(":") ? `[${address}]` : address}:${port}`),
      );
    }),
  );
}

function controllerText(object: KubeObject): string {
  const owner = (object.metadata.ownerReferences ?? []).find((each) => each["controller"] === true);
  if (owner === undefined) return none;
  const group = owner.apiVersion.includes("/") ? (owner.apiVersion.split("/")[0] ?? "") : "";
  return `${joined(owner.kind.toLowerCase(), ".", group)}/${owner.name}`;
}

function paramText(spec: JsonObject): string {
  const reference = objectAt(spec, "paramRef");
  const name = stringAt(reference, "name") ?? "";
  return name === "" ? unset : `${stringAt(reference, "namespace") || "*"}/${name}`;
}

const durationText = (seconds: number | undefined) => (seconds === undefined ? none : duration(seconds));

function requestStatus(request: KubeObject): string {
  const conditions = listAt(request, "status", "conditions").map((each) => stringAt(each, "type"));
  const decided = ["Denied", "Approved"].find((type) => conditions.includes(type)) ?? "Pending";
  const failed = conditions.includes("Failed") ? ",Failed" : "";
  return `${decided}${failed}${stringAt(request, "status", "certificate") ? ",Issued" : ""}`;
}

function claimState(claim: KubeObject): string {
  const isAllocated = isObject(objectAt(claim, "status")["allocation"]);
  const isReserved = listAt(claim, "status", "reservedFor").length > 0;
  const isDeleted = claim.metadata.deletionTimestamp !== undefined;
  return [isDeleted && "deleted", isAllocated ? "allocated" : "pending", isReserved && "reserved"]
    .filter(Boolean)
    .join(",");
}

const policyBinding = named((object, now) => [
  stringAt(object, "spec", "policyName") ?? "",
  paramText(objectAt(object, "spec")),
  ageOf(object, now),
]);

export const clusterPrinters: Readonly<Record<string, Printer>> = {
  HorizontalPodAutoscaler: named((object, now) => [
    `${stringAt(object, "spec", "scaleTargetRef", "kind") ?? ""}/${stringAt(object, "spec", "scaleTargetRef", "name") ?? ""}`,
    metricsText(object),
    String(numberAt(object, "spec", "minReplicas") ?? unset),
    count(object, "spec", "maxReplicas"),
    count(object, "status", "currentReplicas"),
    ageOf(object, now),
  ]),
  StorageClass: markedDefault("storageclass.kubernetes.io/is-default-class", (object, now) => [
    stringAt(object, "provisioner") ?? "",
    stringAt(object, "reclaimPolicy") ?? "Delete",
    stringAt(object, "volumeBindingMode") ?? "Immediate",
    object["allowVolumeExpansion"] === true,
    ageOf(object, now),
  ]),
  IngressClass: markedDefault("ingressclass.kubernetes.io/is-default-class", (object, now) => [
    stringAt(object, "spec", "controller") ?? "",
    parametersText(objectAt(object, "spec")),
    ageOf(object, now),
  ]),
  PersistentVolume: named((object, now) => [
    stringAt(object, "spec", "capacity", "storage") ?? "0",
    modesText(listAt(object, "spec", "accessModes")),
    stringAt(object, "spec", "persistentVolumeReclaimPolicy") ?? "",
    object.metadata.deletionTimestamp === undefined ? (stringAt(object, "status", "phase") ?? "") : "Terminating",
    isObject(objectAt(object, "spec")["claimRef"])
      ? `${stringAt(object, "spec", "claimRef", "namespace") ?? ""}/${stringAt(object, "spec", "claimRef", "name") ?? ""}`
      : "",
    stringAt(object, "spec", "storageClassName") ?? "",
    stringAt(object, "spec", "volumeAttributesClassName") ?? unset,
    stringAt(object, "status", "reason") ?? "",
    ageOf(object, now),
    stringAt(object, "spec", "volumeMode") ?? unset,
  ]),
  Endpoints: named((object, now) => [subsetsText(object), ageOf(object, now)]),
  EndpointSlice: named((object, now) => [
    stringAt(object, "addressType") ?? "",
    firstOf(listAt(object, "ports").map((port) => String(numberAt(port, "port") ?? stringAt(port, "name") ?? "*"))),
    firstOf(listAt(object, "endpoints").flatMap((each) => listAt(each, "addresses").map(String))),
    ageOf(object, now),
  ]),
  ReplicationController: named((object, now) => [
    count(object, "spec", "replicas"),
    count(object, "status", "replicas"),
    count(object, "status", "readyReplicas"),
    ageOf(object, now),
    ...containersOf(objectAt(object, "spec", "template", "spec")),
    labelsText(stringsAt(object, "spec", "selector")),
  ]),
  PodTemplate: named((object) => [
    ...containersOf(objectAt(object, "template", "spec")),
    labelsText(stringsAt(object, "template", "metadata", "labels")),
  ]),
  ControllerRevision: named((object, now) => [
    controllerText(object),
    numberAt(object, "revision") ?? 0,
    ageOf(object, now),
  ]),
  CSIDriver: named((object, now) => {
    const spec = objectAt(object, "spec");
    const audiences = listAt(spec, "tokenRequests").map((each) => stringAt(each, "audience") ?? "");
    return [
      spec["attachRequired"] !== false,
      spec["podInfoOnMount"] === true,
      spec["storageCapacity"] === true,
      spec["tokenRequests"] === undefined ? unset : audiences.join(","),
      spec["requiresRepublish"] === true,
      listAt(spec, "volumeLifecycleModes").join(",") || none,
      ageOf(object, now),
    ];
  }),
  CSINode: named((object, now) => [listAt(object, "spec", "drivers").length, ageOf(object, now)]),
  VolumeAttachment: named((object, now) => [
    stringAt(object, "spec", "attacher") ?? "",
    stringAt(object, "spec", "source", "persistentVolumeName") ?? "",
    stringAt(object, "spec", "nodeName") ?? "",
    objectAt(object, "status")["attached"] === true,
    ageOf(object, now),
  ]),
  VolumeAttributesClass: named((object, now) => [stringAt(object, "driverName") ?? "", ageOf(object, now)]),
  CertificateSigningRequest: named((object, now) => [
    ageOf(object, now),
    stringAt(object, "spec", "signerName") || none,
    stringAt(object, "spec", "username") ?? "",
    durationText(numberAt(object, "spec", "expirationSeconds")),
    requestStatus(object),
  ]),
  ResourceClaim: named((object, now) => [claimState(object), ageOf(object, now)]),
  RuntimeClass: named((object, now) => [stringAt(object, "handler") ?? "", ageOf(object, now)]),
  ServiceCIDR: named((object, now) => [listAt(object, "spec", "cidrs").join(","), ageOf(object, now)]),
  ValidatingAdmissionPolicyBinding: policyBinding,
  MutatingAdmissionPolicyBinding: policyBinding,
  FlowSchema: named((object, now) => [
    stringAt(object, "spec", "priorityLevelConfiguration", "name") ?? "",
    count(object, "spec", "matchingPrecedence"),
    stringAt(object, "spec", "distinguisherMethod", "type") ?? none,
    ageOf(object, now),
    stringAt(
      listAt(object, "status", "conditions").find((each) => stringAt(each, "type") === "Dangling"),
      "status",
    ) ?? "?",
  ]),
  PriorityLevelConfiguration: named((object, now) => {
    const limited = objectAt(object, "spec", "limited");
    const queuing = objectAt(limited, "limitResponse", "queuing");
    return [
      stringAt(object, "spec", "type") ?? "",
      limited["nominalConcurrencyShares"] ?? none,
      ...["queues", "handSize", "queueLengthLimit"].map((field) => queuing[field] ?? none),
      ageOf(object, now),
    ];
  }),
};
