/** Waits take no time in a simulated world: a sleeper continues when everything else has stopped. */
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

Object.assign(timers, { setTimeout: () => new Promise<void>((resolve) => setImmediate(resolve)) });
syncBuiltinESMExports();
