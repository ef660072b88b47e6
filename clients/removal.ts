/** What both clients say of a name that is about to leave the catalog: which namespaces use it, and what becomes of their access. */
import type { AccessDocument } from "../src/domain/documents/access.ts";

export interface Affected {
  /** `<cluster>/<namespace>`, each once. */
  readonly namespaces: readonly string[];
  /** One sentence each, with the code under which it shows. */
  readonly effects: readonly string[];
}

/** One entry for all namespaces that have the same ahead of them; empty if nobody uses the name. */
export function affectedBy(access: readonly AccessDocument[]): readonly Affected[] {
  const found = new Map<string, { namespaces: Set<string>; effects: readonly string[] }>();
  for (const { cluster, namespace, ifRemoved } of access) {
    if (!ifRemoved) continue;
    const effects = ifRemoved.map(({ effect, code }) => (code === undefined ? effect : `${effect} (${code})`));
    const key = effects.join();
    const known = found.get(key) ?? { namespaces: new Set(), effects };
    known.namespaces.add(`${cluster}/${namespace}`);
    found.set(key, known);
  }
  return [...found.values()].map(({ namespaces, effects }) => ({ namespaces: [...namespaces], effects }));
}
