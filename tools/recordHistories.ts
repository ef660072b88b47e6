/**
 * Records histories of today's orchestrations into the folder of the coming release:
 * `node tools/run.mjs tools/recordHistories.ts [scenario …]`, without names those of which no history is there. What a
 * release left is never written again: every later one has to replay it (tools/freezeRelease.ts).
 */
import { join } from "node:path";
import "../test/support/core.ts";

const { scenarios } = await import("../test/proof/support/scenarios.ts");
const { historiesFolder, recordedFiles, upcoming } = await import("../test/proof/support/histories.ts");
const { recordHistories } = await import("../test/proof/support/record.ts");

const named = process.argv.slice(2);
const known = new Set(recordedFiles().map(({ file }) => file));
const names = named.length > 0 ? named : Object.keys(scenarios).filter((name) => !known.has(`${name}.json`));
const folder = join(historiesFolder, upcoming);
if (names.length > 0) await recordHistories(names, folder);
console.log(`${names.length} scenarios in ${folder}`);
