/**
 * Namespaces: creates a default service account and the cluster's certificate authority in each, and deletes the contents
 * of a namespace that is being deleted.
 */
import { type Controller, startController } from "./controller.ts";
import { type JsonObject, objectAt } from "./json.ts";
import type { KubeObject } from "./object.ts";
import type { Objects } from "./objects.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";

interface Parts {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
}

export function startNamespaceController(
  { store, objects, resources }: Parts,
  { terminationMs, authority }: { terminationMs: number; authority: string },
): Controller {
  // Immediately, so that a pod created right after its namespace is not refused. A real cluster takes a moment.
  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    if (resource.kind !== "Namespace" || type !== "ADDED") return;
    const create = (kind: string, content: JsonObject) => {
      const made = resources.ofKind("v1", kind);
      if (made === undefined) return;
      const address = { resource: made, namespace: object.metadata.name };
      objects.create(address, content, { manager: "kube-controller-manager" });
    };
    create("ServiceAccount", { metadata: { name: "default" } });
    create("ConfigMap", { metadata: { name: "kube-root-ca.crt" }, data: { "ca.crt": authority } });
  });
  const controller = startController(store, {
    concerns: ({ resource, object }) =>
      (resource.kind === "Namespace" && object.metadata.deletionTimestamp !== undefined) ||
      isTerminating(object.metadata.namespace),
    reconcile,
    delayMs: terminationMs,
  });

  function namespaces(): Resource | undefined {
    return resources.ofKind("v1", "Namespace");
  }

  function isTerminating(name: string | undefined): boolean {
    const resource = namespaces();
    if (name === undefined || resource === undefined) return false;
    return store.get(resource, undefined, name)?.metadata.deletionTimestamp !== undefined;
  }

  function reconcile() {
    const resource = namespaces();
    if (resource === undefined) return;
    for (const namespace of store.list(resource)) {
      if (namespace.metadata.deletionTimestamp === undefined) continue;
      if (clear(namespace.metadata.name)) finish(resource, namespace);
    }
  }

  /** Deletes the contents; true if nothing is left waiting for a finalizer. */
  function clear(namespace: string): boolean {
    let isEmpty = true;
    for (const resource of resources.all().filter(({ namespaced }) => namespaced)) {
      for (const { metadata } of store.list(resource, namespace)) {
        const { isGone } = objects.remove({ resource, namespace, name: metadata.name });
        isEmpty &&= isGone;
      }
    }
    return isEmpty;
  }

  function finish(resource: Resource, namespace: KubeObject) {
    if ((namespace.metadata.finalizers ?? []).length === 0) store.remove(resource, namespace);
    else if (objectAt(namespace, "spec")["finalizers"] !== undefined) {
      store.put(resource, { ...namespace, spec: {} });
    }
  }

  return {
    close() {
      unsubscribe();
      controller.close();
    },
  };
}
