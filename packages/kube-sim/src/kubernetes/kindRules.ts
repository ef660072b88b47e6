/** Rules of the API server for single built-in kinds: values that it fills in, and fields that are immutable. */

import { withScheduling } from "./admission.ts";
import type { Cause } from "./cause.ts";
import { storedVersions } from "./customResources.ts";
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
import { qosClassOf } from "./podResources.ts";
import type { Resource } from "./resource.ts";
import { withAddress, withAllocated } from "./services.ts";
import { forbidden } from "./validation/causes.ts";
import { definitionUpdateViolations } from "./validation/definitions.ts";
import { eventUpdateViolations } from "./validation/events.ts";
import { violationsOfKind } from "./validation/index.ts";

/** The object as it is first stored; its metadata is already set. */
export function prepare(resource: Resource, object: JsonObject, { isDry = false } = {}): JsonObject {
  switch (resource.kind) {
    case "Namespace":
      return withNameLabel(object);
    case "Secret":
      return withStringData(object);
    case "Service":
      return withAddress(object, { isDry });
    case "Lease":
      return withoutElection(object);
    case "Node":
      return withTaint(object);
    case "PersistentVolumeClaim":
      return withProtection(withKnownSource(object));
    case "CustomResourceDefinition":
      return { ...object, status: { acceptedNames: {}, conditions: null, storedVersions: storedVersions(object) } };
    default:
      return object;
  }
}

/** What the server itself adds to a new object: nobody owns it. */
export function generated(resource: Resource, object: JsonObject): JsonObject {
  if (resource.isCustom) return object;
  switch (resource.kind) {
    case "Job":
      return at(object, "spec", "manualSelector") === true ? object : withJobSelector(object);
    case "Namespace": {
      const given = listAt(object, "spec", "finalizers");
      const finalizers = given.includes("kubernetes") ? given : [...given, "kubernetes"];
      return { ...object, spec: { finalizers }, status: { phase: "Active" } };
    }
    case "Pod": {
      const spec = objectAt(object, "spec");
      const serviceAccountName = stringAt(spec, "serviceAccountName") ?? "default";
      return {
        ...object,
        spec: { ...spec, serviceAccountName, serviceAccount: serviceAccountName },
        status: { phase: "Pending", qosClass: qosClassOf(object) },
      };
    }
    default:
      return object;
  }
}

/** Restores what must hold after every write. */
export function settle(resource: Resource, live: JsonObject, object: JsonObject): JsonObject {
  if (resource.isCustom) return object;
  switch (resource.kind) {
    case "Namespace":
      // Only its end changes these.
      return withNameLabel({ ...object, spec: objectAt(live, "spec") });
    case "Secret":
      return withStringData(object);
    case "Pod":
      return withScheduling(object);
    case "Service":
      return withAllocated(live, object);
    case "Lease":
      return withoutElection(object);
    default:
      return object;
  }
}

const notReady = { key: "node.kubernetes.io/not-ready", effect: "NoSchedule" };

/** Until its kubelet has said that it is ready (the admission plugin TaintNodesByCondition). */
function withTaint(node: JsonObject): JsonObject {
  const taints = listAt(node, "spec", "taints");
  if (
    taints.some((taint) => stringAt(taint, "key") === notReady.key && stringAt(taint, "effect") === notReady.effect)
  ) {
    return node;
  }
  return { ...node, spec: { ...objectAt(node, "spec"), taints: [...taints, notReady] } };
}

/** Of a feature that is off. */
function withoutElection(lease: JsonObject): JsonObject {
  return { ...lease, spec: without(objectAt(lease, "spec"), "preferredHolder", "strategy") };
}

export function kindViolations(resource: Resource, object: JsonObject): Cause[] {
  return violationsOfKind(resource, object);
}

/** What an update may not change, by kind. */
const fixedFields: Readonly<Record<string, readonly string[]>> = {
  ...{ Deployment: ["spec.selector"], ReplicaSet: ["spec.selector"], EndpointSlice: ["addressType"] },
  ...{ RoleBinding: ["roleRef"], ClusterRoleBinding: ["roleRef"], ResourceQuota: ["spec.scopes"] },
  PriorityClass: ["value", "preemptionPolicy"],
  Job: ["selector", "template", "completionMode", "podFailurePolicy", "managedBy"].map((field) => `spec.${field}`),
};

