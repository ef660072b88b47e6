/** `npm run apiServer` with a Go that only pretends: what it says, and where it goes on. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { programNames, programsFolder, readVersions } from "../../src/apiServer/programs.ts";

const { kubernetes, etcd } = readVersions();
let folder = "";
let programs = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mooring-api-server-test-"));
  programs = programsFolder({ environment: { XDG_CACHE_HOME: join(folder, "cache") } });
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A `go` of this version: what it builds prints `built`, and every build is noted. */
function pretend({ version = "go1.26.8", build = "", built = kubernetes }: Record<string, string> = {}) {
  const script = `#!/bin/sh
if [ "$1" = env ]; then echo ${version}; exit 0; fi
while [ $# -gt 0 ]; do if [ "$1" = -o ]; then out=$2; fi; what=$1; shift; done
echo "$what $GOTOOLCHAIN" >> ${folder}/builds
${build}
case $what in .) said=${etcd.replace("v", "")};; *) said=${built};; esac
printf '#!/bin/sh\\necho program Version: %s\\n' "$said" > "$out"
chmod +x "$out"
`;
  writeFileSync(join(folder, "go"), script, { mode: 0o755 });
}

function run() {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["packages/kube-sim/tools/apiServer.ts"], {
    encoding: "utf8",
    env: { PATH: `${folder}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, "cache"), MOORING_GO: join(folder, "no-go") },
  });
  return { status, stdout: stdout.trim(), stderr };
}

const builds = () => readFileSync(join(folder, "builds"), "utf8").trim().split("\n");

test("builds every program once, and prints their folder", () => {
  pretend();

  expect(run()).toMatchObject({ status: 0, stdout: programs });
  expect(run()).toMatchObject({ status: 0, stdout: programs, stderr: "" });

  expect(readdirSync(programs).toSorted()).toEqual([...programNames].toSorted());
  // Without the setting, an older Go would download a newer one.
  expect(builds()).toEqual([
    ". local",
    ...["kube-apiserver", "kube-controller-manager", "kubectl"].map((name) => `k8s.io/kubernetes/cmd/${name} local`),
  ]);
});

test("goes on where it stopped, and says that the module proxy cannot be reached", () => {
  const unreachable = "dial tcp: lookup proxy.example: no such host";
  pretend({ build: `case $what in *kubectl) echo "${unreachable}" >&2; exit 1;; esac` });

  const stopped = run();
  pretend();
  const ended = run();

  expect(stopped).toMatchObject({ status: 69, stdout: "" });
  expect(stopped.stderr).toMatch(
    /kubectl was not built: Go cannot reach its module proxy \(go env GOPROXY\)\.\ndial tcp.*\nRun the same command again/,
  );
  expect(ended).toMatchObject({ status: 0, stdout: programs });
  expect(builds().map((line) => line.split(" ")[0]?.split("/").at(-1))).toEqual([
    ...[".", "kube-apiserver", "kube-controller-manager", "kubectl"],
    "kubectl",
  ]);
});

test("says what a failed build said", () => {
  pretend({ build: "echo 'etcdserver: out of disk' >&2; exit 2" });

  expect(run().stderr).toMatch(/etcd was not built:\netcdserver: out of disk\n/);
});

test("says that there is no Go, or that it is too old, and which is needed", () => {
  expect(run()).toMatchObject({ status: 69, stdout: "" });
  expect(run().stderr).toMatch(
    /There is no Go on the PATH, nor at .*; Kubernetes v1\.\d+\.\d+ needs Go 1\.26 or newer/,
  );

  pretend({ version: "go1.22.5" });
  expect(run().stderr).toMatch(/go is go1\.22\.5, and Kubernetes v1\.\d+\.\d+ needs Go 1\.26 or newer\. Install it/);
});

test("refuses a program of another version", () => {
  pretend({ built: "v1.35.0" });

  const { status, stderr } = run();

  expect(status).toBe(1);
  expect(stderr).toContain(`kube-apiserver should be ${kubernetes}, and says: program Version: v1.35.0. Delete it`);
});

test("the modules require one version of Kubernetes, and its staging modules in the version published for it", () => {
  const modules = readFileSync("packages/kube-sim/programs/kubernetes/go.mod", "utf8");
  const staging = [...modules.matchAll(/=> (k8s\.io\/\S+) (v\S+)/g)].map(([, , version]) => version);

  expect(staging).toHaveLength(33);
  expect(new Set(staging)).toEqual(new Set([kubernetes.replace("v1.", "v0.")]));
});
