/** How an object is stored: checked, completed, admitted, and owned field by field. A dry run does all of it but the last step. */
import { randomUUID } from "node:crypto";
import { equal, type JsonObject, listAt, objectAt, stringAt, without } from "azure-sim/json";
import type { PolicyAdmission } from "./admissionPolicies.ts";
import { resetsManagedFields } from "./body.ts";
import { zeroObject } from "./builtIn/goForm.ts";
import { ApiFailure, alreadyExists, forbidden, notFound } from "./failures.ts";
import { newFinalizers, requireSameDeletion, requireSameVersion } from "./identity.ts";
import { generated, prepare, settle } from "./kindRules.ts";
import { metadataViolations, withName } from "./metadataRules.ts";
import { isManagedFieldsEntry, type KubeObject, type ManagedFieldsEntry, timestamp } from "./object.ts";
import { trackUpdate, type Writer } from "./ownership.ts";
import type { PodSecurity } from "./podSecurity.ts";
import { requireQuota } from "./quota.ts";
import { apiVersionOf, type Resource, type Resources } from "./resource.ts";
import { requireFree } from "./services.ts";
import type { Store } from "./store.ts";
import { complete, decodedFromStore, isDeleted, pick, stamped, withGeneration, withStatus } from "./storedForm.ts";
import { violationsOfKind } from "./validation/index.ts";
import { requireValid } from "./validity.ts";
import type { Target, WriteOptions } from "./verbs.ts";
import { warningsOf } from "./warnings.ts";
import type { Admission, AdmissionRequest } from "./webhooks.ts";

export interface Environment {
  readonly store: Store;
  readonly resources: Resources;
  readonly now: () => Date;
  /** Admits a new object; may change it or throw. */
  readonly admit: (resource: Resource, object: JsonObject) => JsonObject;
  readonly webhooks: Admission;
  readonly policies: PolicyAdmission;
  readonly podSecurity: PodSecurity;
}

type Track = (before: JsonObject, after: JsonObject) => ManagedFieldsEntry[];

const ofDeletion = ["deletionTimestamp", "deletionGracePeriodSeconds"];

/** Metadata that clients cannot change. */
const serverSet = [
  ...["name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation"],
  ...ofDeletion,
];

export function find({ store }: Pick<Environment, "store">, { resource, namespace, name }: Target): KubeObject {
  const found = store.get(resource, namespace, name);
  if (found === undefined) throw notFound(resource, name);
  return found;
}

export function insert(
  environment: Environment,
  resource: Resource,
  body: JsonObject,
  track: Track,
  options: WriteOptions,
): KubeObject {
  const { store, resources, now, admit } = environment;
  const { dryRun, isApplied } = options;
  const given = withName(body["metadata"]);
  const name = stringAt(given, "name");
  const namespace = stringAt(given, "namespace") || undefined;
  if (namespace !== undefined) requireNamespace(environment, resource, { namespace, name });
  const metadata: JsonObject = {
    ...without(given, "managedFields", "selfLink", ...ofDeletion),
    uid: randomUUID(),
    creationTimestamp: timestamp(now()),
    ...(resource.hasGeneration ? { generation: 1 } : {}),
  };
  const fresh = resource.hasStatus ? without(body, "status") : body;
  const defaulted = complete(resource, { ...fresh, metadata });
  const admission = admissionOf(environment, "CREATE", { resource, namespace, name }, options);
  const whole = prepare(resource, defaulted, { isDry: dryRun === true });
  // What the server and its webhooks add to what was sent is nobody's, but for what these kinds say in another way.
  const owned = ["Namespace", "Secret"].includes(resource.kind) ? whole : defaulted;
  const prepared = admit(resource, whole);
  // What a webhook adds has its defaults, too.
  const object = complete(resource, admission.mutate(prepared));
  requireValid(resource, object, [
    ...metadataViolations(resource, { ...given, ...objectAt(object, "metadata") }),
    ...violationsOfKind(resource, object),
  ]);
  for (const text of warningsOf(resource, object)) options.warn?.(text);
  admission.validate(object, null);
  if (resource.kind === "Service" && !resource.isCustom)
    requireFree(store, resource, object, { isDry: dryRun === true });
  if (namespace !== undefined) requireQuota({ store, resources }, resource, { namespace, name, object });
  // The store's own check, which a dry run does not reach.
  if (dryRun !== true && !isApplied && (stringAt(given, "resourceVersion") || "0") !== "0") {
    throw new ApiFailure(500, "", "resourceVersion should not be set on objects to be created");
  }
  const present = name === undefined ? undefined : store.get(resource, namespace, name);
  if (name !== undefined && present !== undefined) {
    throw alreadyExists(resource, name, {
      isLeaving: present.metadata.deletionTimestamp !== undefined,
      isGenerated: stringAt(given, "generateName") !== undefined,
    });
  }
  const before = resource.isCustom ? {} : zeroObject({ apiVersion: apiVersionOf(resource), kind: resource.kind });
  // A status comes later, and is somebody else's.
  const tracked = resource.hasStatus ? { ...without(owned, "status"), ...pick(before, "status") } : owned;
  const final = stamped(generated(resource, object), track(before, tracked));
  return dryRun === true ? final : store.put(resource, decodedFromStore(resource, final));
}

