/**
 * Loaded before a worker (`--import`): puts the defect that `MOORING_PLANTED` names into the source as it is read. The files
 * themselves stay as they are.
 */
import { registerHooks } from "node:module";
import { lateDefects } from "./lateDefects.ts";
import { oldDefects } from "./oldDefects.ts";
import { sharedDefects } from "./sharedDefects.ts";
import type { Edit } from "./sourceEdits.ts";

const root = new URL("../../../", import.meta.url);
const name = process.env["MOORING_PLANTED"] ?? "";
const { edits } = { ...oldDefects, ...sharedDefects, ...lateDefects }[name] ?? {};
if (!edits) throw new Error(`no defect is called "${name}"`);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const own = edits.filter(({ file }) => new URL(file, root).href === url);
    return own.length === 0 ? loaded : { ...loaded, source: own.reduce(put, String(loaded.source)) };
  },
});

/** A defect that cannot be put in any more would not be looked for. */
function put(source: string, { file, today, then }: Edit): string {
  if (source.split(today).length === 2) return source.replace(today, () => then);
  throw new Error(`"${name}": ${file} has not exactly one\n${today}\nSay where the defect would be now.`);
}
