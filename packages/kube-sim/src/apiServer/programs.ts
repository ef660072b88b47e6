/** The programs of a real API server: which versions, and where `npm run apiServer` puts them. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";

export const programNames = ["etcd", "kube-apiserver", "kube-controller-manager", "kubectl"] as const;
export type ProgramName = (typeof programNames)[number];
export type Programs = Readonly<Record<ProgramName, string>>;

/** The modules of ours that pin them. */
export const modulesFolder = join(dirname(dirname(import.meta.dirname)), "programs");

export interface Versions {
  readonly kubernetes: string;
  readonly etcd: string;
}

export function readVersions(folder = modulesFolder): Versions {
  return {
    kubernetes: requiredVersion(join(folder, "kubernetes/go.mod"), "k8s.io/kubernetes"),
    etcd: requiredVersion(join(folder, "etcd/go.mod"), "go.etcd.io/etcd/server/v3"),
  };
}

function requiredVersion(file: string, module: string): string {
  const line = readFileSync(file, "utf8")
    .split("\n")
    .map((text) =>
      text
        .trim()
        .replace(/^require /, "")
        .split(" "),
    )
    .find(([name]) => name === module);
  if (line?.[1] === undefined) throw new Error(`${file} does not require ${module}.`);
  return line[1];
}

interface Places {
  readonly environment?: NodeJS.ProcessEnv;
  readonly folder?: string;
}

/** Outside the checkout, with a name of its own for each set of versions, so that checkouts share it. */
export function programsFolder(places: Places = {}): string {
  const { kubernetes, etcd } = readVersions(places.folder);
  const files = ["kubernetes/go.mod", "kubernetes/go.sum", "etcd/go.mod", "etcd/go.sum", "etcd/main.go"];
  return builtFolder(`kubernetes-${kubernetes}-etcd-${etcd}`, files, places);
}

function builtFolder(
  name: string,
  files: readonly string[],
  { environment = process.env, folder = modulesFolder }: Places = {},
): string {
  const hash = createHash("sha256");
  for (const file of files) hash.update(readFileSync(join(folder, file)));
  const key = `${name}-${process.platform}-${process.arch}-${hash.digest("hex").slice(0, 8)}`;
  const cache = environment["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  return join(cache, "mooring/apiServer", key);
}

/** GitHub's, of which only the help is read. */
export const ghVersion = "v2.83.0";

/** In which AKS has it for current versions of Kubernetes; ranges of ports came with 1.16. */
export const ciliumVersion = "v1.18.2";

/** What only tests need: Kubernetes' own test program, Helm, GitHub's command line, and Cilium's definition of its policies. */
export const testPrograms = {
  conformance: {
    path: () => join(builtFolder(`conformance-${readVersions().kubernetes}`, filesOf("conformance")), "e2e.test"),
    build: "npm run conformance -- --build",
  },
  helm: {
    path: () => join(builtFolder("helm", filesOf("helm")), "helm"),
    build: "npm run apiServer -- --helm",
  },
  gh: {
    path: () => join(builtFolder(`gh-${ghVersion}`, []), "gh"),
    build: "npm run apiServer -- --gh",
  },
  ciliumDefinition: {
    path: () => join(builtFolder(`cilium-${ciliumVersion}`, []), "ciliumnetworkpolicies.yaml"),
    build: "npm run apiServer -- --cilium",
  },
} as const;

function filesOf(module: string): string[] {
  return [`${module}/go.mod`, `${module}/go.sum`];
}

/** Undefined unless all of them are built. */
export function findPrograms(folder = programsFolder()): Programs | undefined {
  const paths = Object.fromEntries(programNames.map((name) => [name, join(folder, name)]));
  return hasAll(paths) && Object.values(paths).every((path) => existsSync(path)) ? paths : undefined;
}

function hasAll(paths: Record<string, string>): paths is Record<ProgramName, string> {
  return programNames.every((name) => paths[name] !== undefined);
}

export function requirePrograms(): Programs {
  const programs = findPrograms();
  if (programs !== undefined) return programs;
  throw new Error(
    `The real API server is not built on this machine: ${programsFolder()} lacks a program. Build it with: npm run apiServer`,
  );
}
