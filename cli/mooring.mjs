#!/usr/bin/env node
/**
 * The command `mooring`, in plain JavaScript that Node 20 can run. Under the pinned Node it continues in this process; otherwise
 * tools/run.mjs installs what is missing and takes over (docs/adr/0005-node-24.md).
 */
import { existsSync } from "node:fs";

const [major] = process.versions.node.split(".");
const isInstalled = existsSync(new URL("../node_modules/.package-lock.json", import.meta.url));

if (major === "24" && isInstalled) {
  await import("./start.mjs");
} else {
  process.argv.splice(2, 0, "cli/start.mjs");
  await import("../tools/run.mjs");
}
