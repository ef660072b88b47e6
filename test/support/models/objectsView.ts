/** The objects of a cluster as its API shows them, for tests that read them and put others in their place. */
import type { KubernetesObject, ManagedFields } from "../../../src/ports/kubernetes.ts";
import { leaves, type Objects, refKey, refOf, type StoredObject, show } from "./kubernetes.ts";
import { MapView } from "./mapView.ts";

/** By `refKey`. A field that no manager has, as `metadata.managedFields` says it, is whoever's applies it next. */
export class ObjectsView extends MapView<string, KubernetesObject> {
  readonly #objects: Objects;

  constructor(objects: Objects) {
    super();
    this.#objects = objects;
  }

  override get(key: string) {
    const stored = this.#objects.get(key);
    return stored && show(stored);
  }
  override set(key: string, object: KubernetesObject) {
    if (key !== refKey(refOf(object))) throw new Error(`${refKey(refOf(object))} is not ${key}`);
    this.#objects.set(key, store(object));
    return this;
  }
  override delete(key: string) {
    return this.#objects.delete(key);
  }
  override *entries(): MapIterator<[string, KubernetesObject]> {
    for (const [key, stored] of this.#objects) yield [key, show(stored)];
  }
}

function store({ metadata: { managedFields = [], ...metadata }, ...object }: KubernetesObject): StoredObject {
  const bare = { ...object, metadata } as KubernetesObject;
  const fields = leaves(bare).map(([path, value]) => {
    const owners = managedFields.filter((each) => owns(each, path)).map(({ manager = "" }) => manager);
    return [JSON.stringify(path), { path, value, managers: new Set(owners) }] as const;
  });
  return { ref: refOf(bare), uid: metadata.uid, fields: new Map(fields) };
}

function owns({ fieldsV1 = {} }: ManagedFields, path: readonly string[]): boolean {
  let at: unknown = fieldsV1;
  for (const key of path) {
    at = typeof at === "object" && at !== null ? Reflect.get(at, `f:${key}`) : undefined;
    if (at === undefined) return false;
  }
  return true;
}
