import type { portEffects } from "../../ports/effects.ts";
import type { Changes, Registry } from "../../ports/registry.ts";

type Effects = (typeof portEffects)["registry"];
type Write = { [M in keyof Registry]: Effects[M] extends "reads" ? never : M }[keyof Registry];

/** Whether somebody may watch what it writes. Total: another write does not compile before it says so. */
const isWatched: Readonly<Record<Write, boolean>> = {
  insertOperation: true,
  updateOperation: true,
  amendOperation: true,
  startStep: true,
  repeatStep: true,
  closeSteps: true,
  updateStep: true,
  // Namespaces, batches and waiting requests are read when they are asked for.
  insertNamespace: false,
  replaceNamespace: false,
  removeNamespace: false,
  insertBatch: false,
  amendBatch: false,
  replaceOpenBatch: false,
  closeBatch: false,
  forgetBatch: false,
  amendBatchItem: false,
  amendBatchItems: false,
  updateBatchItems: false,
  insertWaiting: false,
  removeWaiting: false,
  rememberLeftover: false,
  forgetLeftover: false,
};
const watched: ReadonlySet<PropertyKey> = new Set(
  Object.entries(isWatched).flatMap(([name, is]) => (is ? [name] : [])),
);

/** The registry, with notification of its writes: watchers in this process need not wait for their next poll. */
export function announceWrites(registry: Registry): { registry: Registry; changes: Changes } {
  const waiting = new Set<() => void>();
  const notify = () => {
    for (const resolve of waiting) resolve();
    waiting.clear();
  };
  return {
    registry: new Proxy(registry, {
      get(target, name, receiver) {
        const method: unknown = Reflect.get(target, name, receiver);
        if (typeof method !== "function" || !watched.has(name)) return method;
        return async (...input: unknown[]) => {
          const result: unknown = await Reflect.apply(method, target, input);
          notify();
          return result;
        };
      },
    }),
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
