/** Packages from npm that a few tests need and nobody else, installed once, in a folder of their own outside the checkout. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { sayNotRun } from "./notRun.ts";

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "mooring", "node");

/**
 * The folder in which a program finds these exact versions; undefined, and said in the report, where they cannot be had. No script of
 * theirs runs.
 */
export function nodePackages(dependencies: Readonly<Record<string, string>>, what: string): string | undefined {
  const manifest = JSON.stringify({ private: true, type: "module", dependencies });
  const folder = join(cache, createHash("sha256").update(manifest).digest("hex").slice(0, 12));
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
