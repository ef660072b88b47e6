/**
 * Where Node caches compiled code: each program here that a person starts names it in NODE_COMPILE_CACHE, and all that it starts
 * inherits it. Compiling the same programs again is most of the cost of a start. Not in the shared temporary folder, where other
 * users could plant files; a folder that cannot be written to is not an error.
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const compileCache = join(dirname(dirname(fileURLToPath(import.meta.url))), "node_modules/.cache/mooring");
