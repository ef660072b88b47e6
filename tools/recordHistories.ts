/**
 * Records histories of the current orchestrations in the folder of the next release:
 * `node tools/run.mjs tools/recordHistories.ts [scenario …]`; without names, for all scenarios that have no history. The
 * histories of a release are never overwritten: every later release must replay them (tools/freezeRelease.ts).
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
