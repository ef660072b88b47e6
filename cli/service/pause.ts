import { setTimeout as sleep } from "node:timers/promises";

/** Throws what the signal is aborted with, and not that something was aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
