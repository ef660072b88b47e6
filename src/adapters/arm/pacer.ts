/**
 * Azure takes two identity writes per second and subscription (learn.microsoft.com "Important considerations and
 * restrictions for federated identity credentials"). Waiting here is cheaper than being refused: a call that is too
 * early is answered 429 and counts. All instances of the service share the limit, so they take turns from one list
 * (docs/adr/0019).
 */
import type { Turns } from "../../ports.ts";

export interface Pacer {
  /** Waits for the next free slot of that key. */
  slot(key: string): Promise<void>;
  readonly intervalMs: number;
  /** That somebody has just used that key, whether or not he waited for it. */
  spent(key: string): void;
  /** How long `slot` would wait now, as far as this process knows. */
  waitMs(key: string): number;
}

interface Line {
  readonly waiting: (() => void)[];
  /** When the last turn that was taken is over. */
  freeAt: number;
  /** How many of those that wait have a turn. */
  withTurn: number;
  isMoving: boolean;
}

/** Turns taken at a time: an instance that dies wastes no more, and another one waits no longer for its own. */
const mostTurns = 8;
/** Asking for a turn takes as long as a shorter pause. */
const shortestShared = 50;
const mostLines = 1_000;

export interface PacerOptions {
  readonly intervalMs: number;
  /** How many may be made at once after a pause, as Azure's own buckets have it. */
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
  async function take(key: string, line: Line, count: number): Promise<number> {
    try {
      if (shared) return (await shared.take(key, { count, intervalMs })) + performance.now();
    } catch {
      // Without the registry this instance keeps its own pace; Azure refuses what is too much, and is asked again.
    }
    return Math.max(line.freeAt, performance.now());
  }

  async function move(key: string, line: Line): Promise<void> {
    if (line.isMoving) return;
    line.isMoving = true;
    while (line.waiting.length > 0) {
      const count = shared ? Math.min(line.waiting.length, mostTurns) : line.waiting.length;
      const first = await take(key, line, count);
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
