/** Rules of the API server for single built-in kinds: values that it fills in, and fields that are immutable. */

import type { Cause } from "./cause.ts";
import { definitionStatus, definitionViolations } from "./customResources.ts";
import {
  at,
  equal,
  isObject,
  type Json,
  type JsonObject,
  listAt,
  objectAt,
  stringAt,
  stringsAt,
  without,
} from "./json.ts";
import { invalidValue } from "./metadataRules.ts";
import type { Resource } from "./resource.ts";
import { withAddress } from "./services.ts";
import { forbidden } from "./validation/causes.ts";
import { violationsOfKind } from "./validation/index.ts";

/** The object as it is first stored; its metadata is already set. */
export function prepare(resource: Resource, object: JsonObject, time: string): JsonObject {
  switch (resource.kind) {
    case "Namespace":
      return withNameLabel(object);
    case "Secret":
      return withStringData(object);
    case "Service":
      return withAddress(object);
    case "CustomResourceDefinition":
      return definitionViolations(object, stringAt(object, "metadata", "name") ?? "").length > 0
        ? object
        : { ...object, status: definitionStatus(object, time) };
    default:
      return object;
  }
}

/** What the server itself adds to a new object: nobody owns it. */
export function generated(resource: Resource, object: JsonObject): JsonObject {
  if (resource.isCustom) return object;
  switch (resource.kind) {
    case "Job":
      return withJobSelector(object);
    case "Namespace": {
      const given = listAt(object, "spec", "finalizers").filter((each) => each !== "kubernetes");
      return { ...object, spec: { finalizers: [...given, "kubernetes"] }, status: { phase: "Active" } };
    }
    case "Pod": {
      const spec = objectAt(object, "spec");
      const serviceAccountName = stringAt(spec, "serviceAccountName") ?? "default";
      return {
        ...object,
        spec: { ...spec, serviceAccountName, serviceAccount: serviceAccountName },
        status: { phase: "Pending", qosClass: "BestEffort" },
      };
    }
    default:
      return object;
  }
}

/** Restores what must hold after every write. */
export function settle(resource: Resource, object: JsonObject): JsonObject {
  if (resource.kind === "Namespace") return withNameLabel(object);
  return resource.kind === "Secret" ? withStringData(object) : object;
}

export function kindViolations(resource: Resource, object: JsonObject): Cause[] {
  if (resource.kind === "CustomResourceDefinition") {
    return definitionViolations(object, stringAt(object, "metadata", "name") ?? "");
  }
  return violationsOfKind(resource, object);
}

/** What an update may not change, and how it is refused. */
const fixedFields: Readonly<Record<string, { readonly path: readonly string[]; readonly why: string }>> = {
  Deployment: { path: ["spec", "selector"], why: "field is immutable" },
  ReplicaSet: { path: ["spec", "selector"], why: "field is immutable" },
  DaemonSet: { path: ["spec", "selector"], why: "field is immutable" },
  RoleBinding: { path: ["roleRef"], why: "cannot change roleRef" },
  ClusterRoleBinding: { path: ["roleRef"], why: "cannot change roleRef" },
  PriorityClass: { path: ["value"], why: "may not be changed in an update." },
};

