/** Defects that Mooring had and too few worlds show: the test of the part fails with each. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { hasPostgres } from "azure-sim/testing/postgres";
import { someOf } from "test-support/proofs";
import { expect, it } from "vitest";
import { partDefects } from "../support/partDefects.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const config = "test/proof/support/planted.config.ts";
const isTried = ({ test }: { readonly test: string }) => !test.includes("/postgres/") || hasPostgres(test);

it.each(someOf(Object.entries(partDefects).filter(([, each]) => isTried(each))))(
  "finds that %s",
  async (defect, { test, named }) => {
    const vitest = [
      "node_modules/vitest/vitest.mjs",
      "run",
      "--config",
      config,
      "--reporter=verbose",
      "-t",
      named,
      test,
    ];
    const env = { ...process.env, MOORING_PLANTED: defect, MOORING_SEEDS: "20", NO_COLOR: "1" };
    const run = promisify(execFile)(process.execPath, vitest, { cwd: root, env, maxBuffer: 1e8 });
    const { stdout } = await run.catch((error: { readonly stdout: string }) => error);

    const failed = stdout.split("\n").filter((line) => line.trimStart().startsWith("×"));
    expect(failed.join("\n"), stdout).toContain(named);
  },
  600_000,
);
