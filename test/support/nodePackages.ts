/** Packages from npm that a few tests need and nobody else, installed once, in a folder of their own outside the checkout. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sayNotRun } from "test-support/notRun";
import { cachePath, keyOf } from "./cache.ts";

/**
 * The folder in which a program finds these exact versions; undefined, and said in the report, where they cannot be had. No script of
 * theirs runs.
 */
export function nodePackages(dependencies: Readonly<Record<string, string>>, what: string): string | undefined {
  const manifest = JSON.stringify({ private: true, type: "module", dependencies });
  const folder = cachePath("node", keyOf(manifest));
  const marker = join(folder, "node_modules/.package-lock.json");
  if (existsSync(marker)) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), manifest);
  const quietly = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  const npm = spawnSync("npm", ["install", ...quietly], { cwd: folder, encoding: "utf8", timeout: 300_000 });
  if (npm.status === 0 && existsSync(marker)) return folder;
  sayNotRun(`${what}: ${Object.keys(dependencies).join(", ")} cannot be installed here (npm)`);
  return undefined;
}
