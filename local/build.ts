/**
 * Bundles src/main.ts into dist/main.cjs, the file that package.json `main` names and a Functions host loads, and the SDK of
 * OpenTelemetry into dist/telemetry.cjs beside it, which an app whose telemetry is off never reads. What both use is in both:
 * esbuild splits only ES modules.
 */
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { build, type Plugin } from "esbuild";

const root = dirname(import.meta.dirname);
const source = join(root, "src");
const bundle = join(root, "dist/main.cjs");

/** What an app is made of, in the folder that has its package.json. */
export const bundles = ["dist/main.cjs", "dist/telemetry.cjs"] as const;

/** The only way to the SDK is the `import()` in src/telemetry/start.ts. */
const telemetryBeside: Plugin = {
  name: "telemetry beside",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/sdk\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./telemetry.cjs", external: true } : undefined,
    ),
};

/** Builds when the bundle is missing or older than what it is made of; a fresh one costs a few milliseconds. */
export async function ensureBuilt(): Promise<void> {
  const built = await timeOf(bundle);
  const inputs = [import.meta.filename, join(root, "package-lock.json"), ...(await filesBelow(source))];
  const times = await Promise.all(inputs.map(timeOf));
  if (times.some((time) => time >= built)) await buildApp();
}

/** Gives the files that went into the bundles, relative to the checkout. */
export async function buildApp(): Promise<readonly string[]> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: join(source, "main.ts"), telemetry: join(source, "telemetry/sdk.ts") },
    outdir: dirname(bundle),
    outExtension: { ".js": ".cjs" },
    plugins: [telemetryBeside],
    bundle: true,
    // CommonJS, so that the SDK's require("@azure/functions-core") meets the module that the host supplies at run time.
    format: "cjs",
    platform: "node",
    target: "node22",
    external: ["@azure/functions-core"],
    // A CommonJS file has no import.meta.
    define: { "import.meta.dirname": "__dirname" },
    minify: true,
    sourcemap: true,
    // Names show in the durable history and in stack traces.
    keepNames: true,
    legalComments: "none",
    logLevel: "warning",
    write: false,
    metafile: true,
  });
  await mkdir(dirname(bundle), { recursive: true });
  // The bundle last: its time says that all of it is there. Renamed into place, because several tests may build at once
  // and none of them must load half a file.
  for (const { path, contents } of outputFiles.toSorted(
    (a, b) => Number(a.path === bundle) - Number(b.path === bundle),
  )) {
    const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
    try {
      await writeFile(draft, contents);
      await rename(draft, path);
    } finally {
      await rm(draft, { force: true });
    }
  }
  return Object.keys(metafile.inputs);
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** Of the last change; before everything when there is no such file. */
async function timeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return Number.NEGATIVE_INFINITY;
    throw error;
  }
}
