/**
 * Loaded before a worker (`--import`): puts the defect that `MOORING_PLANTED` names into the source as it is read. The files
 * themselves stay as they are.
 */
import { registerHooks } from "node:module";
import { lateDefects } from "./lateDefects.ts";
import { oldDefects } from "./oldDefects.ts";
import { sharedDefects } from "./sharedDefects.ts";
import { plant } from "./sourceEdits.ts";

const root = new URL("../../../", import.meta.url);
const name = process.env["MOORING_PLANTED"] ?? "";
const { edits } = { ...oldDefects, ...sharedDefects, ...lateDefects }[name] ?? {};
if (!edits) throw new Error(`no defect is called "${name}"`);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const own = edits.filter(({ file }) => new URL(file, root).href === url);
    return own.length === 0 ? loaded : { ...loaded, source: own.reduce(plant, String(loaded.source)) };
  },
});