export function immutabilityViolations(resource: Resource, before: JsonObject, after: JsonObject): Cause[] {
  if (resource.isCustom) return [];
  const fixed = (fixedFields[resource.kind] ?? []).flatMap((field) => {
    const value = at(after, ...field.split(".")) ?? null;
    if (equal(at(before, ...field.split(".")) ?? null, value)) return [];
    // Of a class, pods have its number.
    return [field === "value" ? forbidden(field, "may not be changed in an update.") : immutable(field, value)];
  });
  return [...fixed, ...changeViolations(resource, before, after)];
}

const immutable = (field: string, value: Json) => invalidValue(field, value, "field is immutable");

function changeViolations(resource: Resource, before: JsonObject, after: JsonObject): Cause[] {
  switch (resource.kind) {
    case "Pod":
      return equal(fixedPodSpec(before), fixedPodSpec(after)) ? [] : [forbidden("spec", podUpdates)];
    case "Job":
      return completionsViolations(objectAt(before, "spec"), objectAt(after, "spec"));
    case "Namespace":
      return phaseViolations(after);
    case "Event":
      return eventUpdateViolations(before, after);
    case "CustomResourceDefinition":
      return definitionUpdateViolations(before, after);
    case "Service": {
      const [old, next] = [before, after].map((object) => stringAt(object, "spec", "clusterIP") ?? "");
      if (!old || old === next || stringAt(after, "spec", "type") === "ExternalName") return [];
      return [invalidValue("spec.clusterIPs[0]", [next ?? ""], "may not change once set")];
    }
    case "PersistentVolumeClaim": {
      const isBound = stringAt(before, "status", "phase") === "Bound";
      // A class may be given where there was none, and a volume where there was none.
      const open = ["storageClassName", "volumeName"].filter((field) => at(before, "spec", field) === undefined);
      const fixed = (object: JsonObject) =>
        without(objectAt(object, "spec"), ...open, ...(isBound ? ["resources", "volumeAttributesClassName"] : []));
      const why = "spec is immutable after creation except for the size and class of bound claims";
      return equal(fixed(before), fixed(after)) ? [] : [forbidden("spec", why)];
    }
    case "ConfigMap":
    case "Secret": {
      const [old = "", next = ""] = [before, after].map((object) => stringAt(object, "type"));
      if (old !== next) return [immutable("type", next)];
      if (before["immutable"] !== true) return [];
      return ["immutable", "data", "binaryData"]
        .filter((field) => !equal(before[field], after[field]))
        .map((field) => forbidden(field, "field is immutable when `immutable` is set"));
    }
    default:
      return [];
  }
}

/** A namespace is on its way out exactly as long as it is being deleted. */
function phaseViolations(namespace: JsonObject): Cause[] {
  const isLeaving = at(namespace, "metadata", "deletionTimestamp") !== undefined;
  const [expected, when] = isLeaving ? ["Terminating", "is not empty"] : ["Active", "is empty"];
  const phase = stringAt(namespace, "status", "phase") ?? "";
  const why = `may only be '${expected}' if \`deletionTimestamp\` ${when}`;
  return phase === expected ? [] : [invalidValue("status.Phase", phase, why)];
}

/** Of a job by index, they may change together with how many run at a time. */
function completionsViolations(before: JsonObject, after: JsonObject): Cause[] {
  const { completions = null, parallelism = null } = after;
  if (equal(before["completions"] ?? null, completions)) return [];
  if (after["completionMode"] !== "Indexed") {
    return [invalidValue("spec.completions", completions, "field is immutable")];
  }
  const isInTandem = completions === parallelism && before["parallelism"] !== parallelism;
  const why = "can only be modified in tandem with spec.parallelism";
  return isInTandem ? [] : [invalidValue("spec.completions", completions, why)];
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

/** Of the core group, a claim is made only of another. */
function withKnownSource(claim: JsonObject): JsonObject {
  const source = at(claim, "spec", "dataSource");
  const isKnown = stringAt(source, "apiGroup") || stringAt(source, "kind") === "PersistentVolumeClaim";
  return !isObject(source) || isKnown ? claim : { ...claim, spec: without(objectAt(claim, "spec"), "dataSource") };
}

/** What is in use does not go. */
export const claimFinalizer = "kubernetes.io/pvc-protection";

function withProtection(object: JsonObject): JsonObject {
  const given = listAt(object, "metadata", "finalizers");
  if (given.includes(claimFinalizer)) return object;
  return { ...object, metadata: { ...objectAt(object, "metadata"), finalizers: [...given, claimFinalizer] } };
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
