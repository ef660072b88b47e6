/** What a store contains, and the filters by which it lists (learn.microsoft.com "App Configuration REST API": Key-values, filtering). */
import { randomBytes } from "node:crypto";

export interface KeyValue {
  readonly key: string;
  /** Null for the key-value without a label. */
  readonly label: string | null;
  readonly content_type: string | null;
  readonly value: string;
  readonly etag: string;
  readonly last_modified: string;
  readonly locked: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

export interface NewKeyValue {
  readonly key: string;
  readonly label?: string | null;
  readonly value: string;
  readonly content_type?: string | null;
  readonly tags?: Readonly<Record<string, string>>;
}

export type KeyValues = ReturnType<typeof createKeyValues>;

export function createKeyValues(now: () => Date) {
  const stored = new Map<string, KeyValue>();
  const nameOf = (key: string, label: string | null) => JSON.stringify([key, label]);
  return {
    get: (key: string, label: string | null) => stored.get(nameOf(key, label)),

    set({ key, label = null, value, content_type = null, tags = {} }: NewKeyValue): KeyValue {
      const etag = randomBytes(24).toString("base64url");
      const last_modified = now()
        .toISOString()
        .replace(/\.\d+Z$/, "+00:00");
      const made = { key, label, content_type, value, etag, last_modified, locked: false, tags };
      stored.set(nameOf(key, label), made);
      return made;
    },

    delete: (key: string, label: string | null) => stored.delete(nameOf(key, label)),

    /** In the order in which a store lists them. */
    find(keys: string | null, labels: string | null): readonly KeyValue[] {
      const [isKey, isLabel] = [keys, labels].map(readFilter);
      return [...stored.values()]
        .filter(({ key, label }) => isKey?.(key) && isLabel?.(label ?? "\0"))
        .toSorted((one, other) => compare(one.key, other.key) || compare(one.label ?? "", other.label ?? ""));
    },
  };
}

function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** `*`, `abc`, `abc*`, and several of them with commas; a backslash before one of these three characters takes its meaning away. */
function readFilter(filter: string | null): (text: string) => boolean {
  const wanted = (filter ?? "*").match(/(?:\\.|[^,\\])+/g) ?? [""];
  const tests = wanted.map((each) => {
    const isPrefix = /(?<!\\)\*$/.test(each);
    const text = (isPrefix ? each.slice(0, -1) : each).replaceAll(/\\(.)/g, "$1");
    return (other: string) => (isPrefix ? other.startsWith(text) : other === text);
  });
  return (text) => tests.some((test) => test(text));
}
