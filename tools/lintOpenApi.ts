/**
 * Checks the OpenAPI document against the recommended rules of Redocly, or, with --spectral, against those of Spectral, which
 * npx fetches (70 MB in 240 packages, too much for a dependency): `node tools/run.mjs tools/lintOpenApi.ts [--spectral]`.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beginApp } from "../packages/functions-host/src/core.ts";
import { createLog } from "../packages/functions-host/src/log.ts";

// Before anything requires @azure/functions; otherwise it warns for each function that there is no host.
beginApp(createLog({ filter: { default: "none" } }));
const { createOpenApi } = await import("../src/functions/openapi.ts");

const folder = join(import.meta.dirname, "../node_modules/.cache/mooring/openapi");
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, "openapi.json"), JSON.stringify(createOpenApi(), null, 2));
writeFileSync(join(folder, ".spectral.yaml"), "extends: [spectral:oas]\n");

const redocly = ["redocly", "lint", "--extends", "recommended", "--max-problems", "50", "openapi.json"];
const spectral = ["@stoplight/spectral-cli@6.16.3", "lint", "--fail-severity", "warn", "openapi.json"];
const isSpectral = process.argv.includes("--spectral");
const done = spawnSync("npx", isSpectral ? ["--yes", ...spectral] : ["--no", "--", ...redocly], {
  cwd: folder,
  encoding: "utf8",
  shell: process.platform === "win32",
  env: { ...process.env, REDOCLY_TELEMETRY: "off", REDOCLY_SUPPRESS_UPDATE_NOTICE: "true" },
});
const said = `${done.stdout}${done.stderr}`;
// Redocly exits with 0 even if there are warnings.
const isClean = done.status === 0 && !/You have \d+ warning/.test(said);
if (!isClean) process.stderr.write(said);
process.exit(isClean ? 0 : 1);
