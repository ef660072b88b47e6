/**
/**
 * Bundles src/main.ts into dist/main.cjs, the file that package.json `main` names and a Functions host loads; the SDK of
 * OpenTelemetry into dist/telemetry.cjs beside it, which an app whose telemetry is off never reads; and the dashboard into
 * dist/dashboard, which main.cjs serves. What both bundles of the app use is in both: esbuild splits only ES modules.
 */
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";
import { build, type Plugin } from "esbuild";

const root = dirname(import.meta.dirname);
const source = join(root, "src");
const bundle = join(root, "dist/main.cjs");
const dashboard = join(root, "dashboard");
const builtDashboard = join(root, "dist/dashboard");

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
  const inputs = [
    import.meta.filename,
    join(root, "package-lock.json"),
    ...(await filesBelow(source)),
    ...(await filesBelow(dashboard)),
  ];
  const times = await Promise.all(inputs.map(timeOf));
  if (times.some((time) => time >= built)) await buildApp();
}

/** Gives the files that went into the bundles, relative to the checkout. */
export async function buildApp(): Promise<readonly string[]> {
  // The bundle last: its time says that all of it is there.
  const ofDashboard = await buildDashboard();
  return [...ofDashboard, ...(await buildBundle())];
}

async function buildBundle(): Promise<readonly string[]> {
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
  for (const { path, contents } of outputFiles.toSorted(
    (a, b) => Number(a.path === bundle) - Number(b.path === bundle),
  ))
    await put(path, contents);
  return Object.keys(metafile.inputs);
}

/** Files whose names say what is in them, and the document that names them. */
async function buildDashboard(): Promise<readonly string[]> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: ["main.tsx", "style/main.css", "icon.svg"].map((name) => join(dashboard, name)),
    outdir: builtDashboard,
    entryNames: "assets/[name]-[hash]",
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2023",
    tsconfig: join(dashboard, "tsconfig.json"),
    loader: { ".svg": "copy" },
    minify: true,
    legalComments: "none",
    logLevel: "warning",
    write: false,
    metafile: true,
  });
  let document = await readFile(join(dashboard, "index.html"), "utf8");
  for (const { path, contents } of outputFiles) {
    await put(path, contents);
    const placeholder = `{${extname(path) === ".svg" ? "icon" : "main"}${extname(path)}}`;
    document = document.replace(placeholder, `/dashboard/${relative(builtDashboard, path)}`);
  }
  await put(join(builtDashboard, "index.html"), Buffer.from(document));
  const current = new Set(outputFiles.map(({ path }) => path));
  for (const file of await filesBelow(join(builtDashboard, "assets"))) {
    if (!current.has(file)) await rm(file, { force: true });
  }
  return Object.keys(metafile.inputs);
}

/** Renamed into place, because several tests may build at once and none of them must load half a file. */
async function put(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = join(dirname(path), `.${basename(path)}.${process.pid}`);
  try {
    await writeFile(draft, contents);
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
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
