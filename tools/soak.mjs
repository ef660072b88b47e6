/**
 * The tests that take too long for every run: many more worlds, every cell of the fault matrix, a hundred kills, the engine's
 * proof with larger numbers. Paths limit it: `npm run soak -- packages/functions-host/test/durable`.
 */
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// Every soak draws a new sample; MOORING_TEST_SEED repeats a failing one.
const seed = String(Date.now() % 1_000_000);
const settings = { MOORING_PROOFS: "soak", MOORING_SEEDS: "200000", MOORING_KILLS: "100", MOORING_TEST_SEED: seed };
const given = process.argv.slice(2);
const all = [
  ...[
    "test/proof",
    "test/sandbox/kill",
    "test/sandbox/unwritableStore.test.ts",
    "packages/functions-host/test/durable",
  ],
  "packages/kube-sim/test/kubernetes/conformance",
];

// One file at a time: each keeps both cores busy.
const done = spawnSync(
  process.execPath,
  [join(root, "tools/run.mjs"), "vitest", "run", "--no-file-parallelism", ...(given.length > 0 ? given : all)],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...settings, ...process.env },
  },
);
process.exit(done.status ?? 1);