export function immutabilityViolations(resource: Resource, before: JsonObject, after: JsonObject): Cause[] {
  if (resource.isCustom) return [];
  const fixed = fixedFields[resource.kind];
  if (fixed !== undefined) {
    const { path, why } = fixed;
    const value = at(after, ...path) ?? null;
    if (equal(at(before, ...path) ?? null, value)) return [];
    return [resource.kind === "PriorityClass" ? forbidden("value", why) : invalidValue(path.join("."), value, why)];
  }
  switch (resource.kind) {
    case "Pod":
      return equal(fixedPodSpec(before), fixedPodSpec(after)) ? [] : [forbidden("spec", podUpdates)];
    case "Job":
      return ["template", "selector", "completions"].flatMap((field) => {
        const value = objectAt(after, "spec")[field];
        if (equal(objectAt(before, "spec")[field], value)) return [];
        return [invalidValue(`spec.${field}`, value ?? null, "field is immutable")];
      });
    case "StatefulSet": {
      const open = [
        ...["replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit"],
        ...["persistentVolumeClaimRetentionPolicy", "minReadySeconds"],
      ];
      const fixed = (object: JsonObject) => without(objectAt(object, "spec"), ...open);
      if (equal(fixed(before), fixed(after))) return [];
      const names = open.map((each) => `'${each}'`);
      const list = `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
      return [forbidden("spec", `updates to statefulset spec for fields other than ${list} are forbidden`)];
    }
    case "Service": {
      const [old, next] = [before, after].map((object) => stringAt(object, "spec", "clusterIP") ?? "");
      if (!old || old === next || stringAt(after, "spec", "type") === "ExternalName") return [];
      return [invalidValue("spec.clusterIPs[0]", [next ?? ""], "may not change once set")];
    }
    case "PersistentVolumeClaim": {
      const isBound = stringAt(before, "status", "phase") === "Bound";
      const fixed = (object: JsonObject) => without(objectAt(object, "spec"), ...(isBound ? ["resources"] : []));
      if (equal(fixed(before), fixed(after))) return [];
      const why =
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";
      return [forbidden("spec", why)];
    }
    case "ConfigMap":
    case "Secret": {
      const [old = "", next = ""] = [before, after].map((object) => stringAt(object, "type"));
      if (old !== next) return [invalidValue("type", next, "field is immutable")];
      if (before["immutable"] !== true) return [];
      return ["immutable", "data", "binaryData"]
        .filter((field) => !equal(before[field], after[field]))
        .map((field) => forbidden(field, "field is immutable when `immutable` is set"));
    }
    default:
      return [];
  }
}

const podUpdates =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function fixedPodSpec(pod: JsonObject): JsonObject {
  const spec = objectAt(pod, "spec");
  const fixedContainers = (containers: Json[]): Json[] =>
    containers.map((container) => (isObject(container) ? without(container, "image") : container));
  return {
    ...without(spec, "activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds"),
    containers: fixedContainers(listAt(spec, "containers")),
    initContainers: fixedContainers(listAt(spec, "initContainers")),
  };
}

function withNameLabel(namespace: JsonObject): JsonObject {
  const name = stringAt(namespace, "metadata", "name") ?? "";
  const labels = { ...stringsAt(namespace, "metadata", "labels"), "kubernetes.io/metadata.name": name };
  return { ...namespace, metadata: { ...objectAt(namespace, "metadata"), labels } };
}

/** stringData is write-only. */
function withStringData(secret: JsonObject): JsonObject {
  const plain = Object.entries(stringsAt(secret, "stringData"));
  if (plain.length === 0) return without(secret, "stringData");
  const encoded = plain.map(([key, value]) => [key, Buffer.from(value).toString("base64")]);
  return { ...without(secret, "stringData"), data: { ...objectAt(secret, "data"), ...Object.fromEntries(encoded) } };
}

function withJobSelector(job: JsonObject): JsonObject {
  const uid = stringAt(job, "metadata", "uid") ?? "";
  const name = stringAt(job, "metadata", "name") ?? "";
  const spec = objectAt(job, "spec");
  const template = objectAt(spec, "template");
  const own = {
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
    "controller-uid": uid,
    "job-name": name,
  };
  const given = stringsAt(template, "metadata", "labels");
  const labels = { ...given, ...own };
  const metadata = objectAt(job, "metadata");
  // Labels that a job has from its template get these, too.
  const isSame = equal(metadata["labels"] ?? {}, given);
  return {
    ...job,
    metadata: isSame ? { ...metadata, labels } : metadata,
    spec: {
      ...spec,
      selector: { matchLabels: { "batch.kubernetes.io/controller-uid": uid } },
      template: { ...template, metadata: { ...objectAt(template, "metadata"), labels } },
    },
  };
}
