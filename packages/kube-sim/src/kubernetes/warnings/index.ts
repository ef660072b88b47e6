/** What a write is warned of, by kind, though it is done: the strategies' WarningsOnCreate and WarningsOnUpdate. */
import { equal, isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "../json.ts";
import type { Resource } from "../resource.ts";
import { nanos, shown } from "../validation/amountNames.ts";
import { dotlessProblems } from "../validation/causes.ts";
import { addressWarnings, blockWarnings } from "./addresses.ts";
import { fractionWarning, podWarnings } from "./pods.ts";

type Old = JsonObject | undefined;
type Warnings = (object: JsonObject, old: Old) => string[];

/** Of a kind that makes pods, once more when anything but its status has changed. */
const workload =
  (path: readonly string[]): Warnings =>
  (object, old) => [
    ...(old === undefined ? nameWarnings(object, "Pod names and hostnames") : []),
    ...(old !== undefined && equal(objectAt(object, "spec"), objectAt(old, "spec"))
      ? []
      : podWarnings(objectAt(object, ...path), `${path.join(".")}.`)),
  ];

function nameWarnings(object: JsonObject, place: string): string[] {
  const problems = dotlessProblems(stringAt(object, "metadata", "name") ?? "");
  if (problems.length === 0) return [];
  const surprise = "which can result in surprising behavior; a DNS label is recommended";
  return [`metadata.name: this is used in ${place}, ${surprise}: [${problems.join(" ")}]`];
}

const template = ["spec", "template"];

function cronJob(object: JsonObject, old: Old): string[] {
  const zone =
    "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details";
  const hasZone = old !== undefined && (stringAt(object, "spec", "schedule") ?? "").includes("TZ");
  return [...workload(["spec", "jobTemplate", "spec", "template"])(object, old), ...(hasZone ? [zone] : [])];
}

function service(object: JsonObject): string[] {
  const spec = objectAt(object, "spec");
  const type = stringAt(spec, "type") ?? "";
  const isHeadless = type === "ClusterIP" && stringAt(spec, "clusterIP") === "None";
  const isNamed = type === "ExternalName";
  const outside = listAt(spec, "externalIPs").map(String);
  const balancer = stringAt(spec, "loadBalancerIP") ?? "";
  const annotation = "service.kubernetes.io/topology-aware-hints";
  const addresses = listAt(spec, "clusterIPs").map(String);
  const says = (isSo: boolean, text: string) => (isSo ? [text] : []);
  return [
    ...says(
      objectAt(object, "metadata", "annotations")[annotation] !== undefined,
      `annotation ${annotation} is deprecated, please use service.kubernetes.io/topology-mode instead`,
    ),
    ...addresses.flatMap((each, index) => addressWarnings(each, `spec.clusterIPs[${index}]`)),
    ...says(isHeadless && balancer !== "", "spec.loadBalancerIP is ignored for headless services"),
    ...says(isHeadless && outside.length > 0, "spec.externalIPs is ignored for headless services"),
    ...says(
      isHeadless && (stringAt(spec, "sessionAffinity") ?? "None") !== "None",
      "spec.SessionAffinity is ignored for headless services",
    ),
    ...outside.flatMap((each, index) => addressWarnings(each, `spec.externalIPs[${index}]`)),
    ...says(
      outside.length > 0 && !isHeadless && !isNamed,
      "spec.externalIPs is deprecated and may no longer be implemented in some clusters",
    ),
    ...addressWarnings(balancer, "spec.loadBalancerIP"),
    ...listAt(spec, "loadBalancerSourceRanges").flatMap((each, index) =>
      blockWarnings(String(each), `spec.loadBalancerSourceRanges[${index}]`),
    ),
    ...says(isNamed && outside.length > 0, `spec.externalIPs is ignored when spec.type is "ExternalName"`),
    ...says(
      !isNamed && (stringAt(spec, "externalName") ?? "") !== "",
      `spec.externalName is ignored when spec.type is not "ExternalName"`,
    ),
    ...says(
      stringAt(spec, "trafficDistribution") === "PreferClose",
      `spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"`,
    ),
  ];
}

function ingress(object: JsonObject, old: Old): string[] {
  const key = "kubernetes.io/ingress.class";
  const isOld = objectAt(object, "metadata", "annotations")[key] !== undefined;
  if (old !== undefined || !isOld || stringAt(object, "spec", "ingressClassName") !== undefined) return [];
  return [`annotation "${key}" is deprecated, please use 'spec.ingressClassName' instead`];
}

/** Asks for more than it may have. */
function quota(object: JsonObject, old: Old): string[] {
  if (old !== undefined) return [];
  const hard = objectAt(object, "spec", "hard");
  return ["cpu", "memory", "storage", "ephemeral-storage"].flatMap((name) => {
    const isBare = hard[`requests.${name}`] === undefined && ["cpu", "memory"].includes(name);
    const asked = isBare ? name : `requests.${name}`;
    const [request, limit] = [hard[asked], hard[`limits.${name}`]];
    if (request === undefined || limit === undefined || nanos(request) <= nanos(limit)) return [];
    return [`ResourceQuota ${asked} (${shown(request)}) should be less than limits.${name} (${shown(limit)})`];
  });
}

const storageClassKey = "volume.beta.kubernetes.io/storage-class";
const oldClass = `deprecated since v1.8; use "storageClassName" attribute instead`;

function claim(object: JsonObject): string[] {
  const isOld = objectAt(object, "metadata", "annotations")[storageClassKey] !== undefined;
  return [
    ...(isOld ? [`metadata.annotations[${storageClassKey}]: ${oldClass}`] : []),
    ...claimSpec(objectAt(object, "spec"), "spec"),
  ];
}

function claimSpec(spec: JsonObject, path: string): string[] {
  return ["requests", "limits"].flatMap((field) =>
    fractionWarning(objectAt(spec, "resources", field)["storage"], `${path}.resources.${field}[storage]`),
  );
}

function node(object: JsonObject): string[] {
  const spec = objectAt(object, "spec");
  return [
    ...(spec["configSource"] === undefined ? [] : ["spec.configSource: the feature is removed"]),
    ...(stringAt(spec, "externalID") ? ["spec.externalID: this field is deprecated, and is unused by Kubernetes"] : []),
  ];
}

function account(object: JsonObject, old: Old): string[] {
  const key = "kubernetes.io/enforce-mountable-secrets";
  const has = (of: Old) => objectAt(of ?? {}, "metadata", "annotations")[key] !== undefined;
  if (!has(object) || has(old)) return [];
  const instead = "prefer separate namespaces to isolate access to mounted secrets";
  return [`metadata.annotations[${key}]: deprecated in v1.32+; ${instead}`];
}

function slice(object: JsonObject): string[] {
  const isNames = stringAt(object, "addressType") === "FQDN";
  return [
    ...(isNames ? ["spec.addressType: FQDN endpoints are deprecated"] : []),
    ...listAt(object, "endpoints").flatMap((each, index) =>
      listAt(each, "addresses").flatMap((address, place) =>
        addressWarnings(String(address), `endpoints[${index}].addresses[${place}]`),
      ),
    ),
  ];
}

function endpoints(object: JsonObject): string[] {
  return listAt(object, "subsets").flatMap((subset, index) =>
    ["addresses", "notReadyAddresses"].flatMap((field) =>
      listAt(subset, field).flatMap((each, place) =>
        addressWarnings(stringAt(each, "ip") ?? "", `subsets[${index}].${field}[${place}].ip`),
      ),
    ),
  );
}

const textFormats: ReadonlySet<string> = new Set([
  ...["bsonobjectid", "uri", "email", "hostname", "ipv4", "ipv6", "cidr", "mac", "uuid", "uuid3", "uuid4", "uuid5"],
  ...["isbn", "isbn10", "isbn13", "creditcard", "ssn", "hexcolor", "rgbcolor", "byte", "password", "date", "duration"],
  ...["datetime", "k8sshortname", "k8slongname"],
]);

function definition(object: JsonObject, old: Old): string[] {
  if (old !== undefined) return [];
  const unknown = listAt(object, "spec", "versions").flatMap((each) => formatsIn(objectAt(each, "schema")));
  return unknown.map((format) => `unrecognized format ${JSON.stringify(format)}`);
}

/** By type; one without a type is taken for a text. */
const isKnownFormat: Readonly<Record<string, (format: string) => boolean>> = {
  "": (format) => textFormats.has(format.replaceAll("-", "")),
  string: (format) => textFormats.has(format.replaceAll("-", "")),
  integer: (format) => ["int32", "int64"].includes(format),
  number: (format) => ["float", "double"].includes(format),
};

function formatsIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(formatsIn);
  const format = stringAt(value, "format") ?? "";
  const isKnown = format === "" || isKnownFormat[stringAt(value, "type") ?? ""]?.(format) === true;
  return [...(isKnown ? [] : [format]), ...(isObject(value) ? Object.values(value).flatMap(formatsIn) : [])];
}

