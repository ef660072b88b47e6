/** Follows the objects of one kind by list and watch, as every controller does. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { KubeObject } from "../kubernetes/object.ts";
import type { KubernetesApi } from "./api.ts";

export interface Follower {
  /** As last seen; empty until the first list. */
  readonly objects: () => KubeObject[];
  close(): Promise<void>;
}

const Item = z.looseObject({ metadata: z.looseObject({ uid: z.string() }) });
const List = z.object({ metadata: z.object({ resourceVersion: z.string() }), items: z.array(Item) });
const Event = z.object({ type: z.string(), object: z.unknown() });

export function follow(
  api: KubernetesApi,
  path: string,
  { onChange, query = "" }: { onChange: (changed: readonly KubeObject[]) => void; query?: string },
): Follower {
  const closing = new AbortController();
  const { signal } = closing;
  const seen = new Map<string, KubeObject>();
  const put = (object: unknown): KubeObject => {
    seen.set(Item.parse(object).metadata.uid, object as KubeObject);
    return object as KubeObject;
  };

  async function listAndWatch(): Promise<void> {
    const answer = await api.get(`${path}?${query}`);
    // Its definition may come later.
    if (answer === undefined) return;
    const { metadata, items } = List.parse(answer);
    seen.clear();
    onChange(items.map(put));
    const watch = `${query}&watch=true&resourceVersion=${metadata.resourceVersion}`;
    await api.watch(`${path}?${watch}`, {
      signal,
      onEvent(event) {
        const { type, object } = Event.parse(event);
        if (type === "ERROR") throw new Error(`the watch failed: ${JSON.stringify(object)}`);
        if (type !== "DELETED") return onChange([put(object)]);
        seen.delete(Item.parse(object).metadata.uid);
        onChange([]);
      },
    });
  }

  const life = (async () => {
    while (!signal.aborted) {
      // A watch ends for many reasons, 410 among them, and all of them mean: list again.
      await listAndWatch().catch(() => undefined);
      await sleep(200, undefined, { signal }).catch(() => undefined);
    }
  })();
  return {
    objects: () => [...seen.values()],
    async close() {
      closing.abort();
      await life;
    },
  };
}
