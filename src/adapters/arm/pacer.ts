/**
 * Azure allows two identity writes per second and subscription (learn.microsoft.com "Important considerations and restrictions
 * for federated identity credentials"). Waiting here is cheaper than being refused: a call that comes too early gets 429 and still
 * counts. All instances of the service share the limit, so they take turns from one list (docs/adr/0019).
 */
import type { Turns } from "../../ports/registry.ts";

export interface Pacer {
  /** Waits for the key's next free slot. */
  slot(key: string): Promise<void>;
  readonly intervalMs: number;
  /** Records that the key was just used, with or without waiting for a slot. */
  spent(key: string): void;
  /** How long `slot` would wait now, as far as this process knows. */
  waitMs(key: string): number;
}

interface Line {
  readonly waiting: (() => void)[];
  /** When the last reserved turn ends. */
  freeAt: number;
  /** How many of the waiting calls have a turn. */
  withTurn: number;
  isMoving: boolean;
}

/** The most turns reserved at a time: an instance that dies wastes no more than these, and others wait no longer. */
const mostTurns = 8;
/** Below this interval, asking the registry for a turn takes as long as the pause itself. */
const shortestShared = 50;
const mostLines = 1_000;

export interface PacerOptions {
  readonly intervalMs: number;
  /** How many calls may follow a pause without waiting, as Azure's token buckets allow. */
  readonly burst?: number;
  readonly turns?: Turns | undefined;
}

export function createPacer({ intervalMs, burst = 1, turns }: PacerOptions): Pacer {
  const ahead = (burst - 1) * intervalMs;
  const lines = new Map<string, Line>();
  const shared = intervalMs >= shortestShared ? turns : undefined;

  function lineOf(key: string): Line {
    const known = lines.get(key);
    if (known) return known;
    if (lines.size >= mostLines) forgetIdle();
    const line: Line = { waiting: [], freeAt: 0, withTurn: 0, isMoving: false };
    lines.set(key, line);
    return line;
  }

  function forgetIdle(): void {
    const now = performance.now();
    for (const [key, { isMoving, freeAt }] of lines) if (!isMoving && freeAt < now) lines.delete(key);
  }

  /** When the first of that many turns begins. */
  async function reserve(key: string, line: Line, count: number): Promise<number> {
    try {
      if (shared) return (await shared.reserve(key, { count, intervalMs })) + performance.now();
    } catch {
      // Without the registry this instance paces itself; if that is too fast, Azure refuses calls and they are retried.
    }
    return Math.max(line.freeAt, performance.now());
  }

  async function move(key: string, line: Line): Promise<void> {
    if (line.isMoving) return;
    line.isMoving = true;
    while (line.waiting.length > 0) {
      const count = shared ? Math.min(line.waiting.length, mostTurns) : line.waiting.length;
      const first = await reserve(key, line, count);
      line.freeAt = first + count * intervalMs;
      for (line.withTurn = count; line.withTurn > 0; line.withTurn -= 1) {
        const early = first + (count - line.withTurn) * intervalMs - ahead - performance.now();
        if (early > 0) await new Promise((over) => setTimeout(over, early));
        line.waiting.shift()?.();
      }
    }
    line.isMoving = false;
  }

  return {
    intervalMs,
    waitMs(key) {
      const line = lines.get(key);
      if (!line) return 0;
      const { freeAt, waiting, withTurn } = line;
      return Math.max(0, freeAt - performance.now() + (waiting.length - withTurn) * intervalMs - ahead);
    },
    spent(key) {
      if (intervalMs === 0) return;
      const line = lineOf(key);
      line.freeAt = Math.max(line.freeAt, performance.now() + intervalMs);
    },
    async slot(key) {
      if (intervalMs === 0) return;
      const line = lineOf(key);
      await new Promise<void>((goOn) => {
        line.waiting.push(goOn);
        void move(key, line);
      });
    },
  };
}
