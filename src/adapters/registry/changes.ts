import type { Changes, Registry } from "../../ports/registry.ts";

/** The registry, with notification of its writes: watchers in this process need not wait for their next poll. */
export function announceWrites(registry: Registry): { registry: Registry; changes: Changes } {
  const waiting = new Set<() => void>();
  const notify = () => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  const notifying = async <T>(write: Promise<T>): Promise<T> => {
    const result = await write;
    notify();
    return result;
  };
  return {
    registry: {
      ...registry,
      insertOperation: (record) => notifying(registry.insertOperation(record)),
      updateOperation: (id, changes) => notifying(registry.updateOperation(id, changes)),
      amendOperation: (record, changes) => notifying(registry.amendOperation(record, changes)),
      startStep: (operation, step, startTime) => notifying(registry.startStep(operation, step, startTime)),
      repeatStep: (...attempt) => notifying(registry.repeatStep(...attempt)),
      closeSteps: (operation, steps, time) => notifying(registry.closeSteps(operation, steps, time)),
      updateStep: (operation, step, changes) => notifying(registry.updateStep(operation, step, changes)),
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
