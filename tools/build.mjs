/** Bundles src/main.ts into dist/main.cjs, the file that package.json `main` names and the Functions host loads. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

await build({
  absWorkingDir: root,
  entryPoints: [join(root, "src/main.ts")],
  outfile: join(root, "dist/main.cjs"),
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
});
