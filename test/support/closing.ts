/** A fixture that needs no other: what is started for the first who asks, and closed when its scope ends. */
export function closing<T extends { close(): Promise<unknown> }>(start: () => Promise<T>) {
  // biome-ignore lint/correctness/noEmptyPattern: Vitest reads from the pattern what a fixture needs.
  return async ({}: object, use: (made: T) => Promise<void>): Promise<void> => {
    const made = await start();
    await use(made);
    await made.close();
  };
}
