/**
 * The verbs of the API on stored objects: create, replace, patch, apply, remove. Each runs synchronously, so that no
 * request sees another one partly done.
 */
import { equal, isObject, type Json, type JsonObject, listAt, objectAt, stringAt } from "azure-sim/json";
import { addressed, known, requireDeclared, requireNoDuplicates, withoutNulls } from "./body.ts";
import { sorted } from "./builtIn/goOrder.ts";
import { applicable, requireNoUid, requireTyped } from "./configuration.ts";
import { badRequest, forbidden, invalid, notFound } from "./failures.ts";
import {
  isCreatedByUpdate,
  requirePreconditions,
  requireSameUid,
  requireSameVersion,
  requireVersion,
} from "./identity.ts";
import { settle } from "./kindRules.ts";
import { timestamp } from "./object.ts";
import { applyConfiguration, trackScale } from "./ownership.ts";
import { ofPatch, patchWith } from "./patched.ts";
import { marked } from "./removal.ts";
import { besidesStatus, isDeleted, pick, stamped } from "./storedForm.ts";
import { violationsBy } from "./validation/rules.ts";
import type { Objects } from "./verbs.ts";
import { withOwnersOnce } from "./warnings.ts";
import { admissionOf, type Environment, find, insert, tracking, update, writerOf } from "./writing.ts";

type Verb<Name extends keyof Objects> = (
  environment: Environment,
  ...asked: Parameters<Objects[Name]>
) => ReturnType<Objects[Name]>;

export function createObjects(environment: Environment): Objects {
  return {
    get: (target) => find(environment, target),
    create: (...asked) => create(environment, ...asked),
    replace: (...asked) => replace(environment, ...asked),
    patch: (...asked) => patch(environment, ...asked),
    apply: (...asked) => apply(environment, ...asked),
    bind: (...asked) => bind(environment, ...asked),
    scale: (...asked) => scale(environment, ...asked),
    finalize: (...asked) => finalize(environment, ...asked),
    remove: (...asked) => remove(environment, ...asked),
  };
}

const create: Verb<"create"> = (environment, address, body, options) => {
  const { resource } = address;
  const object = known(resource, addressed({ ...address, name: undefined }, body), options);
  const owned = withOwnersOnce(object, (text) => options.warn?.(text));
  return insert(environment, resource, owned, tracking(environment, resource, {}, options), options);
};

const replace: Verb<"replace"> = (environment, target, body, options) => {
  const { resource, name } = target;
  if (resource.isCustom && stringAt(body, "kind") !== resource.kind) {
    find(environment, target);
    requireVersion(target, body);
  }
  const given = known(resource, addressed(target, body), options);
  const desired = withOwnersOnce(given, (text) => options.warn?.(text));
  if (isCreatedByUpdate(resource) && environment.store.get(resource, target.namespace, name) === undefined) {
    return insert(environment, resource, desired, tracking(environment, resource, {}, options), options);
  }
  const live = find(environment, target);
  requireSameUid(resource, live, desired);
  requireVersion(target, desired);
  return update(environment, target, desired, tracking(environment, resource, desired, options), options);
};

const patch: Verb<"patch"> = (environment, target, { mediaType, body }, options) => {
  const { resource } = target;
  const live = find(environment, target);
  const result = patchWith(resource, live, mediaType, body);
  const patched = ofPatch(result, () => known(resource, addressed(target, result), options));
  return update(environment, target, patched, tracking(environment, resource, patched, options), options);
};

const apply: Verb<"apply"> = (environment, target, body, options) => {
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
  const live = environment.store.get(resource, target.namespace, target.name);
  if (live === undefined) requireNoUid(target, given);
  const { object: merged, managedFields } = applyConfiguration(live, config, {
    managedFields: live?.metadata.managedFields ?? [],
    schema: resource.schema,
    writer: writerOf(environment, resource, options),
    force: options.force,
  });
  const object = options.manager === "kubectl" ? withLastApplied(merged, body) : merged;
  // Whose fields they are is asked before the name and the version.
  if (!hasName && live === undefined) addressed(target, body);
  if (live !== undefined) requireSameVersion(resource, live, given);
  if (live !== undefined)
    return { object: update(environment, target, object, () => managedFields, options), isNew: false };
  if (options.subresource !== undefined) throw notFound(resource, target.name);
  const inserted = insert(environment, resource, object, () => managedFields, { ...options, isApplied: true });
  return { object: inserted, isNew: true };
};

