/**
 * Records the histories of this release's orchestrations, which every later release has to replay:
 * `node tools/run.mjs tools/recordHistories.ts`. The folder of a version that was released is never written again.
 */
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };
import "../test/support/core.ts";

const { play, scenarios } = await import("../test/proof/support/scenarios.ts");
const { historiesFolder, keep } = await import("../test/proof/support/histories.ts");

const folder = join(historiesFolder, packageJson.version);
await rm(folder, { recursive: true, force: true });
await mkdir(folder, { recursive: true });
for (const name of Object.keys(scenarios)) {
  const runs = await play(name);
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(runs.map(keep))}\n`);
}
console.log(`${Object.keys(scenarios).length} scenarios in ${folder}`);
