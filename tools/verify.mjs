/** All checks of CI except the demo, cheapest first; stops at the first one that fails. */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const checks = [
  ["format and lint", ["biome", "check", "--error-on-warnings", "."]],
  [
    "orchestrator determinism",
    [
      "eslint",
      "--max-warnings",
      "0",
      "--no-warn-ignored",
      "src/orchestrations",
      "src/resources",
      "src/application/process",
    ],
  ],
  ["types of src alone", ["tsc", "-p", "src"]],
  ["types", ["tsc", "-p", "."]],
  ["types of the dashboard", ["tsc", "-p", "dashboard"]],
  ["dead code", ["knip"]],
  ["OpenAPI document", ["tools/lintOpenApi.ts"]],
  ["English", ["tools/lintProse.ts"]],
  ["worked examples", ["tools/checkExamples.ts"]],
  ["tests", ["vitest", "run"]],
];
// CI runs the tests separately, for their report.
const wanted = process.argv.includes("--without-tests") ? checks.slice(0, -1) : checks;

for (const [title, command] of wanted) {
  process.stderr.write(`\n— ${title}\n`);
  const started = performance.now();
  const done = spawnSync(process.execPath, [join(root, "tools/run.mjs"), ...command], { cwd: root, stdio: "inherit" });
  if (done.status !== 0) {
    process.stderr.write(`verify stopped at: ${title}\n`);
    process.exit(done.status ?? 1);
  }
  process.stderr.write(`  ok, ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}
