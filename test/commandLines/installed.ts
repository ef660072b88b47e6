/** What the programs that are installed here say of themselves. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { testPrograms } from "kube-sim/programs";
import { sayNotRun } from "test-support/notRun";
import { z } from "zod";
import { Options } from "./programs.ts";

export function isInstalled(program: string): boolean {
  if (spawnSync(program, ["--help"], { stdio: "ignore" }).error === undefined) return true;
  sayNotRun(`programs.json was not compared with ${program}: it is not installed here`);
  return false;
}

/** The help of a command, with the options of every command. */
export function helpOf(program: string, command: string): string {
  if (program === "curl") return execFileSync("curl", ["--help", "all"], { encoding: "utf8" });
  const own = execFileSync(program, [...command.split(" "), "--help"], { encoding: "utf8" });
  return own + (program === "kubectl" ? execFileSync("kubectl", ["options"], { encoding: "utf8" }) : "");
}

/** Programs that Go builds on this machine (`npm run apiServer`), whose table is read from their own help. */
export const built = ["helm", "gh"] as const;

export function findBuilt(program: (typeof built)[number]): string | undefined {
  const { path, build } = testPrograms[program];
  if (existsSync(path())) return path();
  sayNotRun(`programs.json was not compared with ${program}: it is not built here (${build})`);
  return undefined;
}

/** The table of the installed Azure CLI, which takes it half a minute. */
export function readAzTable(commands: readonly string[]): Record<string, string[]> {
  const table = join(import.meta.dirname, "azTable.py");
  const printed = execFileSync(pythonOfAz(), [table], { encoding: "utf8", input: commands.join("\n") });
  return z.record(z.string(), Options).parse(JSON.parse(printed));
}

/** Azure CLI starts with a script that names its Python, or stands beside it in a virtual environment. */
function pythonOfAz(): string {
  const file = execFileSync("sh", ["-c", "command -v az"], { encoding: "utf8" }).trim();
  const script = readFileSync(file, "utf8");
  return /(\/\S+\/python[\d.]*)/.exec(script)?.[1] ?? join(dirname(file), "python");
}
