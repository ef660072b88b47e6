/**
 * The sandbox that the suites of a worker share, with nothing special: the tests of each have namespaces of their own, whose names no
 * other suite uses. It ends with the worker. A suite whose sandbox has to differ, or which counts or kills, starts its own
 * (`startSandbox`) and says why.
 */
import { test } from "vitest";
import { closing } from "./closing.ts";
import { type SuiteSandbox, startSandbox } from "./sandbox.ts";

interface Shared {
  readonly running: SuiteSandbox;
  /** Without the faults and locks of another suite. Searched for secrets when the suite is over. */
  readonly sandbox: SuiteSandbox;
}

/** On a real API server a namespace takes seconds to go, and the tests ask meanwhile. */
const limits = { requestsPerSecond: 2_000, burst: 10_000, changes: { perCaller: 50, inAll: 50 } };

export const it = test.extend<Shared>({
  running: [closing(() => startSandbox({ because: "a worker has only this one", limits })), { scope: "worker" }],
  sandbox: [
    async ({ running }, use) => {
      await use(running);
      running.cloud.faults.clear();
      running.cloud.world.locks.clear();
      await running.searchAll();
    },
    { scope: "file" },
  ],
});
