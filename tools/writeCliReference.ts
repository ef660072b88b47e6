/** Writes the reference of docs/cli.md anew from the program's own help: `node tools/run.mjs tools/writeCliReference.ts`. */
import { describeReference } from "../cli/help.ts";
import { writeReference } from "./reference.ts";

writeReference("cli.md", await describeReference());