const byKind: Readonly<Record<string, Warnings>> = {
  Pod: (object, old) =>
    old === undefined ? [...nameWarnings(object, "the Pod's hostname"), ...podWarnings(object, "")] : [],
  ...{ Deployment: workload(template), ReplicaSet: workload(template) },
  ...{ Job: workload(template), CronJob: cronJob, Service: service, Ingress: ingress, ResourceQuota: quota },
  ...{ PersistentVolumeClaim: claim, Node: node, ServiceAccount: account, EndpointSlice: slice, Endpoints: endpoints },
  CustomResourceDefinition: definition,
};

const ownersTwice =
  ".metadata.ownerReferences contains duplicate entries; API server dedups owner references in 1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) observed: ";

/** With each owner once, which is warned of. */
export function withOwnersOnce(object: JsonObject, warn: (text: string) => void): JsonObject {
  const owners = listAt(object, "metadata", "ownerReferences");
  const isFirst = (owner: Json, index: number) => owners.findIndex((each) => equal(each, owner)) === index;
  const again = owners.filter((owner, index) => !isFirst(owner, index)).map((owner) => stringAt(owner, "uid") ?? "");
  if (again.length === 0) return object;
  warn(`${ownersTwice}${again.join(", ")}`);
  return { ...object, metadata: { ...objectAt(object, "metadata"), ownerReferences: owners.filter(isFirst) } };
}

export function warningsOf({ kind, isCustom }: Resource, object: JsonObject, old?: JsonObject): string[] {
  return isCustom ? [] : (byKind[kind]?.(object, old) ?? []);
}
