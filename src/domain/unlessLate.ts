/**
 * What comes first: the answer, or what `late` returns or throws after that time. By a timer that ends with the answer: aborting a
 * sleep costs an error with its stack each time.
 */
export async function unlessLate<T, Late>(answer: Promise<T>, ms: number, late: () => Late): Promise<T | Late> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  try {
    return await Promise.race([answer, promise.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
