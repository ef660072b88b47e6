/**
 * The verbs of the API on stored objects: create, replace, patch, apply, remove. Each runs synchronously, so that no
 * request sees another one partly done.
 */
import { randomUUID } from "node:crypto";
import type { PolicyAdmission } from "./admissionPolicies.ts";
import {
  type Address,
  addressed,
  type FieldValidation,
  known,
  requireDeclared,
  requireNoDuplicates,
  requireValid,
  resetsManagedFields,
  withoutNulls,
} from "./body.ts";
import { inGoForm, metadataInGoForm, zeroObject } from "./builtIn/goForm.ts";
import type { Cause } from "./cause.ts";
import type { GrantCheck } from "./escalation.ts";
import {
  ApiFailure,
  aboutKind,
  alreadyExists,
  badRequest,
  conflict,
  DecodeFailure,
  forbidden,
  invalid,
  notFound,
} from "./failures.ts";
import { equal, isObject, type Json, type JsonObject, listAt, numberAt, objectAt, stringAt, without } from "./json.ts";
import { generated, immutabilityViolations, kindViolations, prepare, settle } from "./kindRules.ts";
import { invalidValue, metadataViolations, withName } from "./metadataRules.ts";
import { isKubeObject, isManagedFieldsEntry, type KubeObject, type ManagedFieldsEntry, timestamp } from "./object.ts";
import { notANumber } from "./options.ts";
import { applyConfiguration, trackScale, trackUpdate, type Writer } from "./ownership.ts";
import { jsonPatch, mergeObject, patchTypeUnsupported, strategicMergeObject } from "./patches.ts";
import type { PodSecurity } from "./podSecurity.ts";
import { requireQuota } from "./quota.ts";
import { apiVersionOf, type Resource, type Resources } from "./resource.ts";
import { objectWithDefaults } from "./schema.ts";
import type { Store } from "./store.ts";
import type { Admission, AdmissionRequest } from "./webhooks.ts";

