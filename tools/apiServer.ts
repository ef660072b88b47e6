/**
 * `npm run apiServer`: builds a real API server from its Go modules, once for each set of versions. A program that is there
 * is not built again, so a build that was interrupted goes on where it stopped.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import {
  modulesFolder,
  type ProgramName,
  programNames,
  programsFolder,
  readVersions,
} from "../local/apiServer/programs.ts";

/** Says what is wrong and what to do next; no stack. */
class CannotBuild extends Error {}

/** This machine lacks what the build needs, Go or the network: its own exit code, EX_UNAVAILABLE, for scripts. */
class Unavailable extends CannotBuild {}

const versions = readVersions();
const folder = programsFolder();

try {
  main();
} catch (error) {
  if (!(error instanceof CannotBuild)) throw error;
  console.error(error.message);
  process.exitCode = error instanceof Unavailable ? 69 : 1;
}

function main() {
  const missing = programNames.filter((name) => !existsSync(join(folder, name)));
  if (missing.length > 0) {
    const go = findGo();
    mkdirSync(folder, { recursive: true });
    console.error(
      `Building ${missing.join(", ")} with Go into ${folder}: some 8 minutes on two cores the first time …`,
    );
    for (const name of missing) build(go, name);
  }
  for (const name of programNames) expectVersion(name);
  console.log(folder);
}

/** The Go on the PATH, or the one where its installer puts it. */
function findGo(): string {
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

function build(go: string, name: ProgramName) {
  console.error(`  ${name}`);
  const isEtcd = name === "etcd";
  const partial = join(folder, `.${name}.${process.pid}`);
  const args = [
    ...["build", "-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", isEtcd ? "-s -w" : kubernetesFlags()],
    ...["-o", partial, isEtcd ? "." : `k8s.io/kubernetes/cmd/${name}`],
  ];
  const done = spawnSync(go, args, {
    cwd: join(modulesFolder, isEtcd ? "etcd" : "kubernetes"),
    env: goEnvironment(),
    encoding: "utf8",
    stdio: ["ignore", "inherit", "pipe"],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (done.status !== 0) throw notBuilt(name, done.stderr ?? "");
  renameSync(partial, join(folder, name));
}

/** What its own build scripts stamp: without it, clients see v0.0.0-master. */
function kubernetesFlags(): string {
  const [, major, minor] = /^v(\d+)\.(\d+)/.exec(versions.kubernetes) ?? [];
  const stamps = { gitVersion: versions.kubernetes, gitMajor: major, gitMinor: minor, gitTreeState: "clean" };
  const flags = Object.entries(stamps).flatMap(([field, value]) =>
    ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].map(
      (variable) => `-X ${variable}.${field}=${value}`,
    ),
  );
  return ["-s", "-w", ...flags].join(" ");
}

function notBuilt(name: ProgramName, said: string): CannotBuild {
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

/** A program of another version would make answers that nobody can compare. */
function expectVersion(name: ProgramName) {
  const expected = name === "etcd" ? versions.etcd : versions.kubernetes;
  const path = join(folder, name);
  const { stdout, error } = spawnSync(path, name === "kubectl" ? ["version", "--client"] : ["--version"], {
    encoding: "utf8",
  });
  // "v1.36.3", "3.6.13", in the middle of a line.
  if ((stdout ?? "").split(/[\s:]+/).some((word) => word.replace(/^v/, "") === expected.replace(/^v/, ""))) return;
  const said = error?.message ?? (stdout.trim().split("\n")[0] || "nothing");
  throw new CannotBuild(`${path} should be ${expected}, and says: ${said}. Delete it, and run: npm run apiServer`);
}
