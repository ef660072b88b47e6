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
import { apiVersionOf } from "./resource.ts";
import { besidesStatus, isDeleted, pick, stamped } from "./storedForm.ts";
import { violationsBy } from "./validation/rules.ts";
import type { Objects } from "./verbs.ts";
import { withOwnersOnce } from "./warnings.ts";
import { createWriting, type Environment } from "./writing.ts";

export function createObjects(environment: Environment): Objects {
  const { store, now } = environment;
  const { find, insert, update, admissionOf, tracking, writerOf } = createWriting(environment);

  return {
    get: find,

    create(address, body, options) {
      const { resource } = address;
      const object = known(resource, addressed({ ...address, name: undefined }, body), options);
      const owned = withOwnersOnce(object, (text) => options.warn?.(text));
      return insert(resource, owned, tracking(resource, {}, options), options);
    },

    replace(target, body, options) {
      const { resource, name } = target;
      if (resource.isCustom && stringAt(body, "kind") !== resource.kind) {
        find(target);
        requireVersion(target, body);
      }
      const given = known(resource, addressed(target, body), options);
      const desired = withOwnersOnce(given, (text) => options.warn?.(text));
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
      const patched = ofPatch({ result, mediaType, body }, () => known(resource, addressed(target, result), options));
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
      const { object: merged, managedFields } = applyConfiguration(live, config, {
        managedFields: live?.metadata.managedFields ?? [],
        schema: resource.schema,
        writer: writerOf(resource, options),
        force: options.force,
      });
      const object = options.manager === "kubectl" ? withLastApplied(merged, body) : merged;
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
      const desired = { ...put(live, target.resource.scale?.replicas ?? ["spec", "replicas"], replicas), metadata };
      const { manager, isApplied, force = false } = options;
      // No scale has a 0 that could be compared.
      const isChange = replicas === 0 || !equal(objectAt(desired, "spec"), objectAt(live, "spec"));
      const applier = isApplied ? { manager, apiVersion: apiVersionOf(target.resource), isChange, force } : undefined;
      return update(target, desired, () => trackScale(live.metadata.managedFields ?? [], applier), options);
    },

    finalize(target, body, options) {
      const { resource } = target;
      const live = find(target);
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
      const tracked = stamped(object, tracking(resource, given, { ...options, subresource: "finalize" })(live, object));
      if (options.dryRun === true) return tracked;
      if (!isDeleted(tracked)) return store.put(resource, tracked);
      store.remove(resource, tracked);
      return tracked;
    },

    remove(target, { dryRun, orphan, foreground, graceSeconds, preconditions, ...options } = {}) {
      const { resource, name } = target;
      const live = find(target);
      requirePreconditions(target, live, preconditions);
      if (resource.kind === "Namespace" && ["default", "kube-system", "kube-public"].includes(name)) {
        throw forbidden(resource, name, "this namespace may not be deleted");
      }
      admissionOf("DELETE", target, { ...options, ...(dryRun ? { dryRun } : {}) }).validate(null, live);
      const left = marked(live, { orphan, foreground, graceSeconds }, now());
      const last = resource.kind === "Pod" ? left : live;
      if (dryRun === true) return { object: isDeleted(left) ? last : left, isGone: isDeleted(left) };
      if (isDeleted(left)) {
        store.remove(resource, live);
        return { object: last, isGone: true };
      }
      return { object: equal(left, live) ? live : store.put(resource, left), isGone: false };
    },
  };
}

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
