import { setTimeout as sleep } from "node:timers/promises";

/** Throws the reason of the signal instead of an AbortError. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => signal.throwIfAborted());
}
