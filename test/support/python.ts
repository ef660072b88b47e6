/** Programs from PyPI that some tests need, each installed once, in a virtual environment of its own outside the checkout. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { sayNotRun } from "./notRun.ts";
import { hasProgram } from "./programs.ts";

const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "mooring", "python");

/** The path of the package's command; undefined, and said in the report, where Python or the package cannot be had. */
export function pythonPackage(name: string, version: string, what: string): string | undefined {
  const from = "python3-venv";
  if (!hasProgram("python3", { what, probe: ["-c", "import venv, ensurepip"], from })) return undefined;
  const folder = join(cache, `${name}-${version}`);
  const command = join(folder, "bin", name);
  if (existsSync(command)) return command;
  const made = spawnSync("python3", ["-m", "venv", "--clear", folder], { encoding: "utf8" });
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", `${name}==${version}`];
  const installed =
    made.status === 0 ? spawnSync(join(folder, "bin", "python"), pip, { encoding: "utf8", timeout: 300_000 }) : made;
  if (installed.status === 0 && existsSync(command)) return command;
  sayNotRun(`${what}: ${name} ${version} cannot be installed here (pip)`);
  return undefined;
}
