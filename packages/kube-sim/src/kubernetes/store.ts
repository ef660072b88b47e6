/** The objects, the counter behind every resourceVersion, and the log of changes that watches are served from. */
import { type Key, put, remove, type Tree, valuesAt } from "../../../azure-sim/src/sortedTree.ts";
import type { KubeObject } from "./object.ts";
import type { Resource } from "./resource.ts";
import { inVersionOf, storedAs } from "./versions.ts";

export interface Change {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly resource: Resource;
  readonly object: KubeObject;
  /** The previous object; undefined for a new one. */
  readonly previous: KubeObject | undefined;
  readonly version: number;
}

export interface Store {
  /** The newest resourceVersion. */
  readonly version: number;
  get(resource: Resource, namespace: string | undefined, name: string): KubeObject | undefined;
  /** Sorted by namespace and name; in all namespaces unless one is given. */
  list(resource: Resource, namespace?: string): KubeObject[];
  put(resource: Resource, object: KubeObject): KubeObject;
  remove(resource: Resource, object: KubeObject): void;
  /** As it was at a version; undefined if that is no longer known. */
  listAt(resource: Resource, namespace: string | undefined, version: number): KubeObject[] | undefined;
  /** The changes after a version, or undefined if some of them are no longer kept. */
  since(version: number): readonly Change[] | undefined;
  /** Listeners get changes in order, including those that another listener makes. */
  subscribe(listener: (change: Change) => void): () => void;
}

export function createStore({ keptChanges }: { keptChanges: number }): Store {
  /** By group and plural. */
  const objects = new Map<string, Tree<KubeObject>>();
  const log: Change[] = [];
  const listeners = new Set<(change: Change) => void>();
  const unheard: Change[] = [];
  let isTelling = false;
  let version = 1;
  // The version of the newest change that is no longer in the log.
  let forgotten = 1;

  function stored(resource: Resource, start: Key): KubeObject[] {
    return valuesAt(objects.get(storedAs(resource)), start);
  }

  function record(change: Change) {
    log.push(change);
    if (log.length > keptChanges) forgotten = log.shift()?.version ?? forgotten;
    unheard.push(change);
    // A listener may write; its change waits here until all listeners have got the previous one.
    if (isTelling) return;
    isTelling = true;
    try {
      for (let next = unheard.shift(); next !== undefined; next = unheard.shift()) {
        for (const listener of [...listeners]) listener(next);
      }
    } finally {
      isTelling = false;
    }
  }

  function since(wanted: number): readonly Change[] | undefined {
    return wanted < forgotten ? undefined : log.filter((change) => change.version > wanted);
  }

  return {
    get version() {
      return version;
    },
    get(resource, namespace, name) {
      const [found] = stored(resource, keyOf({ namespace, name }));
      return found && inVersionOf(resource, found);
    },
    list: (resource, namespace) =>
      stored(resource, namespace === undefined ? [] : startOf(namespace)).map((each) => inVersionOf(resource, each)),
    listAt(resource, namespace, wanted) {
      const kind = storedAs(resource);
      const changes = since(wanted)?.filter((change) => storedAs(change.resource) === kind);
      const start = namespace === undefined ? [] : startOf(namespace);
      const past = changes?.toReversed().reduce((tree, { object, previous }) => {
        const key = keyOf(object.metadata);
        return previous === undefined ? remove(tree, key) : put(tree, key, previous);
      }, objects.get(kind));
      return changes === undefined ? undefined : valuesAt(past, start).map((each) => inVersionOf(resource, each));
    },
    put(resource, object) {
      version += 1;
      const next: KubeObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
      const [kind, key] = [storedAs(resource), keyOf(object.metadata)];
      const [previous] = stored(resource, key);
      objects.set(kind, put(objects.get(kind), key, next));
      record({ type: previous === undefined ? "ADDED" : "MODIFIED", resource, object: next, previous, version });
      return next;
    },
    remove(resource, object) {
      version += 1;
      const kind = storedAs(resource);
      objects.set(kind, remove(objects.get(kind), keyOf(object.metadata)));
      const last: KubeObject = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
      record({ type: "DELETED", resource, object: last, previous: object, version });
    },
    since,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** Sorts as etcd sorts `namespace/name`: `a-b/` before `a/`. */
function keyOf({ namespace, name }: { namespace?: string | undefined; name: string }): Key {
  return [...startOf(namespace), name];
}

function startOf(namespace = ""): Key {
  return [`${namespace}/`];
}
