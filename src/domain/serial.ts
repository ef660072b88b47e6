/** Tasks of one key one at a time, in the order of arrival, and those of different keys beside each other. */
export interface Serial {
  /** Gives what the task gives, also its error; that does not stop the next one. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

export function createSerial(): Serial {
  const tails = new Map<string, Promise<unknown>>();
  return {
    run(key, task) {
      const before = tails.get(key) ?? Promise.resolve();
      const result = before.then(task);
      const tail = result
        .catch(() => undefined)
        .then(() => {
          if (tails.get(key) === tail) tails.delete(key);
        });
      tails.set(key, tail);
      return result;
    },
  };
}
