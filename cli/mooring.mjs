#!/usr/bin/env node
/**
 * The command `mooring`. Plain JavaScript that Node 20 understands: under the pinned Node it goes on in this process, else
 * tools/run.mjs installs what is missing and hands over (docs/adr/0005-node-24.md).
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
