/** Programs from PyPI that some tests need, each installed once, in a virtual environment of its own outside the checkout. */
import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sayNotRun } from "test-support/notRun";
import { hasProgram } from "test-support/programs";
import { cachePath, keyOf } from "./cache.ts";

/** The path of the package's command; undefined, and said in the report, where Python or the package cannot be had. */
export function pythonPackage(name: string, version: string, what: string): string | undefined {
  return installed(`${name}-${version}`, { command: name, packages: { [name]: version } }, what);
}

/** The path of a Python that has these packages; the same. */
export function pythonWith(name: string, packages: Readonly<Record<string, string>>, what: string): string | undefined {
  return installed(`${name}-${keyOf(packages)}`, { command: "python", packages }, what);
}

interface Wanted {
  readonly command: string;
  readonly packages: Readonly<Record<string, string>>;
}

function installed(folderName: string, { command, packages }: Wanted, what: string): string | undefined {
  const from = "python3-venv";
  if (!hasProgram("python3", { what, probe: ["-c", "import venv, ensurepip"], from })) return undefined;
  const folder = cachePath("python", folderName);
  const path = join(folder, "bin", command);
  // Python is there before the packages are.
  const marker = join(folder, "installed");
  if (existsSync(marker) && existsSync(path)) return path;
  const made = spawnSync("python3", ["-m", "venv", "--clear", folder], { encoding: "utf8" });
  const exact = Object.entries(packages).map(([name, version]) => `${name}==${version}`);
  const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...exact];
  const done =
    made.status === 0 ? spawnSync(join(folder, "bin", "python"), pip, { encoding: "utf8", timeout: 300_000 }) : made;
  if (done.status === 0 && existsSync(path)) {
    writeFileSync(marker, "");
    return path;
  }
  sayNotRun(`${what}: ${exact.join(", ")} cannot be installed here (pip)`);
  return undefined;
}
