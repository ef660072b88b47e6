/**
 * Limits the time of one attempt. Unlike AbortSignal.timeout, its timer ends with the attempt: otherwise thousands of timers
 * would wait half a minute each, with what they keep in memory, for answers that have long come.
 */
export async function within<T>(timeoutMs: number, attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(new DOMException("no answer in time", "TimeoutError")), timeoutMs);
  try {
    return await attempt(late.signal);
  } finally {
    clearTimeout(timer);
  }
}
