/** Runs in Azurite's process before Azurite does. */
import { flushCompileCache } from "node:module";

// Azurite does not notice when its parent is killed, and would stay for ever.
process.on("disconnect", () => process.exit());
// Told when it is ready. It is killed in the end, and would keep nothing of what was compiled.
process.once("message", () => flushCompileCache());
