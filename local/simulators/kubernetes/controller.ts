/** A control loop: reconciles everything soon after a change that concerns it. */
import type { Change, Store } from "./store.ts";

export interface Controller {
  close(): void;
}

export function startController(
  store: Store,
  {
    concerns,
    reconcile,
    delayMs = 0,
  }: { concerns: (change: Change) => boolean; reconcile: () => void; delayMs?: number },
): Controller {
  let due: NodeJS.Timeout | undefined;
  const run = () => {
    due = undefined;
    reconcile();
  };
  // Changes within the delay cause a single run; a change made during a run causes another one.
  const unsubscribe = store.subscribe((change) => {
    if (due === undefined && concerns(change)) due = setTimeout(run, delayMs);
  });
  return {
    close() {
      unsubscribe();
      clearTimeout(due);
    },
  };
}
