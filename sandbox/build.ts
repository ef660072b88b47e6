/**
 * Bundles src/main.ts into dist/main.cjs, the file that package.json `main` names and a Functions host loads; the
 * OpenTelemetry SDK into dist/telemetry.cjs beside it, which an app without telemetry never reads; and the dashboard into
 * dist/dashboard, which main.cjs serves. Code that both bundles use is in both, because esbuild splits only ES modules.
 */
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";
import { build, type Plugin, stop } from "esbuild";
import { isAscii, toAscii } from "./asciiSource.ts";

const root = dirname(import.meta.dirname);
const source = join(root, "src");
const bundle = join(root, "dist/main.cjs");
const dashboard = join(root, "dashboard");
const builtDashboard = join(root, "dist/dashboard");

/** The files of an app, relative to the folder of its package.json. */
export const bundles = ["dist/main.cjs", "dist/telemetry.cjs"] as const;

/** Only the `import()` in src/telemetry/start.ts loads the SDK. */
const telemetryBeside: Plugin = {
  name: "telemetry beside",
  setup: ({ onResolve }) =>
    onResolve({ filter: /\/sdk\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./telemetry.cjs", external: true } : undefined,
    ),
};

/**
 * V8 stores a source with a single character beyond Latin-1 as two bytes for each character, and esbuild writes ASCII except in
 * regular expressions: the alphabets in those of some packages would double the memory that the bundle takes.
 */
const asciiOnly: Plugin = {
  name: "ASCII only",
  setup: ({ onLoad }) =>
    onLoad({ filter: /[\\/]node_modules[\\/].*\.[cm]?js$/ }, async ({ path }) => {
      const text = await readFile(path, "utf8");
      return isAscii(text) ? undefined : { contents: toAscii(text) };
    }),
};

/** Builds when the bundle is missing or older than its inputs; checking a fresh one takes a few milliseconds. */
export async function ensureBuilt(): Promise<void> {
  building ??= buildIfStale().finally(() => {
    building = undefined;
  });
  await building;
}

let building: Promise<void> | undefined;

async function buildIfStale(): Promise<void> {
  const built = await timeOf(bundle);
  const inputs = [
    import.meta.filename,
    join(import.meta.dirname, "asciiSource.ts"),
    join(root, "package-lock.json"),
    ...(await filesBelow(source)),
    ...(await filesBelow(dashboard)),
  ];
  const times = await Promise.all(inputs.map(timeOf));
  if (times.every((time) => time < built)) return;
  await buildApp();
  // Its service would keep some 3 GB for as long as this process runs.
  await stop();
}

/** Returns the files that went into the bundles, relative to the checkout. */
export async function buildApp(): Promise<readonly string[]> {
  // The bundle comes last: its time vouches for everything else.
  const ofDashboard = await buildDashboard();
  return [...ofDashboard, ...(await buildBundle())];
}

async function buildBundle(): Promise<readonly string[]> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: { main: join(source, "main.ts"), telemetry: join(source, "telemetry/sdk.ts") },
    outdir: dirname(bundle),
    outExtension: { ".js": ".cjs" },
    plugins: [telemetryBeside, asciiOnly],
    bundle: true,
    // CommonJS, so that the SDK's require("@azure/functions-core") finds the module that the host supplies at run time.
    format: "cjs",
    platform: "node",
    target: "node22",
    external: ["@azure/functions-core"],
    // A CommonJS file has no import.meta.
    define: { "import.meta.dirname": "__dirname" },
    minify: true,
    sourcemap: true,
    // Names appear in the durable history and in stack traces.
    keepNames: true,
    legalComments: "none",
    logLevel: "warning",
    write: false,
    metafile: true,
  });
  for (const { path, contents, text } of outputFiles.toSorted(
    (a, b) => Number(a.path === bundle) - Number(b.path === bundle),
  )) {
    if (path.endsWith(".cjs") && !isAscii(text)) throw new Error(`${path} is not ASCII; see asciiOnly.`);
    await put(path, contents);
  }
  return Object.keys(metafile.inputs);
}

/** Writes files named by a hash of their content, and the document that refers to them. */
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
    // Drafts belong to a build that runs at the same time.
    if (!current.has(file) && !basename(file).startsWith(".")) await rm(file, { force: true });
  }
  return Object.keys(metafile.inputs);
}

/** Renames the file into place, because several sandboxes may build at the same time and none may load half a file. */
async function put(path: string, contents: Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = join(dirname(path), `.${basename(path)}.${randomUUID()}`);
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

/** The time of the last change; minus infinity when there is no such file. */
async function timeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return Number.NEGATIVE_INFINITY;
    throw error;
  }
}
