/** The files next to a package: its SBOM (CycloneDX) and its provenance (in-toto, SLSA provenance 1). */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import type { Backend } from "./hostJson.ts";
import { print } from "./hostJson.ts";

const root = dirname(dirname(import.meta.dirname));

const Bom = z.looseObject({
  metadata: z.looseObject({ component: z.looseObject({ name: z.string(), "bom-ref": z.string() }) }),
  components: z.array(z.looseObject({ name: z.string(), version: z.string(), "bom-ref": z.string() })),
  dependencies: z.array(z.looseObject({ ref: z.string(), dependsOn: z.array(z.string()).default([]) })),
});
const Package = z.object({ name: z.string(), version: z.string() });

/**
 * The SBOM entries of the packages to which these files of a bundle belong. Not `npm sbom --omit dev`, which also omits
 * packages that the app depends on if a development tool uses them, too.
 */
export function writeBom(files: readonly string[]): string {
  const npm = process.env["npm_execpath"];
  const args = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];
  const [file, all] = npm === undefined ? ["npm", args] : [process.execPath, [npm, ...args]];
  const bom = Bom.parse(JSON.parse(execFileSync(file, all, { cwd: root, encoding: "utf8", maxBuffer: 1 << 26 })));
  // npm uses the name of the folder.
  const component = { ...bom.metadata.component, name: "mooring" };

  const bundled = listPackages(files);
  const components = bom.components.filter(({ name, version }) => bundled.has(`${name}@${version}`));
  const known = new Set(components.map(({ name, version }) => `${name}@${version}`));
  const unknown = [...bundled].filter((each) => !known.has(each));
  if (unknown.length > 0) throw new Error(`The lock file does not have what is in the bundle: ${unknown.join(", ")}`);

  const refs = new Set([component["bom-ref"], ...components.map((each) => each["bom-ref"])]);
  const dependencies = bom.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map((each) => ({ ...each, dependsOn: each.dependsOn.filter((ref) => refs.has(ref)) }));
  return print({ ...bom, metadata: { ...bom.metadata, component }, components, dependencies });
}

/** As name@version. */
function listPackages(files: readonly string[]): ReadonlySet<string> {
  const folders = files.flatMap((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(file) ?? []);
  return new Set(
    [...new Set(folders)].map((folder) => {
      const { name, version } = Package.parse(JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")));
      return `${name}@${version}`;
    }),
  );
}

export interface Made {
  readonly file: string;
  readonly zip: Uint8Array;
  readonly backend: Backend;
  readonly catalog: string;
}

/** Not signed: that is up to the build service (.github/workflows/package.yml signs it). */
export function writeProvenance({ file, zip, backend, catalog }: Made): string {
  const commit = git("rev-parse", "HEAD");
  const isClean = git("status", "--porcelain") === "";
  return print({
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: file, digest: { sha256: sha256(zip) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: "https://slsa.dev/provenance/v1?command=npm-run-package",
        externalParameters: { backend, catalog: { sha256: sha256(readFileSync(catalog)) } },
        internalParameters: { node: process.version, isClean },
        resolvedDependencies: [
          ...(commit === undefined ? [] : [{ name: "source", digest: { gitCommit: commit } }]),
          { name: "package-lock.json", digest: { sha256: sha256(readFileSync(join(root, "package-lock.json"))) } },
        ],
      },
      runDetails: {
        builder: { id: process.env["GITHUB_WORKFLOW_REF"] ?? "local" },
        metadata: { invocationId: process.env["GITHUB_RUN_ID"] ?? "local" },
      },
    },
  });
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Undefined if the sources are not a Git checkout. */
function git(...args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}
