/** Builds programs with the Go of this machine, from the modules in this folder. */
import { spawnSync } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { modulesFolder, readVersions } from "../src/apiServer/programs.ts";

/** Says what is wrong and what to do next; no stack. */
export class CannotBuild extends Error {}

/** This machine lacks what the build needs, Go or the network: its own exit code, EX_UNAVAILABLE, for scripts. */
class Unavailable extends CannotBuild {}

const versions = readVersions();

/** The Go on the PATH, or the one where its installer puts it. */
export function findGo(): string {
  const wanted = /^go (\d+)\.(\d+)/m.exec(readFileSync(join(modulesFolder, "kubernetes/go.mod"), "utf8"));
  const needed = `Go ${wanted?.[1]}.${wanted?.[2]}`;
  const candidates = ["go", process.env["MOORING_GO"] ?? "/usr/local/go/bin/go"];
  const tooOld: string[] = [];
  for (const go of candidates) {
    const { status, stdout } = spawnSync(go, ["env", "GOVERSION"], { encoding: "utf8", env: goEnvironment() });
    const found = status === 0 ? /^go(\d+)\.(\d+)/.exec(stdout.trim()) : null;
    if (!found) continue;
    if (isAtLeast(found, wanted)) return go;
    tooOld.push(`${go} is ${stdout.trim()}`);
  }
  const use = "Only this command needs Go: without it, the sandbox simulates its clusters.";
  throw new Unavailable(
    tooOld.length > 0
      ? `${tooOld.join("; ")}, and Kubernetes ${versions.kubernetes} needs ${needed} or newer. Install it (https://go.dev/dl) and run this command again. ${use}`
      : `There is no Go on the PATH, nor at ${candidates[1]}; Kubernetes ${versions.kubernetes} needs ${needed} or newer. Install it (https://go.dev/dl) and run this command again. ${use}`,
  );
}

function isAtLeast(found: readonly string[], wanted: readonly string[] | null): boolean {
  const [major, minor] = [Number(found[1]), Number(found[2])];
  const [least, leastMinor] = [Number(wanted?.[1]), Number(wanted?.[2])];
  return major > least || (major === least && minor >= leastMinor);
}

/** Go would otherwise download another Go where the installed one is too old. */
function goEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, GOTOOLCHAIN: "local", GOWORK: "off", CGO_ENABLED: "0" };
}

export function buildWith(
  go: string,
  { path, module, args }: { path: string; module: string; args: readonly string[] },
): void {
  const [verb = "build", ...rest] = args;
  build(go, path, { verb: [...verb.split(" "), "-mod=readonly"], rest, cwd: join(modulesFolder, module) });
}

/**
 * A program of a module that others publish, in a version. Not by `go install`, which asks for all versions, and a proxy may list
 * none.
 */
export function buildPublished(
  go: string,
  { path, module, version, args }: { path: string; module: string; version: string; args: readonly string[] },
): void {
  const { stdout } = spawnSync(go, ["env", "GOVERSION"], { encoding: "utf8", env: goEnvironment() });
  const lines = ["module mooring.example/published", `go ${stdout.trim().slice(2)}`, `require ${module} ${version}`];
  writeFileSync(join(dirname(path), "go.mod"), `${lines.join("\n")}\n`);
  build(go, path, { verb: ["build", "-mod=mod"], rest: args, cwd: dirname(path) });
}

/** Under its name only once it is whole. */
function build(
  go: string,
  path: string,
  { verb, rest, cwd }: { verb: readonly string[]; rest: readonly string[]; cwd: string },
): void {
  const name = basename(path);
  console.error(`  ${name}`);
  const partial = join(dirname(path), `.${name}.${process.pid}`);
  const done = spawnSync(go, [...verb, "-trimpath", "-buildvcs=false", "-o", partial, ...rest], {
    ...{ cwd, env: goEnvironment(), encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
    stdio: ["ignore", "inherit", "pipe"],
  });
  if (done.status !== 0) throw notBuilt(name, done.stderr ?? "");
  renameSync(partial, path);
}

/** The folder of a module as it was published. */
export function downloadModule(
  go: string,
  { module, version }: { readonly module: string; readonly version: string },
): string {
  const args = ["mod", "download", "-json", `${module}@${version}`];
  const done = spawnSync(go, args, { encoding: "utf8", env: goEnvironment(), maxBuffer: 64 * 1024 * 1024 });
  if (done.status !== 0) throw notBuilt(module, `${done.stdout}${done.stderr}`);
  return (JSON.parse(done.stdout) as { readonly Dir: string }).Dir;
}

/** What its own build scripts stamp: without it, clients see v0.0.0-master. */
export function kubernetesFlags(): string {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(versions.kubernetes) ?? [];
  const stamps = { gitVersion: versions.kubernetes, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
  const flags = Object.entries(stamps).flatMap(([field, value]) =>
    ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].map(
      (variable) => `-X ${variable}.${field}=${value}`,
    ),
  );
  return ["-s", "-w", ...flags].join(" ");
}

function notBuilt(name: string, said: string): CannotBuild {
  const last = said.trim().split("\n").slice(-3).join("\n");
  const isUnreachable = /dial tcp|no such host|i\/o timeout|connection refused|proxyconnect|TLS handshake/.test(said);
  if (isUnreachable) {
    return new Unavailable(
      `${name} was not built: Go cannot reach its module proxy (go env GOPROXY).\n${last}\nRun the same command again when it can be reached; it goes on where it stopped.`,
    );
  }
  return new CannotBuild(
    `${name} was not built:\n${last}\nRun the same command again after the cause is mended; it goes on where it stopped.`,
  );
}

/** Says what is missing instead of a stack, with an exit code for scripts. */
export function endWith(error: unknown): void {
  if (!(error instanceof CannotBuild)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof Unavailable ? 69 : 1;
}
