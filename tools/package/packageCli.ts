/** The command line alone: a bundle that needs only Node, as an npm package. */
import { execFile } from "node:child_process";
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";

const root = join(import.meta.dirname, "../..");

export interface PackagedCli {
  readonly file: string;
  readonly bytes: number;
}

/** Writes the tarball to the folder, next to the files that it contains. */
export async function packageCli(out: string): Promise<PackagedCli> {
  const folder = join(out, "mooring-cli");
  await mkdir(join(folder, "bin"), { recursive: true });
  const described = await manifest();
  await bundle(join(folder, "bin/main.mjs"));
  await writeFile(join(folder, "bin/mooring.mjs"), launcher(described.engines.node), { mode: 0o755 });
  await writeFile(join(folder, "package.json"), `${JSON.stringify(described, null, 2)}\n`);
  await writeFile(join(folder, "README.md"), readme);
  await copyFile(join(root, "LICENSE"), join(folder, "LICENSE"));
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { stdout } = await promisify(execFile)(npm, ["pack", "--json", "--pack-destination", out], {
    cwd: folder,
    shell: process.platform === "win32",
  });
  const [{ filename, size }] = JSON.parse(stdout) as [{ filename: string; size: number }];
  return { file: join(out, filename), bytes: size };
}

/** An older Node cannot even link the bundle, so another file has to say what is missing. `needed` is such as ">=22.19". */
function launcher(needed: string): string {
  const least = needed.replace(">=", "");
  const [major, minor] = least.split(".");
  return `#!/usr/bin/env node
const [major, minor] = process.versions.node.split(".").map(Number);
if (major > ${major} || (major === ${major} && minor >= ${minor})) {
  await import("./main.mjs");
} else {
  console.error("mooring: Node " + process.versions.node + " is too old; ${least} or newer is needed: https://nodejs.org");
  process.exit(78);
}
`;
}

async function bundle(outfile: string): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: ["cli/main.ts"],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node22",
    // CommonJS packages load Node's built-in modules with require.
    banner: {
      js: `import { createRequire as createRequireOfBundle } from "node:module";
const require = createRequireOfBundle(import.meta.url);`,
    },
    minify: true,
    // Bug reports show the names.
    keepNames: true,
    legalComments: "linked",
    logLevel: "error",
  });
}

async function manifest() {
  const { version, description, license, engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
  return {
    name: "mooring-cli",
    version,
    description: `The command line of Mooring. ${description}`,
    license,
    type: "module",
    bin: { mooring: "bin/mooring.mjs" },
    engines,
    files: ["bin"],
  };
}

const readme = `# mooring-cli

The command line of Mooring: everything that Mooring's HTTP interface offers, from a terminal or a script. It has no
dependencies and needs only Node 22.19 or newer.

\`\`\`sh
npm install --global ./mooring-cli-<version>.tgz
mooring config set-context test --server https://mooring.example --audience <client id of Mooring>
mooring config use-context test
mooring list
source <(mooring completion bash)
\`\`\`

\`mooring --help\` lists all commands. \`mooring up\`, which runs the whole service on a laptop, needs a checkout of Mooring.
`;
