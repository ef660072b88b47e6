/** Runs in Azurite's process before Azurite does. */
import { subscribe } from "node:diagnostics_channel";
import { flushCompileCache } from "node:module";
import type { Server } from "node:net";

// Azurite does not notice when its parent is killed, and would run forever.
process.on("disconnect", () => process.exit());
// Sent when Azurite is ready. It ends by SIGKILL, which would lose everything compiled by then.
process.once("message", () => flushCompileCache());

// Azurite prints the port that it was asked for, not the one that it got: the parent hears of the latter here.
subscribe("tracing:net.server.listen:asyncEnd", (listen) => {
  const address = (listen as { readonly server: Server }).server.address();
  if (address !== null && typeof address === "object") process.send?.(address.port);
});
