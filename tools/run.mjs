/**
 * Runs a tool or a TypeScript file of this project under Node 24, whichever Node the machine has.
 *
 * It is plain JavaScript for Node 20, because it runs before anything is installed: it installs if node_modules is missing or
 * older than the lock file, then starts the pinned Node (docs/adr/0005-node-24.md).
 *
 *   node tools/run.mjs sandbox/demo/main.ts --json     a file of this project
 *   node tools/run.mjs vitest run                    a package's command
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileCache } from "./compileCache.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [command, ...args] = process.argv.slice(2);

if (command === undefined) {
  console.error("usage: node tools/run.mjs <file or package command> [arguments]");
  process.exit(64);
}

if (!isInstalled()) install();
const node = findNode();
const isOurs = /\.(ts|mjs)$/.test(command);
// A package's command starts with `#!/usr/bin/env node`, so the PATH decides which Node runs it.
const child = spawn(isOurs ? node : command, isOurs ? [join(root, command), ...args] : args, {
  stdio: "inherit",
  shell: process.platform === "win32" && !isOurs,
  env: {
    NODE_COMPILE_CACHE: compileCache,
    ...process.env,
    PATH: [dirname(node), join(root, "node_modules/.bin"), process.env.PATH].join(delimiter),
  },
});
child.on("error", (error) => {
  console.error(`${command}: ${error.message}`);
  process.exit(64);
});
// The terminal sends Ctrl-C to the whole group. This process only waits, so that the child can stop what it started.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => signal === "SIGTERM" && child.kill(signal));
// npm runs this in a shell, which does not pass SIGTERM on: when the shell is gone, this process ends the child.
if (process.env.npm_lifecycle_event !== undefined) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    child.kill("SIGTERM");
  }, 500);
}
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 143)));

/** npm writes this file last, so an interrupted install counts as missing. */
function isInstalled() {
  const marker = join(root, "node_modules/.package-lock.json");
  return existsSync(marker) && statSync(marker).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs;
}

function install() {
  console.error("Installing packages (npm ci), about a minute the first time …");
  const npm = process.env.npm_execpath;
  const [file, prefix] = npm ? [process.execPath, [npm]] : ["npm", []];
  const done = spawnSync(file, [...prefix, "ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, "inherit"],
    shell: !npm && process.platform === "win32",
  });
  if (done.status !== 0) {
    console.error("npm ci failed; its own message is above. Nothing was started.");
    process.exit(done.status ?? 1);
  }
}

/** The installed Node package, otherwise the system's Node if it is new enough. */
function findNode() {
  const require = createRequire(join(root, "package.json"));
  const platform = process.platform === "win32" ? "win" : process.platform;
  try {
    const folder = dirname(require.resolve(`node-${platform}-${process.arch}/package.json`));
    const binary = join(folder, "bin", process.platform === "win32" ? "node.exe" : "node");
    if (existsSync(binary)) return binary;
  } catch {
    // There is no package for this platform: use the system's Node.
  }
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 22 || (major === 22 && minor >= 19)) return process.execPath;
  console.error(`Node ${process.versions.node} is too old here (22.19 or newer is needed) and npm has no Node 24 for
${process.platform} ${process.arch}. Install Node 24 from https://nodejs.org and run the same command again.`);
  process.exit(78);
}