export function update(
  environment: Environment,
  target: Target,
  desired: JsonObject,
  track: Track,
  options: WriteOptions,
): KubeObject {
  const { store } = environment;
  const { resource } = target;
  const live = find(environment, target);
  requireSameVersion(resource, live, desired);
  requireSameDeletion(resource, live, desired);
  const metadata = { ...without(objectAt(desired, "metadata"), ...serverSet), ...pick(live.metadata, ...serverSet) };
  const body = options.subresource === "status" ? withStatus(resource, live, desired) : { ...desired, metadata };
  const status = pick(resource.hasStatus && options.subresource === undefined ? live : body, "status");
  const sent = complete(resource, { ...without(body, "status"), ...status });
  const settled = settle(resource, live, sent);
  const admission = admissionOf(environment, "UPDATE", target, options);
  const object = complete(resource, admission.mutate(settled));
  const ofMetadata = [...metadataViolations(resource, objectAt(object, "metadata")), ...newFinalizers(live, object)];
  requireValid(resource, object, [...ofMetadata, ...violationsOfKind(resource, object, live)], live);
  const isWarned = options.subresource === undefined;
  for (const text of isWarned ? warningsOf(resource, object, live) : []) options.warn?.(text);
  admission.validate(object, live);
  if (resource.kind === "Service" && !resource.isCustom)
    requireFree(store, resource, object, { isDry: options.dryRun === true });
  // What is left out of what was sent, and what is put back, is nobody's.
  const owned = ["Service", "Lease"].includes(resource.kind) ? sent : object;
  const next = stamped(withGeneration(resource, live, object), track(live, owned));
  if (equal(next, live) || options.dryRun === true) return next;
  if (isDeleted(next)) {
    store.remove(resource, next);
    return next;
  }
  return store.put(resource, decodedFromStore(resource, next));
}

/** Runs the webhooks for one write. */
export function admissionOf(
  environment: Environment,
  operation: AdmissionRequest["operation"],
  { resource, namespace, name }: Omit<Target, "name"> & { readonly name: string | undefined },
  {
    dryRun = false,
    byClient = false,
    user,
    subresource,
    requireGrant,
    warn,
  }: Pick<WriteOptions, "dryRun" | "byClient" | "user" | "subresource" | "requireGrant" | "warn">,
) {
  const { webhooks, policies, podSecurity } = environment;
  const request = { operation, resource, namespace, name, dryRun };
  return {
    mutate: (object: JsonObject) => (byClient ? webhooks.mutate({ ...request, object }) : object),
    validate: (object: JsonObject | null, oldObject: JsonObject | null) => {
      if (object) requireGrant?.(resource, object, oldObject);
      if (byClient) webhooks.validate({ ...request, object: object ?? oldObject ?? {}, oldObject });
      podSecurity({ ...request, object, oldObject, subresource, warn });
      if (user === undefined) return;
      const namespaceObject = request.namespace === undefined ? null : namespaceOf(environment, request.namespace);
      policies({ ...request, object, oldObject, namespaceObject, user, subresource });
    },
  };
}

/** For every write except apply: the writer owns what it changed. */
export function tracking(
  environment: Environment,
  resource: Resource,
  desired: JsonObject,
  options: WriteOptions,
): Track {
  return (before, after) => {
    const sent = listAt(desired, "metadata", "managedFields").filter(isManagedFieldsEntry);
    const kept = listAt(before, "metadata", "managedFields").filter(isManagedFieldsEntry);
    const managedFields = resetsManagedFields(desired) ? [] : sent.length > 0 ? sent : kept;
    // What nobody owned when it was made, or any more, nobody owns until it is applied.
    const isMade = stringAt(before, "metadata", "uid") !== undefined;
    if (isMade && kept.length === 0 && sent.length === 0) return [];
    return trackUpdate(before, after, {
      managedFields,
      schema: resource.schema,
      writer: writerOf(environment, resource, options),
    });
  };
}

function namespaceOf({ store, resources }: Environment, name: string): JsonObject | null {
  const namespaces = resources.ofKind("v1", "Namespace");
  return (namespaces && store.get(namespaces, undefined, name)) ?? null;
}

export function writerOf({ now }: Environment, resource: Resource, { manager, subresource }: WriteOptions): Writer {
  return { manager, subresource, apiVersion: apiVersionOf(resource), time: timestamp(now()) };
}

function requireNamespace(
  { store, resources }: Environment,
  resource: Resource,
  { namespace, name }: { namespace: string; name: string | undefined },
) {
  const namespaces = resources.ofKind("v1", "Namespace");
  if (namespaces === undefined) return;
  const found = find({ store }, { resource: namespaces, namespace: undefined, name: namespace });
  if (found.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const message = `namespace ${namespace} is being terminated`;
  throw forbidden(resource, name, why, [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }]);
}
