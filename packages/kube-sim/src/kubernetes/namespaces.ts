/**
 * Namespaces: creates a default service account and the cluster's certificate authority in each, and deletes the contents
 * of a namespace that is being deleted.
 */

import { equal, type JsonObject, listAt, objectAt } from "azure-sim/json";
import { type Controller, startController } from "./controller.ts";
import type { KubeObject } from "./object.ts";
import type { Resource, Resources } from "./resource.ts";
import type { Store } from "./store.ts";
import type { Objects } from "./verbs.ts";

interface Parts {
  readonly store: Store;
  readonly objects: Objects;
  readonly resources: Resources;
}

interface Left {
  readonly plural: string;
  readonly group: string;
  readonly finalizers: readonly string[];
}

/** What every namespace has. */
interface Provided {
  readonly kind: string;
  readonly name: string;
  readonly rest: JsonObject;
  readonly annotations?: JsonObject;
}

export function startNamespaceController(
  { store, objects, resources }: Parts,
  { terminationMs, authority }: { terminationMs: number; authority: string },
): Controller {
  // Immediately, so that a pod created right after its namespace is not refused. A real cluster takes a moment.
  const manager = "kube-controller-manager";
  const annotations = {
    "kubernetes.io/description":
      "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
  };
  const contents: readonly Provided[] = [
    { kind: "ServiceAccount", name: "default", rest: {} },
    { kind: "ConfigMap", name: "kube-root-ca.crt", annotations, rest: { data: { "ca.crt": authority } } },
  ];

  function provide({ kind, name, rest, annotations: own }: Provided, namespace: string) {
    const resource = resources.ofKind("v1", kind);
    if (resource === undefined) return;
    const found = store.get(resource, namespace, name);
    const address = { resource, namespace };
    const metadata = { name, ...(own === undefined ? {} : { annotations: own }) };
    if (found === undefined) objects.create(address, { metadata, ...rest }, { manager });
    else if (kind === "ConfigMap" && !equal(found["data"], rest["data"])) {
      objects.replace({ ...address, name }, { metadata, ...rest }, { manager });
    }
  }

  const unsubscribe = store.subscribe(({ type, resource, object }) => {
    const { name, namespace } = object.metadata;
    if (resource.kind === "Namespace") {
      if (type === "ADDED") for (const each of contents) provide(each, name);
      return;
    }
    // Somebody has deleted it, or written something else into it.
    const own = contents.find((each) => each.kind === resource.kind && each.name === name);
    if (!own || namespace === undefined || type === "ADDED" || resource.group !== "") return;
    if (isThere(namespace) && object.metadata.deletionTimestamp === undefined) provide(own, namespace);
  });

  function isThere(name: string): boolean {
    const resource = namespaces();
    const found = resource && store.get(resource, undefined, name);
    return found !== undefined && found.metadata.deletionTimestamp === undefined;
  }
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
      const left = clear(namespace.metadata.name);
      if (left.length === 0) finish(resource, namespace);
      else tellWhatRemains(resource, namespace, left);
    }
  }

  /** Deletes the contents; returns what is left, waiting for a finalizer. */
  function clear(namespace: string): readonly Left[] {
    const left: Left[] = [];
    for (const resource of resources.all().filter(({ namespaced }) => namespaced)) {
      for (const { metadata } of store.list(resource, namespace)) {
        const { isGone } = objects.remove({ resource, namespace, name: metadata.name });
        const { finalizers = [] } = metadata;
        if (!isGone) left.push({ plural: resource.plural, group: resource.group, finalizers });
      }
    }
    return left;
  }

  /** The conditions of kube-controller-manager (pkg/controller/namespace/deletion/status_condition_utils.go). */
  function tellWhatRemains(resource: Resource, namespace: KubeObject, left: readonly Left[]) {
    const ofKinds = Map.groupBy(left, ({ plural, group }) => (group === "" ? `${plural}.` : `${plural}.${group}`));
    const ofFinalizers = Map.groupBy(
      left.flatMap(({ finalizers }) => finalizers),
      (finalizer) => finalizer,
    );
    const count = (all: ReadonlyMap<string, readonly unknown[]>, verb: string) =>
      [...all]
        .map(([name, { length }]) => `${name} ${verb} ${length} resource instances`)
        .toSorted()
        .join(", ");
    const some = "Some content in the namespace has finalizers remaining";
    const said: readonly (readonly [type: string, status: string, reason: string, message: string])[] = [
      ["DeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"],
      [
        "DeletionGroupVersionParsingFailure",
        "False",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
      ],
      [
        "DeletionContentFailure",
        "False",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
      ],
      ["ContentRemaining", "True", "SomeResourcesRemain", `Some resources are remaining: ${count(ofKinds, "has")}`],
      ["FinalizersRemaining", "True", "SomeFinalizersRemain", `${some}: ${count(ofFinalizers, "in")}`],
    ];
    const lastTransitionTime = namespace.metadata.deletionTimestamp ?? "";
    const conditions = said.map(([type, status, reason, message]) => ({
      ...{ type: `Namespace${type}`, status, reason, message, lastTransitionTime },
    }));
    const told = { ...namespace, status: { ...objectAt(namespace, "status"), conditions } };
    if (!equal(namespace["status"], told.status)) store.put(resource, told);
  }

  function finish(resource: Resource, namespace: KubeObject) {
    const held = listAt(namespace, "spec", "finalizers");
    const others = held.filter((each) => each !== "kubernetes");
    const isHeld = others.length > 0 || (namespace.metadata.finalizers ?? []).length > 0;
    if (!isHeld) store.remove(resource, namespace);
    else if (held.length > others.length) {
      store.put(resource, { ...namespace, spec: others.length === 0 ? {} : { finalizers: others } });
    }
  }

  return {
    close() {
      unsubscribe();
      controller.close();
    },
  };
}
