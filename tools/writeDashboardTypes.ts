/** Generates dashboard/service/documents.ts: `node tools/run.mjs tools/writeDashboardTypes.ts`. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describeTypes } from "./dashboardTypes.ts";

const root = dirname(import.meta.dirname);
const file = join(root, "dashboard/service/documents.ts");
writeFileSync(file, `${describeTypes()}\n`);
execFileSync("biome", ["format", "--write", file], { cwd: root });
