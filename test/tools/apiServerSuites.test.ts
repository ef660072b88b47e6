/** Every test file that starts a cluster runs on a real API server, too. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { suites } from "../../tools/apiServerSuites.ts";

const root = dirname(dirname(import.meta.dirname));
/** By itself, or by the fixtures of suites that share a sandbox and of the dashboard's tests. */
const starts =
  /\b(startSandbox|startCloud|startCluster|startKubernetes)\(|"[./]+\/support\/(sharedSandbox|dashboard)\.ts"/;
const files = globSync("{test,packages/*/test}/**/*.test.ts", { cwd: root }).filter((file) =>
  starts.test(readFileSync(join(root, file), "utf8")),
);
const isIn = (file: string, list: readonly string[]) =>
  list.some((each) => file === each || file.startsWith(`${each}/`));

it("names each file", () => {
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => !isIn(file, suites))).toEqual([]);
});

it("names nothing that is not there", () => {
  expect(suites.filter((each) => !existsSync(join(root, each)))).toEqual([]);
});
