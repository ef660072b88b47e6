/** Programs in Go that tests build from its module proxy, each once, outside the checkout. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sayNotRun } from "test-support/notRun";
import { hasProgram } from "test-support/programs";
import { cachePath, keyOf } from "./cache.ts";

interface Programs {
  /** Modules with their exact versions: `github.com/a/b v1.2.3`. */
  readonly modules: readonly string[];
  /** The text of each program, by its name. */
  readonly sources: Readonly<Record<string, string>>;
}

/** The folder with the programs; undefined, and said in the report, where Go or the modules cannot be had. */
export function goPrograms({ modules, sources }: Programs, what: string): string | undefined {
  if (!hasProgram("go", { what, probe: ["version"], from: "golang" })) return undefined;
  const manifest = `module lines\n\ngo 1.25.0\n\n${modules.map((each) => `require ${each}\n`).join("")}`;
  const folder = cachePath("go", keyOf(manifest, sources));
  const built = join(folder, "bin");
  const isBuilt = () => Object.keys(sources).every((name) => existsSync(join(built, name)));
  if (isBuilt()) return built;
  mkdirSync(built, { recursive: true });
  writeFileSync(join(folder, "go.mod"), manifest);
  for (const [name, text] of Object.entries(sources)) {
    mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, name, "main.go"), text);
  }
  const go = (...args: string[]) => spawnSync("go", args, { cwd: folder, encoding: "utf8", timeout: 600_000 });
  const tidied = go("mod", "tidy");
  if (tidied.status !== 0) {
    sayNotRun(`${what}: ${modules.join(", ")} cannot be had here (go mod tidy)`);
    return undefined;
  }
  const done = go("build", "-o", `${built}/`, "./...");
  if (done.status !== 0 || !isBuilt()) throw new Error(`${what} do not compile:\n${done.stderr}`);
  return built;
}
