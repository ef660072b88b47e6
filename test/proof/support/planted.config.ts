/** Runs the test that a defect breaks, with the defect that `MOORING_PLANTED` names in the source (partDefects.ts). */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { partDefects } from "./partDefects.ts";
import { plant } from "./sourceEdits.ts";

const root = new URL("../../../", import.meta.url);
const name = process.env["MOORING_PLANTED"] ?? "";
const { edits, test } = partDefects[name] ?? {};
if (!edits || !test) throw new Error(`no defect is called "${name}"`);

export default defineConfig({
  root: fileURLToPath(root),
  plugins: [
    {
      name: "planted",
      enforce: "pre",
      transform: (code, id) =>
        edits.filter(({ file }) => fileURLToPath(new URL(file, root)) === id).reduce(plant, code),
    },
  ],
  test: {
    ...{ include: [test], setupFiles: ["test/support/setup.ts"], testTimeout: 90_000, hookTimeout: 120_000 },
    // One run would find the defects of another there.
    fsModuleCache: false,
  },
});
