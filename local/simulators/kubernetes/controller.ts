/** A control loop: looks at everything again soon after something it cares about has changed. */
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
  // The changes of one moment are one reason to look, and a change made while looking is another.
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
