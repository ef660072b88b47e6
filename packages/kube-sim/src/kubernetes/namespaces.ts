/**
 * Namespaces: creates a default service account and the cluster's certificate authority in each, and deletes the contents
 * of a namespace that is being deleted.
 */
import { equal, type JsonObject, listAt, objectAt } from "azure-sim/json";
import { type Controller, manager, type Parts, startController } from "./controller.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";

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
  parts: Parts,
  { terminationMs, authority }: { terminationMs: number; authority: string },
): Controller {
  const { store, resources } = parts;
  const stopProviding = provideContents(parts, authority);
  const { close } = startController(store, {
    concerns: ({ resource, object }) =>
      (resource.kind === "Namespace" && object.metadata.deletionTimestamp !== undefined) ||
      namespaceOf(parts, object.metadata.namespace)?.metadata.deletionTimestamp !== undefined,
    reconcile() {
      const resource = resources.ofKind("v1", "Namespace");
      if (resource === undefined) return;
      for (const namespace of store.list(resource)) {
        if (namespace.metadata.deletionTimestamp === undefined) continue;
        const left = clear(parts, namespace.metadata.name);
        if (left.length === 0) finish(parts, resource, namespace);
        else tellWhatRemains(parts, resource, namespace, left);
      }
    },
    delayMs: terminationMs,
  });
  return {
    close() {
      stopProviding();
      close();
    },
  };
}

function namespaceOf({ store, resources }: Parts, name: string | undefined): KubeObject | undefined {
  const resource = resources.ofKind("v1", "Namespace");
  return resource && name !== undefined ? store.get(resource, undefined, name) : undefined;
}

const annotations = {
  "kubernetes.io/description":
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.",
};

/** Immediately, so that a pod created right after its namespace is not refused. A real cluster takes a moment. */
function provideContents(parts: Parts, authority: string): () => void {
  const contents: readonly Provided[] = [
    { kind: "ServiceAccount", name: "default", rest: {} },
    { kind: "ConfigMap", name: "kube-root-ca.crt", annotations, rest: { data: { "ca.crt": authority } } },
  ];
  return parts.store.subscribe(({ type, resource, object }) => {
    const { name, namespace } = object.metadata;
    if (resource.kind === "Namespace") {
      if (type === "ADDED") for (const each of contents) provide(parts, each, name);
      return;
    }
    // Somebody has deleted it, or written something else into it.
    const own = contents.find((each) => each.kind === resource.kind && each.name === name);
    if (!own || namespace === undefined || type === "ADDED" || resource.group !== "") return;
    const found = namespaceOf(parts, namespace);
    const isThere = found !== undefined && found.metadata.deletionTimestamp === undefined;
    if (isThere && object.metadata.deletionTimestamp === undefined) provide(parts, own, namespace);
  });
}

function provide(
  { store, objects, resources }: Parts,
  { kind, name, rest, annotations: own }: Provided,
  namespace: string,
) {
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

/** Deletes the contents; returns what is left, waiting for a finalizer. */
function clear({ store, objects, resources }: Parts, namespace: string): readonly Left[] {
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
function tellWhatRemains({ store }: Parts, resource: Resource, namespace: KubeObject, left: readonly Left[]) {
  const count = (names: readonly string[], verb: string) =>
    [...Map.groupBy(names, (name) => name)]
      .map(([name, { length }]) => `${name} ${verb} ${length} resource instances`)
      .toSorted()
      .join(", ");
  const ofKinds = left.map(({ plural, group }) => `${plural}.${group}`);
  const ofFinalizers = left.flatMap(({ finalizers }) => finalizers);
  const some = "Some content in the namespace has finalizers remaining";
  const said: readonly (readonly [type: string, status: string, reason: string, message: string])[] = [
    ["DeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"],
    ["DeletionGroupVersionParsingFailure", "False", "ParsedGroupVersions", "All legacy kube types successfully parsed"],
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

function finish({ store }: Parts, resource: Resource, namespace: KubeObject) {
  const held = listAt(namespace, "spec", "finalizers");
  const others = held.filter((each) => each !== "kubernetes");
  const isHeld = others.length > 0 || (namespace.metadata.finalizers ?? []).length > 0;
  if (!isHeld) store.remove(resource, namespace);
  else if (held.length > others.length) {
    store.put(resource, { ...namespace, spec: others.length === 0 ? {} : { finalizers: others } });
  }
}
