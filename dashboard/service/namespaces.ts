/**
 * All namespaces that the caller may see, in memory: the service lists them page by page in one order, but people filter and sort
 * them in any way. Pages load one after another, and rows appear as they arrive.
 */

import { batch, signal } from "@preact/signals";
import type { DocumentOf } from "../../clients/api.ts";
import type { NamespaceDocument as Namespace } from "../../src/domain/documents/namespace.ts";
import { toError } from "../../src/domain/messageOf.ts";
import { addressOf, nextOf, withTop } from "./address.ts";
import { contact, get, Refused } from "./client.ts";
import { observe } from "./live.ts";
import { caller, gate } from "./session.ts";

export const all = signal<readonly Namespace[]>([]);
export const isComplete = signal(false);
export const loadedAt = signal(0);
export const failure = signal<Error | undefined>(undefined);

let loading: AbortController | undefined;
let loadedFor: string | undefined;

/** Discards what was loaded for another caller. */
export function ensureLoaded(): void {
  const who = caller.peek()?.id;
  const isFresh = isComplete.peek() && Date.now() - loadedAt.peek() < 60_000;
  if (loadedFor === who && (loading || isFresh)) return;
  if (loadedFor !== who) {
    all.value = [];
    isComplete.value = false;
  }
  loadedFor = who;
  void load();
}

/** The first page fills a screen; the others are as large as the service allows. */
const [firstPage, fullPage] = [100, 1_000];

export async function load(): Promise<void> {
  loading?.abort();
  const own = new AbortController();
  loading = own;
  const isFirst = all.peek().length === 0;
  const fresh: Namespace[] = [];
  failure.value = undefined;
  try {
    const first = addressOf({ route: "GET /api/namespaces", query: { top: String(firstPage) } });
    for (let next: typeof first | undefined = first; next !== undefined; ) {
      const page: DocumentOf<"GET /api/namespaces"> = await get(next, own.signal);
      if (own.signal.aborted) return;
      fresh.push(...page.value);
      // Only the first load shows rows as they arrive; a reload replaces them all together at the end.
      if (isFirst) all.value = [...fresh];
      const following: typeof next | undefined = nextOf("GET /api/namespaces", page);
      next = following && withTop(following, fullPage);
    }
    batch(() => {
      all.value = fresh;
      isComplete.value = true;
      loadedAt.value = Date.now();
    });
  } catch (error) {
    if (own.signal.aborted) return;
    failure.value = toError(error);
  } finally {
    if (loading === own) loading = undefined;
    refreshSoon();
  }
}

/** Namespaces to read again because an operation has changed them. */
const stale = new Map<string, { cluster: string; namespace: string }>();
let timer: ReturnType<typeof setTimeout> | undefined;

let isRefreshing = false;

observe(({ event, data }) => {
  if (event !== "operation" || (all.peek().length === 0 && !loading)) return;
  const { cluster, namespace } = data as { cluster?: string; namespace?: string };
  if (cluster === undefined || namespace === undefined) return;
  stale.set(`${cluster}/${namespace}`, { cluster, namespace });
  refreshSoon();
});

/** Groups many events into one look. */
function refreshSoon(ms = 1_000): void {
  if (timer !== undefined || stale.size === 0) return;
  timer = setTimeout(() => {
    timer = undefined;
    void refresh();
  }, ms);
}

const mostAtOnce = 20;
/** Before another try to read what could not be read. */
const againMs = 5_000;

async function refresh(): Promise<void> {
  // One read after another, so that no older answer replaces a newer one; each calls this again at its end.
  if (loading || isRefreshing) return;
  if (!contact.peek().isThere || gate.peek() !== "open") return refreshSoon(againMs);
  const wanted = [...stale.values()];
  stale.clear();
  // After a batch, loading the list is faster than loading each one.
  if (wanted.length > mostAtOnce) return void (await load());
  isRefreshing = true;
  const readFor = loadedFor;
  const read = await Promise.all(wanted.map(readOne));
  isRefreshing = false;
  if (loadedFor === readFor) replace(read);
  refreshSoon(read.includes(unread) ? againMs : undefined);
}

const unread = Symbol("unread");
/** Its namespace is undefined when it is gone, or the caller may no longer see it. */
type Read = readonly [key: string, namespace: Namespace | undefined] | typeof unread;

async function readOne(of: Pick<Namespace, "cluster" | "namespace">): Promise<Read> {
  const address = addressOf({ route: "GET /api/namespaces/{cluster}/{namespace}", at: of });
  try {
    return [keyOf(of), await get(address)];
  } catch (error) {
    if (error instanceof Refused && (error.status === 404 || error.status === 403)) return [keyOf(of), undefined];
    stale.set(keyOf(of), of);
    return unread;
  }
}

function replace(read: readonly Read[]): void {
  const changes = new Map(read.filter((each) => each !== unread));
  const known = new Set(all.peek().map(keyOf));
  const kept = all.peek().flatMap((each) => {
    const key = keyOf(each);
    return changes.has(key) ? (changes.get(key) ?? []) : [each];
  });
  const added = [...changes].flatMap(([key, value]) => (value && !known.has(key) ? [value] : []));
  all.value = [...kept, ...added];
}

export function keyOf({ cluster, namespace }: Pick<Namespace, "cluster" | "namespace">): string {
  return `${cluster}/${namespace}`;
}
