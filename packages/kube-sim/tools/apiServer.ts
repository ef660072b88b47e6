/**
 * `npm run apiServer`: builds a real API server from its Go modules, once for each set of versions. A program that is there
 * is not built again, so a build that was interrupted goes on where it stopped. With `-- --helm`, it builds Helm instead, with
 * `-- --gh` GitHub's command line, and with `-- --cilium` it takes Cilium's definition of its policies from its module.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import {
  ciliumVersion,
  ghVersion,
  type ProgramName,
  programNames,
  programsFolder,
  readVersions,
  testPrograms,
} from "../src/apiServer/programs.ts";
import { buildPublished, buildWith, CannotBuild, downloadModule, endWith, findGo, kubernetesFlags } from "./go.ts";

const versions = readVersions();
const folder = programsFolder();

try {
  main();
} catch (error) {
  endWith(error);
}

function main() {
  if (process.argv.includes("--helm")) return buildHelm();
  if (process.argv.includes("--gh")) return buildGh();
  if (process.argv.includes("--cilium")) return takeCiliumDefinition();
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

/** Helm, by which tests install a chart. */
function buildHelm() {
  const path = testPrograms.helm.path();
  if (!existsSync(path)) {
    const go = findGo();
    mkdirSync(dirname(path), { recursive: true });
    buildWith(go, { path, module: "helm", args: ["build", "-ldflags", "-s -w", "helm.sh/helm/v4/cmd/helm"] });
  }
  console.log(path);
}

/** GitHub's command line, whose own help tests read. */
function buildGh() {
  const path = testPrograms.gh.path();
  if (!existsSync(path)) {
    const go = findGo();
    mkdirSync(dirname(path), { recursive: true });
    const stamp = `-s -w -X github.com/cli/cli/v2/internal/build.Version=${ghVersion}`;
    const module = "github.com/cli/cli/v2";
    buildPublished(go, { path, module, version: ghVersion, args: ["-ldflags", stamp, `${module}/cmd/gh`] });
  }
  console.log(path);
}

/** CiliumNetworkPolicy, as a cluster with Cilium has it. */
function takeCiliumDefinition() {
  const path = testPrograms.ciliumDefinition.path();
  if (!existsSync(path)) {
    const folder = downloadModule(findGo(), { module: "github.com/cilium/cilium", version: ciliumVersion });
    mkdirSync(dirname(path), { recursive: true });
    copyFileSync(join(folder, "pkg/k8s/apis/cilium.io/client/crds/v2/ciliumnetworkpolicies.yaml"), path);
  }
  console.log(path);
}

function build(go: string, name: ProgramName) {
  const isEtcd = name === "etcd";
  buildWith(go, {
    path: join(folder, name),
    module: isEtcd ? "etcd" : "kubernetes",
    args: ["build", "-ldflags", isEtcd ? "-s -w" : kubernetesFlags(), isEtcd ? "." : `k8s.io/kubernetes/cmd/${name}`],
  });
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
