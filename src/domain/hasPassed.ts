/** How much the clocks of two machines may differ. */
export const mostAheadMs = 300_000;

/**
 * Whether that much time has passed since then. A time further ahead, or one that cannot be read, counts as long ago: a wrong clock wrote it, or this clock
 * has been set back, and nothing would happen until it gets there.
 */
export function hasPassed(since: number, ms: number, now: number): boolean {
  const passed = now - since;
  return !(passed < ms && passed >= -mostAheadMs);
}
