/** A map whose entries are kept elsewhere, in another form. */
export abstract class MapView<K, V> extends Map<K, V> {
  abstract override get(key: K): V | undefined;
  abstract override set(key: K, value: V): this;
  abstract override delete(key: K): boolean;
  abstract override entries(): MapIterator<[K, V]>;

  override get size() {
    return [...this.entries()].length;
  }
  override has(key: K) {
    return this.get(key) !== undefined;
  }
  override clear() {
    for (const [key] of [...this.entries()]) this.delete(key);
  }
  override *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }
  override *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }
  override [Symbol.iterator]() {
    return this.entries();
  }
}
