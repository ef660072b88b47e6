import type { Changes } from "../../ports/registry.ts";

export interface Inbox<Item> extends Changes {
  put(items: readonly Item[]): void;
  /** Everything since the last call. */
  drain(): readonly Item[];
  size(): number;
  /** Ends a wait, even when nothing has come. */
  wake(): void;
}

/** What has come for one client and is not yet written to its stream. */
export function createInbox<Item>(): Inbox<Item> {
  let items: Item[] = [];
  let endWait = () => {};
  return {
    put(more) {
      if (more.length === 0) return;
      items.push(...more);
      endWait();
    },
    size: () => items.length,
    wake: () => endWait(),
    drain() {
      const drained = items;
      items = [];
      return drained;
    },
    async wait(ms) {
      if (items.length > 0) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        endWait = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    },
  };
}
