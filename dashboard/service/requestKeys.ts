/**
 * Idempotency keys of one form. The same request keeps its key, so that sending it again after a lost answer is not another change;
 * an edited one is another request and needs a key of its own.
 */
export function createRequestKeys(): (...request: readonly unknown[]) => string {
  const keys = new Map<string, string>();
  return (...request) => {
    const text = JSON.stringify(request);
    const key = keys.get(text) ?? crypto.randomUUID();
    keys.set(text, key);
    return key;
  };
}
