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

export const it = test.extend<Shared>({
  running: [closing(() => startSandbox({ because: "a worker has only this one" })), { scope: "worker" }],
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
