/**
 * `npm run test:apiServer`: the tests that touch a cluster (apiServer/suites.ts), on a real API server. With paths or options for
 * Vitest after `--`, only those. What only the simulated server has is named at the end as not run.
 */

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { requirePrograms } from "../packages/kube-sim/src/apiServer/programs.ts";
import { messageOf } from "../src/domain/messageOf.ts";
import { suites } from "./apiServerSuites.ts";

const root = dirname(import.meta.dirname);

try {
  requirePrograms();
} catch (error) {
  console.error(messageOf(error));
  process.exit(69);
}
const given = process.argv.slice(2);
const paths = given.some((each) => !each.startsWith("-")) ? given : [...given, ...suites];
// Each file has an API server of its own, which takes much of a core to start; later, most of them wait for its controllers.
const { status } = spawnSync(
  process.execPath,
  [join(root, "tools/run.mjs"), "vitest", "run", "--maxWorkers=3", ...paths],
  { cwd: root, stdio: "inherit", env: { ...process.env, MOORING_API_SERVER: "real" } },
);
process.exit(status ?? 1);
