import { dirname, join } from "node:path";

/**
 * Where Node keeps what it compiled, for the setting NODE_COMPILE_CACHE: every sandbox starts the same programs, which is
 * most of what a start costs. The command line keeps its own there (cli/start.mjs).
 */
export const compileCache = join(dirname(import.meta.dirname), "node_modules/.cache/mooring");
