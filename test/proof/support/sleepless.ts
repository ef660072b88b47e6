/** Waits take no time in a simulated world: whoever sleeps goes on when all the rest of the world has come to a stop. */
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";

Object.assign(timers, { setTimeout: () => new Promise<void>((resolve) => setImmediate(resolve)) });
syncBuiltinESMExports();
