import type { Changes, Registry } from "../../ports/registry.ts";

/** The registry, with notification of its writes: watchers in this process need not wait for their next poll. */
export function announceWrites(registry: Registry): { registry: Registry; changes: Changes } {
  const waiting = new Set<() => void>();
  const tell = () => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const telling = async <T>(write: Promise<T>): Promise<T> => {
    const result = await write;
    tell();
    return result;
  };
  return {
    registry: {
      ...registry,
      insertOperation: (record) => telling(registry.insertOperation(record)),
      updateOperation: (id, changes) => telling(registry.updateOperation(id, changes)),
      amendOperation: (record, changes) => telling(registry.amendOperation(record, changes)),
      startStep: (operation, step, startTime) => telling(registry.startStep(operation, step, startTime)),
      repeatStep: (...attempt) => telling(registry.repeatStep(...attempt)),
      closeSteps: (operation, steps, time) => telling(registry.closeSteps(operation, steps, time)),
      updateStep: (operation, step, changes) => telling(registry.updateStep(operation, step, changes)),
    },
    changes: {
      wait: (ms) =>
        new Promise((resolve) => {
          const done = () => {
            clearTimeout(timer);
            waiting.delete(done);
            resolve();
          };
          const timer = setTimeout(done, ms);
          waiting.add(done);
        }),
    },
  };
}
