import { dirname, join } from "node:path";

/**
 * Where Node caches compiled code, for the setting NODE_COMPILE_CACHE: every sandbox starts the same programs, and compiling
 * them is most of the cost of a start. The command line keeps its own cache there (cli/start.mjs).
 */
export const compileCache = join(dirname(import.meta.dirname), "node_modules/.cache/mooring");
