/** The dashboard's types of the HTTP interface match the OpenAPI document. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { describeTypes } from "../../tools/dashboardTypes.ts";

const root = dirname(dirname(import.meta.dirname));
const name = "dashboard/service/documents.ts";

it("has up-to-date types from the OpenAPI document; to update: node tools/run.mjs tools/writeDashboardTypes.ts", () => {
  const formatted = execFileSync(join(root, "node_modules/.bin/biome"), ["format", `--stdin-file-path=${name}`], {
    cwd: root,
    input: `${describeTypes()}\n`,
    encoding: "utf8",
  });

  expect(readFileSync(join(root, name), "utf8")).toBe(formatted);
});
