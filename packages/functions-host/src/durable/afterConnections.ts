/**
 * setImmediate for work that fills an iteration of the event loop: it waits while connections come in. libuv accepts one in each
 * iteration (github.com/libuv/libuv/pull/3696), so a hundred clients that connect at the same time would wait for a hundred
 * rounds of turns and commits, the last of them for all of these.
 */

/** A flood of connections does not stop the work. */
const longestMs = 20;

/** Returns the function that schedules `work`. */
export function afterConnections(work: () => void, countConnections: () => number): () => void {
  let seen = countConnections();
  let begun = 0;

  function workOrWait(): void {
    const accepted = countConnections();
    const isAccepting = accepted !== seen && performance.now() - begun < longestMs;
    seen = accepted;
    if (isAccepting) setImmediate(workOrWait);
    else work();
  }

  return () => {
    begun = performance.now();
    setImmediate(workOrWait);
  };
}