const bind: Verb<"bind"> = (environment, target, node, options) => {
  const { resource } = target;
  const live = find(environment, target);
  const time = timestamp(environment.now());
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
  return options.dryRun === true ? object : environment.store.put(resource, object);
};

const scale: Verb<"scale"> = (environment, target, replicas, { resourceVersion, ...options }) => {
  const live = find(environment, target);
  const metadata = { ...live.metadata, ...(resourceVersion ? { resourceVersion } : {}) };
  const desired = { ...put(live, target.resource.scale?.replicas ?? ["spec", "replicas"], replicas), metadata };
  return update(environment, target, desired, () => trackScale(live.metadata.managedFields ?? []), options);
};

const finalize: Verb<"finalize"> = (environment, target, body, options) => {
  const { resource } = target;
  const live = find(environment, target);
  const given = addressed(target, body);
  requireSameVersion(resource, live, given);
  const finalizers = listAt(given, "spec", "finalizers");
  const spec = { finalizers };
  const wrong = violationsBy("Namespace", { spec }, "", { root: { spec }, old: undefined });
  if (wrong.length > 0) throw invalid(resource, live.metadata.name, wrong);
  const changed = pick(objectAt(given, "metadata"), ...besidesStatus);
  const metadata = { ...live.metadata, ...changed };
  for (const field of besidesStatus) if (changed[field] === undefined) delete metadata[field];
  const named = settle(resource, live, { ...live, metadata });
  const object = stamped({ ...named, spec: finalizers.length === 0 ? {} : { finalizers } }, []);
  const tracked = stamped(
    object,
    tracking(environment, resource, given, { ...options, subresource: "finalize" })(live, object),
  );
  if (options.dryRun === true) return tracked;
  if (!isDeleted(tracked)) return environment.store.put(resource, tracked);
  environment.store.remove(resource, tracked);
  return tracked;
};

const remove: Verb<"remove"> = (
  environment,
  target,
  { dryRun, orphan, foreground, graceSeconds, preconditions, ...options } = {},
) => {
  const { resource, name } = target;
  const live = find(environment, target);
  requirePreconditions(target, live, preconditions);
  if (resource.kind === "Namespace" && ["default", "kube-system", "kube-public"].includes(name)) {
    throw forbidden(resource, name, "this namespace may not be deleted");
  }
  admissionOf(environment, "DELETE", target, { ...options, ...(dryRun ? { dryRun } : {}) }).validate(null, live);
  const left = marked(live, { orphan, foreground, graceSeconds }, environment.now());
  const last = resource.kind === "Pod" ? left : live;
  if (dryRun === true) return { object: isDeleted(left) ? last : left, isGone: isDeleted(left) };
  if (isDeleted(left)) {
    environment.store.remove(resource, live);
    return { object: last, isGone: true };
  }
  return { object: equal(left, live) ? live : environment.store.put(resource, left), isGone: false };
};

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** Where kubectl has applied on the client before, its annotation tells what it applies on the server now. */
function withLastApplied(object: JsonObject, config: Json): JsonObject {
  const annotations = objectAt(object, "metadata", "annotations");
  if (annotations[lastApplied] === undefined) return object;
  const text = `${JSON.stringify(sorted(config))}\n`;
  const metadata = { ...objectAt(object, "metadata"), annotations: { ...annotations, [lastApplied]: text } };
  return { ...object, metadata };
}

/** The object with another value at a path. */
function put(object: JsonObject, [field, ...rest]: readonly string[], value: Json): JsonObject {
  if (field === undefined) return object;
  return { ...object, [field]: rest.length === 0 ? value : put(objectAt(object, field), rest, value) };
}
