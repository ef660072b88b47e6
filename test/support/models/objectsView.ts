/** The objects of a cluster as its API shows them, for tests that read them and put others in their place. */
import type { KubernetesObject, ManagedFields } from "../../../src/ports/kubernetes.ts";
import { leaves, type Objects, refKey, refOf, type StoredObject, show } from "./kubernetes.ts";

/** By `refKey`. A field that no manager has, as `metadata.managedFields` says it, is whoever's applies it next. */
export class ObjectsView extends Map<string, KubernetesObject> {
  readonly #objects: Objects;

  constructor(objects: Objects) {
    super();
    this.#objects = objects;
  }

  override get size() {
    return this.#objects.size;
  }
  override get(key: string) {
    const stored = this.#objects.get(key);
    return stored && show(stored);
  }
  override has(key: string) {
    return this.#objects.has(key);
  }
  override set(key: string, object: KubernetesObject) {
    if (key !== refKey(refOf(object))) throw new Error(`${refKey(refOf(object))} is not ${key}`);
    this.#objects.set(key, store(object));
    return this;
  }
  override delete(key: string) {
    return this.#objects.delete(key);
  }
  override clear() {
    this.#objects.clear();
  }
  override *entries(): MapIterator<[string, KubernetesObject]> {
    for (const [key, stored] of this.#objects) yield [key, show(stored)];
  }
  override keys() {
    return this.#objects.keys();
  }
  override *values(): MapIterator<KubernetesObject> {
    for (const stored of this.#objects.values()) yield show(stored);
  }
  override [Symbol.iterator]() {
    return this.entries();
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
