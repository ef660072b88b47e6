/** Runs a limited number of things at a time, and queues the others in order of arrival. */
export interface Slots {
  run(work: () => Promise<void>): void;
  /** Starts nothing more; resolves when everything running has ended. */
  close(): Promise<void>;
}

export function createSlots(limit: number): Slots {
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;
  let closed = false;
  let onIdle: (() => void) | undefined;

  const next = () => {
    while (!closed && running < limit) {
      const work = waiting.shift();
      if (work === undefined) break;
      void occupy(work);
    }
  };

  async function occupy(work: () => Promise<void>): Promise<void> {
    running += 1;
    try {
      await work();
    } finally {
      running -= 1;
      if (running === 0) onIdle?.();
      next();
    }
  }

  return {
    run(work) {
      waiting.push(work);
      next();
    },
    async close() {
      closed = true;
      waiting.length = 0;
      if (running > 0) await new Promise<void>((resolve) => (onIdle = resolve));
    },
  };
}
