/** Rules of the API server for single built-in kinds: values that it fills in, and fields that are immutable. */
import { at, equal, type JsonObject, listAt, objectAt, stringAt, stringsAt, without } from "azure-sim/json";
import { withScheduling } from "./admission.ts";
import { storedVersions } from "./customResources.ts";
import { qosClassOf } from "./podResources.ts";
import type { Resource } from "./resource.ts";
import { withAddress, withAllocated } from "./services.ts";

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
    case "PersistentVolumeClaim":
      return withProtection(object);
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

/** Of a feature that is off. */
function withoutElection(lease: JsonObject): JsonObject {
  return { ...lease, spec: without(objectAt(lease, "spec"), "preferredHolder", "strategy") };
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
