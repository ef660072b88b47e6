/** Writes the reference of docs/cli.md anew from the program's own help: `node tools/run.mjs tools/writeCliReference.ts`. */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeReference } from "../cli/help.ts";

const file = join(dirname(dirname(fileURLToPath(import.meta.url))), "docs/cli.md");
const mark = "## Reference\n";
const [before = ""] = readFileSync(file, "utf8").split(mark);
writeFileSync(file, `${before}${mark}\n${await describeReference()}`);
