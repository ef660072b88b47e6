/** All controllers of a cluster, as one program that can be down: then they learn of every change when it is back. */
import type { Change, Store } from "./store.ts";

export interface ControllerManager {
  /** What controllers watch. */
  readonly store: Store;
  stop(): Promise<void>;
  start(): Promise<void>;
}

export function createControllerManager(store: Store): ControllerManager {
  let missed: (() => void)[] | undefined;
  return {
    store: {
      ...store,
      subscribe: (hear: (change: Change) => void) =>
        store.subscribe((change) => {
          if (missed === undefined) hear(change);
          else missed.push(() => hear(change));
        }),
    },
    async stop() {
      missed ??= [];
    },
    async start() {
      const all = missed ?? [];
      missed = undefined;
      for (const each of all) each();
    },
  };
}
