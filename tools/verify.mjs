/**
 * All checks of CI except the demo. First those that take one core each, as many at once as there are cores; then those that take
 * every core, one after another. Stops at the first one that fails.
 */
import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** The longest first, or the last one runs alone. */
const ofOneCore = [
  ["types", ["tsc", "-p", "."]],
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
  ["dead code", ["knip"]],
  ["types of src alone", ["tsc", "-p", "src"]],
  ["types of the dashboard", ["tsc", "-p", "dashboard"]],
  ["OpenAPI document", ["tools/lintOpenApi.ts"]],
  ["English", ["tools/lintProse.ts"]],
];
const ofAllCores = [
  ["worked examples", ["tools/checkExamples.ts"]],
  // CI runs the tests separately, for their report.
  ...(process.argv.includes("--without-tests") ? [] : [["tests", ["vitest", "run"]]]),
];

const running = new Set();
let hasStopped = false;

try {
  const waiting = [...ofOneCore];
  const lane = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await check(next, "pipe");
  };
  await Promise.all(Array.from({ length: availableParallelism() }, lane));
  for (const each of ofAllCores) await check(each, "inherit");
} catch (error) {
  hasStopped = true;
  for (const child of running) child.kill();
  process.stderr.write(`verify stopped at: ${error.message}\n`);
  process.exitCode = 1;
}

/** With `pipe`, what it says is shown when it has ended, so that two do not mix. */
async function check([title, command], output) {
  const started = performance.now();
  const child = spawn(process.execPath, [join(root, "tools/run.mjs"), ...command], {
    cwd: root,
    stdio: ["ignore", output, output],
  });
  running.add(child);
  const said = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => said.push(chunk));
  if (output === "inherit") process.stderr.write(`\n— ${title}\n`);
  const status = await new Promise((resolve, reject) => child.on("error", reject).on("close", resolve));
  running.delete(child);
  if (hasStopped) return;
  if (output === "pipe") process.stderr.write(`\n— ${title}\n${Buffer.concat(said)}`);
  if (status !== 0) throw new Error(title);
  process.stderr.write(`  ok, ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}
