/** Runs in Azurite's process before Azurite does. */
import { subscribe } from "node:diagnostics_channel";
import { rmSync } from "node:fs";
import { flushCompileCache } from "node:module";
import type { Server } from "node:net";

// Azurite does not notice when its parent is gone, and would run forever. Its folder (azurite.ts) is nobody's then.
process.on("disconnect", () => {
  rmSync(process.cwd(), { recursive: true, force: true });
  process.exit();
});
// Sent when Azurite is ready. It ends by SIGKILL, which would lose everything compiled by then.
process.once("message", () => flushCompileCache());

// Azurite prints the port that it was asked for, not the one that it got: the parent hears of the latter here.
subscribe("tracing:net.server.listen:asyncEnd", (listen) => {
  const address = (listen as { readonly server: Server }).server.address();
  if (address !== null && typeof address === "object") process.send?.(address.port);
});
