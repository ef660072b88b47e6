/** Runs in Azurite's process before Azurite does. */
import { flushCompileCache } from "node:module";

// Azurite does not notice when its parent is killed, and would run forever.
process.on("disconnect", () => process.exit());
// Sent when Azurite is ready. It ends by SIGKILL, which would lose everything compiled by then.
process.once("message", () => flushCompileCache());
