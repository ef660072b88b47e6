/** Generates the reference in docs/cli.md from the program's help: `node tools/run.mjs tools/writeCliReference.ts`. */
import { describeReference } from "../cli/help.ts";
import { writeReference } from "./reference.ts";

writeReference("cli.md", await describeReference());
