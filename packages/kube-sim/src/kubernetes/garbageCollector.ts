/** Deletes dependents when their last owner is gone, or wants to be gone after them. kubernetes.io "Garbage Collection". */
import { equal } from "azure-sim/json";
import { type Controller, isOwnedBy, mergePatch, type Parts, startController } from "./controller.ts";
import type { KubeObject, OwnerReference } from "./object.ts";
import { foregroundFinalizer, orphanFinalizer } from "./removal.ts";
import type { Resource } from "./resource.ts";

export function startGarbageCollector(parts: Parts): Controller {
  const { store, objects, resources } = parts;
  const collectors = [
    startController(store, {
      concerns: ({ type, object }) => type === "DELETED" || isInForeground(object) || isLeaving(object),
      reconcile,
    }),
    // An owner may never have been: a real one looks for it first.
    startController(store, {
      concerns: ({ object, previous }) => hasOtherOwners(object, previous),
      ...{ reconcile, delayMs: 1_000 },
    }),
  ];
  return {
    close() {
      for (const each of collectors) each.close();
    },
  };

  function reconcile() {
    const all = resources.all().flatMap((resource) => store.list(resource).map((object) => ({ resource, object })));
    const known = new Map(all.map(({ object }) => [object.metadata.uid, object.metadata.namespace]));
    // An owner in another namespace is none; one of a kind that nobody serves cannot be looked for.
    const isAbsent = (namespace: string | undefined) => (owner: OwnerReference) =>
      resources.ofKind(owner.apiVersion, owner.kind) !== undefined &&
      !(known.has(owner.uid) && [undefined, namespace].includes(known.get(owner.uid)));
    for (const { resource, object } of all) {
      const { ownerReferences = [], namespace, name, deletionTimestamp } = object.metadata;
      const isOrphaned = ownerReferences.length > 0 && ownerReferences.every(isAbsent(namespace));
      const isThere = store.get(resource, namespace, name) !== undefined;
      if (isOrphaned && isThere && deletionTimestamp === undefined) objects.remove({ resource, namespace, name });
    }
    for (const { resource, object } of all) {
      if (isInForeground(object)) finish(resource, object, all);
      else if (isLeaving(object)) release(resource, object, all);
    }
  }

  function finish(resource: Resource, owner: KubeObject, all: readonly { resource: Resource; object: KubeObject }[]) {
    const dependents = all.filter(({ object }) => isOwnedBy(owner, object));
    const left = dependents.filter((each) => {
      const { namespace, name } = each.object.metadata;
      if (store.get(each.resource, namespace, name) === undefined) return false;
      return !objects.remove({ resource: each.resource, namespace, name }, { foreground: true }).isGone;
    });
    if (left.length === 0) letGo(resource, owner, foregroundFinalizer);
  }

  /** Takes the owner from its dependents, so that they outlive it. */
  function release(resource: Resource, owner: KubeObject, all: readonly { resource: Resource; object: KubeObject }[]) {
    for (const each of all) {
      const { namespace, name } = each.object.metadata;
      const dependent = store.get(each.resource, namespace, name);
      const owners = dependent?.metadata.ownerReferences ?? [];
      const ownerReferences = owners.filter(({ uid }) => uid !== owner.metadata.uid);
      if (dependent === undefined || ownerReferences.length === owners.length) continue;
      store.put(each.resource, { ...dependent, metadata: { ...dependent.metadata, ownerReferences } });
    }
    letGo(resource, owner, orphanFinalizer);
  }

  function letGo(resource: Resource, { metadata: { namespace, name } }: KubeObject, finalizer: string) {
    const now = store.get(resource, namespace, name);
    if (now === undefined) return;
    const rest = (now.metadata.finalizers ?? []).filter((each) => each !== finalizer);
    mergePatch(parts, resource, now, { metadata: { finalizers: rest } });
  }
}

function hasOtherOwners({ metadata: { ownerReferences: owners = [] } }: KubeObject, previous?: KubeObject): boolean {
  return owners.length > 0 && !equal(owners, previous?.metadata.ownerReferences ?? []);
}

/** Its dependents are to outlive it. */
function isLeaving({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(orphanFinalizer);
}

function isInForeground({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(foregroundFinalizer);
}
