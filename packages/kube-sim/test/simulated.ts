/** Tests that only one of the two API servers can pass, the simulated or the real one. */
import { sayNotRun } from "test-support/notRun";
import { test } from "vitest";
import { usesRealApiServer } from "../src/cluster/index.ts";

/** `why` says what the real server does not have. */
export function testSimulated(name: string, why: string, run: () => Promise<void>): void {
  if (usesRealApiServer) sayNotRun(`${name}: ${why}`);
  else test(name, run);
}
