/**
 * Waits take no time in a simulated world: a sleeper continues when everything else has stopped, and what activities read from the
 * clock jumps with the timers of orchestrations.
 */
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";
import { useVirtualTime } from "../../support/virtualTime.ts";

Object.assign(timers, { setTimeout: () => new Promise<void>((resolve) => setImmediate(resolve)) });
syncBuiltinESMExports();
useVirtualTime({ isFrozen: true });
