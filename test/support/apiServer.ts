/** Tests that only one of the two API servers can pass, the simulated or the real one. */
import { test } from "vitest";
import { usesRealApiServer } from "../../packages/kube-sim/src/cluster/index.ts";
import { sayNotRun } from "./notRun.ts";

/** `why` says what the real server does not have. */
export function testSimulated(name: string, why: string, run: () => Promise<void>): void {
  if (usesRealApiServer) sayNotRun(`${name}: ${why}`);
  else test(name, run);
}
