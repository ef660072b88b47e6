/** A control loop: reconciles everything soon after a change that concerns it. */
import type { Change, Store } from "./store.ts";

export interface Controller {
  close(): void;
}

/** A real controller begins with this pause and doubles it. */
const retryMs = 1_000;

export function startController(
  store: Store,
  {
    concerns,
    reconcile,
    isRefused = () => false,
    delayMs = 0,
  }: {
    concerns: (change: Change) => boolean;
    reconcile: () => void;
    /** Whether something was refused in it that may be allowed later. */
    isRefused?: () => boolean;
    delayMs?: number;
  },
): Controller {
  let due: NodeJS.Timeout | undefined;
  const run = () => {
    due = undefined;
    reconcile();
    if (isRefused()) due ??= setTimeout(run, retryMs);
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