export interface Target {
  readonly resource: Resource;
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface WriteOptions {
  /** The field manager. */
  readonly manager: string;
  readonly dryRun?: boolean;
  readonly fieldValidation?: FieldValidation;
  /** The fields that the body has twice. */
  readonly duplicates?: readonly string[];
  readonly subresource?: "status";
  /** Server-side apply, which ignores the version of what is not there. */
  readonly isApplied?: boolean;
  /** Webhooks see what clients write, not what this simulator's controllers write. */
  readonly byClient?: boolean;
  /** Policies see who writes. */
  readonly user?: string | undefined;
  /** Whether the writer may give the rights that a role or a binding gives. */
  readonly requireGrant?: GrantCheck | undefined;
  /** Receives the texts of Warning headers. */
  readonly warn?: (message: string) => void;
}

export interface DeleteOptions {
  readonly byClient?: boolean;
  readonly user?: string | undefined;
  readonly dryRun?: boolean;
  /** What becomes of dependents; without either, the garbage collector deletes them afterwards. */
  readonly orphan?: boolean;
  readonly foreground?: boolean;
  /** How long the containers of a pod may take to end. */
  readonly graceSeconds?: number | undefined;
  readonly preconditions?: { readonly uid: string | undefined; readonly resourceVersion: string | undefined };
}

export interface Objects {
  get(target: Target): KubeObject;
  create(address: Omit<Address, "name">, body: Json, options: WriteOptions): KubeObject;
  replace(target: Target, body: Json, options: WriteOptions): KubeObject;
  patch(target: Target, patch: { mediaType: string; body: Json }, options: WriteOptions): KubeObject;
  /** Server-side apply. */
  apply(target: Target, body: Json, options: WriteOptions & { force: boolean }): { object: KubeObject; isNew: boolean };
  /** Assigns a pod to a node. */
  bind(target: Target, node: string, options: WriteOptions): KubeObject;
  /** Sets the replicas that a scale asks for. */
  scale(target: Target, replicas: number, options: WriteOptions & { resourceVersion?: string | undefined }): KubeObject;
  /** Replaces the finalizers of a namespace's spec, which nothing else can. */
  finalize(target: Target, body: Json, options: WriteOptions): KubeObject;
  /** The object's last state, and whether it is gone or waits for finalizers. */
  remove(target: Target, options?: DeleteOptions): { object: KubeObject; isGone: boolean };
}

interface Environment {
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

export function createObjects({ store, resources, now, admit, webhooks, policies, podSecurity }: Environment): Objects {
  function find({ resource, namespace, name }: Target): KubeObject {
    const found = store.get(resource, namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  function writerOf(resource: Resource, { manager, subresource }: WriteOptions): Writer {
    return { manager, subresource, apiVersion: apiVersionOf(resource), time: timestamp(now()) };
  }

  function requireNamespace(resource: Resource, namespace: string, name: string | undefined) {
    const namespaces = resources.ofKind("v1", "Namespace");
    if (namespaces === undefined) return;
    const found = find({ resource: namespaces, namespace: undefined, name: namespace });
    if (found.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const message = `namespace ${namespace} is being terminated`;
    throw forbidden(resource, name, why, [{ reason: "NamespaceTerminating", message, field: "metadata.namespace" }]);
  }

  function insert(resource: Resource, body: JsonObject, track: Track, options: WriteOptions): KubeObject {
    const { dryRun, isApplied } = options;
    const given = withName(body["metadata"]);
    const name = stringAt(given, "name");
    const namespace = stringAt(given, "namespace") || undefined;
    if (namespace !== undefined) requireNamespace(resource, namespace, name);
    const metadata: JsonObject = {
      ...without(given, "managedFields", "resourceVersion", "deletionTimestamp", "selfLink", "generation"),
      uid: randomUUID(),
      creationTimestamp: timestamp(now()),
      ...(resource.hasGeneration ? { generation: 1 } : {}),
    };
    const fresh = resource.hasStatus ? without(body, "status") : body;
    const defaulted = complete(resource, { ...fresh, metadata });
    const admission = admissionOf("CREATE", { resource, namespace, name }, options);
    const whole = prepare(resource, defaulted, timestamp(now()));
    // What the server and its webhooks add to what was sent is nobody's, but for what these kinds say in another way.
    const owned = ["Namespace", "Secret"].includes(resource.kind) ? whole : defaulted;
    const prepared = admit(resource, whole);
    // What a webhook adds has its defaults, too.
    const object = complete(resource, admission.mutate(prepared));
    requireValid(resource, object, [
      ...metadataViolations(resource, { ...given, ...metadata }),
      ...kindViolations(resource, object),
    ]);
    admission.validate(object, null);
    if (namespace !== undefined) requireQuota({ store, resources }, resource, { namespace, name, object });
    // The store's own check, which a dry run does not reach.
    if (dryRun !== true && !isApplied && stringAt(given, "resourceVersion")) {
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
    const final = stamped(generated(resource, object), track(before, owned));
    return dryRun === true ? final : store.put(resource, final);
  }

  function update(target: Target, desired: JsonObject, track: Track, options: WriteOptions): KubeObject {
    const { resource } = target;
    const live = find(target);
    requireSameVersion(resource, live, desired);
    requireSameDeletion(resource, live, desired);
    const metadata = { ...without(objectAt(desired, "metadata"), ...serverSet), ...pick(live.metadata, ...serverSet) };
    const body = options.subresource === "status" ? withStatus(resource, live, desired) : { ...desired, metadata };
    const status = pick(resource.hasStatus && options.subresource === undefined ? live : body, "status");
    const settled = settle(resource, complete(resource, { ...without(body, "status"), ...status }));
    const admission = admissionOf("UPDATE", target, options);
    const object = complete(resource, admission.mutate(settled));
    const ofMetadata = [...metadataViolations(resource, objectAt(object, "metadata")), ...newFinalizers(live, object)];
    requireValid(resource, object, [
      // Of built-in kinds, an update looks at them twice.
      ...ofMetadata,
      ...(resource.isCustom ? [] : ofMetadata),
      ...immutabilityViolations(resource, live, object),
      ...kindViolations(resource, object),
    ]);
    admission.validate(object, live);
    const next = stamped(withGeneration(resource, live, object), track(live, object));
    if (equal(next, live) || options.dryRun === true) return next;
    if (isDeleted(next)) {
      store.remove(resource, next);
      return next;
    }
    return store.put(resource, next);
  }

  /** Runs the webhooks for one write. */
  function admissionOf(
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
    const request = { operation, resource, namespace, name, dryRun };
    return {
      mutate: (object: JsonObject) => (byClient ? webhooks.mutate({ ...request, object }) : object),
      validate: (object: JsonObject | null, oldObject: JsonObject | null) => {
        if (object) requireGrant?.(resource, object, oldObject);
        if (byClient) webhooks.validate({ ...request, object: object ?? oldObject ?? {}, oldObject });
        podSecurity({ ...request, object, oldObject, subresource, warn });
        if (user !== undefined) policies({ ...request, object, oldObject, user, subresource });
      },
    };
  }

  /** For every write except apply: the writer owns what it changed. */
  function tracking(resource: Resource, desired: JsonObject, options: WriteOptions): Track {
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
        writer: writerOf(resource, options),
      });
    };
  }

  return {
    get: find,

    create(address, body, options) {
      const { resource } = address;
      const object = known(resource, addressed({ ...address, name: undefined }, body), options);
      return insert(resource, object, tracking(resource, {}, options), options);
    },

    replace(target, body, options) {
      const { resource, name } = target;
      if (resource.isCustom && stringAt(body, "kind") !== resource.kind) {
        find(target);
        requireVersion(target, body);
      }
      const desired = known(resource, addressed(target, body), options);
      if (isCreatedByUpdate(resource) && store.get(resource, target.namespace, name) === undefined) {
        return insert(resource, desired, tracking(resource, {}, options), options);
      }
      const live = find(target);
      requireSameUid(resource, live, desired);
      requireVersion(target, desired);
      return update(target, desired, tracking(resource, desired, options), options);
    },

    patch(target, { mediaType, body }, options) {
      const { resource } = target;
      const live = find(target);
      const result = patchWith(resource, live, mediaType, body);
      const patched = ofPatch(result, () =>
        known(resource, addressed(target, result), { ...options, isPatched: true }),
      );
      return update(target, patched, tracking(resource, patched, options), options);
    },

    apply(target, body, options) {
      const { resource } = target;
      requireTyped(resource, body);
      const hasName = stringAt(objectAt(body, "metadata"), "name") !== undefined;
      const named =
        hasName || !isObject(body) ? body : { ...body, metadata: { ...objectAt(body, "metadata"), name: target.name } };
      const given = withoutNulls(addressed(target, named));
      if (objectAt(given, "metadata")["managedFields"] !== undefined) {
        throw badRequest("metadata.managedFields must be nil");
      }
      requireNoDuplicates(resource, options);
      requireDeclared(resource, given, stringAt(objectAt(body, "metadata"), "namespace"));
      const config = applicable(resource, given, options);
      const live = store.get(resource, target.namespace, target.name);
      if (live === undefined) requireNoUid(target, given);
      const { object, managedFields } = applyConfiguration(live, config, {
        managedFields: live?.metadata.managedFields ?? [],
        schema: resource.schema,
        writer: writerOf(resource, options),
        force: options.force,
      });
      // Whose fields they are is asked before the name and the version.
      if (!hasName && live === undefined) addressed(target, body);
      if (live !== undefined) requireSameVersion(resource, live, given);
      if (live !== undefined) return { object: update(target, object, () => managedFields, options), isNew: false };
      if (options.subresource !== undefined) throw notFound(resource, target.name);
      const inserted = insert(resource, object, () => managedFields, { ...options, isApplied: true });
      return { object: inserted, isNew: true };
    },

    bind(target, node, options) {
      const { resource } = target;
      const live = find(target);
      const time = timestamp(now());
      const scheduled = { type: "PodScheduled", status: "True", lastProbeTime: null, lastTransitionTime: time };
      const conditions = [
        ...listAt(live, "status", "conditions").filter((each) => stringAt(each, "type") !== "PodScheduled"),
        scheduled,
      ];
      const object = {
        ...live,
        spec: { ...objectAt(live, "spec"), nodeName: node },
        status: { ...objectAt(live, "status"), conditions },
      };
      return options.dryRun === true ? object : store.put(resource, object);
    },

    scale(target, replicas, { resourceVersion, ...options }) {
      const live = find(target);
      const metadata = { ...live.metadata, ...(resourceVersion ? { resourceVersion } : {}) };
      const desired = { ...live, metadata, spec: { ...objectAt(live, "spec"), replicas } };
      const { manager, isApplied } = options;
      const applier = isApplied ? { manager, apiVersion: apiVersionOf(target.resource) } : undefined;
      return update(target, desired, () => trackScale(live.metadata.managedFields ?? [], applier), options);
    },

    finalize(target, body, options) {
      const { resource } = target;
      const live = find(target);
      const given = addressed(target, body);
      requireSameVersion(resource, live, given);
      const finalizers = listAt(given, "spec", "finalizers");
      const object: KubeObject = { ...live, spec: finalizers.length === 0 ? {} : { finalizers } };
      if (options.dryRun === true) return object;
      if (!isDeleted(object)) return store.put(resource, object);
      store.remove(resource, object);
      return object;
    },

    remove(target, { dryRun, orphan, foreground, graceSeconds, preconditions, ...options } = {}) {
      const { resource, name } = target;
      const live = find(target);
      const { uid, resourceVersion } = live.metadata;
      if (preconditions?.uid !== undefined && preconditions.uid !== uid) {
        const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
        throw conflict({ ...resource, plural: resource.kind }, name, why);
      }
      if (preconditions?.resourceVersion !== undefined && preconditions.resourceVersion !== resourceVersion) {
        const asked = preconditions.resourceVersion;
        const why = `the ResourceVersion in the precondition (${asked}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
        throw conflict({ ...resource, plural: resource.kind }, name, why);
      }
      if (resource.kind === "Namespace" && ["default", "kube-system", "kube-public"].includes(name)) {
        throw forbidden(resource, name, "this namespace may not be deleted");
      }
      admissionOf("DELETE", target, { ...options, ...(dryRun ? { dryRun } : {}) }).validate(null, live);
      const held = withPolicy(live, { orphan, foreground });
      const marked = resource.kind === "Pod" ? withGrace(held, graceSeconds) : markDeleted(held);
      const last = resource.kind === "Pod" ? marked : live;
      if (dryRun === true) return { object: isDeleted(marked) ? last : marked, isGone: isDeleted(marked) };
      if (isDeleted(marked)) {
        store.remove(resource, live);
        return { object: last, isGone: true };
      }
      return { object: equal(marked, live) ? live : store.put(resource, marked), isGone: false };
    },
  };

  function markDeleted(live: KubeObject): KubeObject {
    const deletionTimestamp = live.metadata.deletionTimestamp ?? timestamp(now());
    if (live.kind !== "Namespace") {
      return { ...live, metadata: { ...live.metadata, deletionTimestamp, deletionGracePeriodSeconds: 0 } };
    }
    const metadata = { ...live.metadata, deletionTimestamp };
    return { ...live, metadata, status: { ...objectAt(live, "status"), phase: "Terminating" } };
  }

  /** A pod on a node is there until its kubelet has ended it, and says so by a deletion without grace. */
  function withGrace(pod: KubeObject, asked: number | undefined): KubeObject {
    const isOnNode = (stringAt(pod, "spec", "nodeName") ?? "") !== "";
    const isOver = ["Succeeded", "Failed"].includes(stringAt(pod, "status", "phase") ?? "");
    const { deletionTimestamp, deletionGracePeriodSeconds: left, generation = 1 } = pod.metadata;
    const wanted = !isOnNode || isOver ? 0 : (asked ?? numberAt(pod, "spec", "terminationGracePeriodSeconds") ?? 30);
    const isGoing = deletionTimestamp !== undefined && typeof left === "number";
    if (isGoing && wanted >= left) return pod;
    const metadata = {
      ...pod.metadata,
      deletionTimestamp: timestamp(new Date(now().getTime() + wanted * 1000)),
      deletionGracePeriodSeconds: wanted,
      ...(isGoing ? {} : { generation: generation + 1 }),
    };
    return { ...pod, metadata };
  }

  /** The garbage collector takes the finalizer away when it has let dependents go, or the last one is gone. */
  function withPolicy(
    live: KubeObject,
    { orphan, foreground }: { orphan: boolean | undefined; foreground: boolean | undefined },
  ): KubeObject {
    const others = (live.metadata.finalizers ?? []).filter((each) => !isPolicy(each));
    const own = orphan === true ? [orphanFinalizer] : foreground === true ? [foregroundFinalizer] : [];
    const isDecided = orphan === undefined && foreground === undefined;
    if (isDecided || live.metadata.deletionTimestamp !== undefined) return live;
    const finalizers = [...others, ...own];
    const { finalizers: _, ...metadata } = live.metadata;
    return { ...live, metadata: finalizers.length === 0 ? metadata : { ...metadata, finalizers } };
  }
}

/** With what the API server fills in. */
function complete(resource: Resource, object: JsonObject): JsonObject {
  if (resource.isCustom) {
    const metadata = metadataInGoForm(objectAt(object, "metadata"));
    return { ...objectWithDefaults(object, resource.schema), metadata };
  }
  return inGoForm(object, { apiVersion: apiVersionOf(resource), kind: resource.kind });
}

/** A strategic merge is made with the type, so that it cannot change. */
function named({ apiVersion, kind }: KubeObject, result: Json): Json {
  return isObject(result) ? { ...result, apiVersion, kind } : result;
}

/** What a patch makes of an object is refused as a value of the patch, if it cannot be read. */
function ofPatch<T>(result: Json, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DecodeFailure)) throw error;
    throw invalid({ group: "", kind: "" }, "", [invalidValue("patch", JSON.stringify(sorted(result)), error.why)]);
  }
}

/** As Go writes what it has patched: the outer fields in order. */
function sorted(value: Json): Json {
  if (!isObject(value)) return value;
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries);
}

function patchWith(resource: Resource, live: KubeObject, mediaType: string, body: Json): Json {
  switch (mediaType) {
    case "application/json-patch+json":
      return jsonPatch(live, body);
    case "application/merge-patch+json":
      return mergeObject(live, body);
    case "application/strategic-merge-patch+json":
      if (!resource.isCustom) return named(live, strategicMergeObject(live, body, resource.schema));
  }
  throw patchTypeUnsupported(resource);
}

/** Whoever waits for its end would wait for ever. */
function newFinalizers({ metadata }: KubeObject, object: JsonObject): Cause[] {
  if (metadata.deletionTimestamp === undefined) return [];
  const added = listAt(object, "metadata", "finalizers").filter(
    (each) => typeof each === "string" && !metadata.finalizers?.includes(each),
  );
  if (added.length === 0) return [];
  const shown = added.map((each) => JSON.stringify(each)).join(", ");
  const why = `no new finalizers can be added if the object is being deleted, found new finalizers []string{${shown}}`;
  return [{ reason: "FieldValueForbidden", message: `Forbidden: ${why}`, field: "metadata.finalizers" }];
}

export const foregroundFinalizer = "foregroundDeletion";
export const orphanFinalizer = "orphan";
const isPolicy = (finalizer: string) => [foregroundFinalizer, orphanFinalizer].includes(finalizer);

/** Through /status, labels and annotations of built-in kinds can be changed, too. */
const besidesStatus = ["labels", "annotations"];

function withStatus(resource: Resource, live: KubeObject, desired: JsonObject): JsonObject {
  if (resource.isCustom) return { ...live, ...pick(desired, "status") };
  const changed = pick(objectAt(desired, "metadata"), ...besidesStatus);
  return { ...live, ...pick(desired, "status"), metadata: { ...without(live.metadata, ...besidesStatus), ...changed } };
}

/** The part of a configuration that this endpoint accepts: everything but the status, or only the status. */
function applicable(resource: Resource, config: JsonObject, { subresource }: WriteOptions): JsonObject {
  if (subresource === "status") {
    const kept = resource.isCustom ? [] : besidesStatus;
    const metadata = pick(objectAt(config, "metadata"), "name", "namespace", ...kept);
    return { ...pick(config, "apiVersion", "kind", "status"), metadata };
  }
  return resource.hasStatus ? without(config, "status") : config;
}

function requireSameVersion(resource: Resource, live: KubeObject, desired: JsonObject) {
  const { name, uid, resourceVersion } = live.metadata;
  const asked = stringAt(desired, "metadata", "resourceVersion");
  if (asked !== undefined && !/^\d*$/.test(asked)) {
    throw new ApiFailure(500, "", notANumber("strconv.ParseUint", asked));
  }
  if (asked !== undefined && asked !== "" && asked !== resourceVersion) {
    const why = "the object has been modified; please apply your changes to the latest version and try again";
    throw conflict(resource, name, why);
  }
  const askedUid = stringAt(desired, "metadata", "uid");
  if (askedUid !== undefined && askedUid !== uid) {
    throw immutable(resource, name, { field: "metadata.uid", value: askedUid });
  }
}

/** Deletion is asked for by a deletion alone; null leaves it as it is. */
function requireSameDeletion(resource: Resource, { metadata }: KubeObject, desired: JsonObject) {
  const value = stringAt(desired, "metadata", "deletionTimestamp");
  if (value === undefined || value === metadata.deletionTimestamp) return;
  throw immutable(resource, metadata.name, { field: "metadata.deletionTimestamp", value });
}

/** A real API server says it twice. */
function immutable(resource: Resource, name: string, { field, value }: { field: string; value: string }): ApiFailure {
  const cause = invalidValue(field, value, "field is immutable");
  return new ApiFailure(422, "Invalid", invalid(resource, name, [cause]).message, {
    ...aboutKind(resource, name),
    causes: [cause, cause],
  });
}

/** Some kinds are replaced only by whoever says which version. */
function requireVersion({ resource, name }: Target, desired: Json) {
  const isAsked = resource.isCustom || isCreatedByUpdate(resource);
  if (!isAsked || stringAt(desired, "metadata", "resourceVersion")) return;
  const cause = invalidValue("metadata.resourceVersion", 0, "must be specified for an update");
  throw invalid({ ...resource, kind: resource.plural }, name, [cause]);
}

/** A replacement of another object is refused by the store, before any field is looked at. */
function requireSameUid(resource: Resource, { metadata: { name, namespace, uid } }: KubeObject, desired: JsonObject) {
  const asked = stringAt(desired, "metadata", "uid");
  if (asked === undefined || asked === uid) return;
  const key = ["/registry", ...(resource.isCustom ? [resource.group] : []), resource.plural, namespace, name];
  const why = `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${uid}`;
  throw conflict(
    resource,
    name,
    `StorageError: invalid object, Code: 4, Key: ${key.filter(Boolean).join("/")}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`,
  );
}

/** Of what is applied, nothing is taken from the address. */
function requireTyped(resource: Resource, sent: Json) {
  const body = sent === null ? {} : sent;
  if (!isObject(body)) {
    const found = Array.isArray(body) ? "array" : typeof body;
    const why = `json: cannot unmarshal ${found} into Go value of type map[string]interface {}`;
    throw badRequest(`error decoding YAML: error unmarshaling JSON: while decoding JSON: ${why}`);
  }
  const [apiVersion, kind] = [stringAt(body, "apiVersion"), stringAt(body, "kind")];
  const isOwn = kind === resource.kind && apiVersion === apiVersionOf(resource);
  if (apiVersion && kind && (resource.isCustom || isOwn)) return;
  const version = apiVersion?.includes("/") ? apiVersion : `/${apiVersion ?? ""}`;
  const shown = apiVersion ? version.replace(/^([^/]+)\//, "$1/") : "/";
  throw badRequest(`invalid object type: ${shown}, Kind=${kind ?? ""}`);
}

/** A UID implies that the object exists. */
function requireNoUid({ resource, name }: Target, given: JsonObject) {
  const uid = stringAt(given, "metadata", "uid");
  if (uid === undefined) return;
  throw conflict(
    resource,
    name,
    `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
  );
}

/** A PUT also creates these, and replaces none whose version it does not know. */
function isCreatedByUpdate({ group, kind }: Pick<Resource, "group" | "kind">): boolean {
  return group === "coordination.k8s.io" && kind === "Lease";
}

/** Metadata that clients cannot change. */
const serverSet = [
  ...["name", "namespace", "uid", "creationTimestamp", "resourceVersion", "generation"],
  ...["deletionTimestamp", "deletionGracePeriodSeconds"],
];

function withGeneration(resource: Resource, live: KubeObject, object: JsonObject): JsonObject {
  if (!resource.hasGeneration) return object;
  const isSame = equal(without(live, "metadata", "status"), without(object, "metadata", "status"));
  const generation = (live.metadata.generation ?? 0) + (isSame ? 0 : 1);
  return { ...object, metadata: { ...objectAt(object, "metadata"), generation } };
}

function stamped(object: JsonObject, managedFields: ManagedFieldsEntry[]): KubeObject {
  const metadata = without(objectAt(object, "metadata"), "managedFields");
  const final = { ...object, metadata: managedFields.length === 0 ? metadata : { ...metadata, managedFields } };
  if (!isKubeObject(final)) throw badRequest("the object has no name");
  return final;
}

/** An object is deleted once deletion was requested and no finalizer is left. */
function isDeleted({ kind, metadata, ...rest }: KubeObject): boolean {
  if (metadata.deletionTimestamp === undefined || (metadata.finalizers ?? []).length > 0) return false;
  if (kind === "Pod" && Number(metadata.deletionGracePeriodSeconds ?? 0) > 0) return false;
  return kind !== "Namespace" || listAt(rest, "spec", "finalizers").length === 0;
}

function pick(object: JsonObject, ...fields: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([field]) => fields.includes(field)));
}
