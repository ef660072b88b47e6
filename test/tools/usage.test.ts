/** What `npm run` starts explains itself, and what documents pass on of its output has nothing of npm's in it. */
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

it.each(["tools/azure.ts", "tools/package.ts"])("%s --help prints its usage and ends with 0", (tool) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, tool), "--help"], { encoding: "utf8" });

  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout).toMatch(/^usage: npm run /);
});

it("documents redirect the output of `npm run` only where npm does not print its own lines before it", () => {
  const documents = ["README.md", ...globSync("docs/**/*.md", { cwd: root })];
  const commands = documents.flatMap((file) =>
    (readFileSync(join(root, file), "utf8").match(/npm run [^\n`]*( > | \| |--json)/g) ?? []).filter(
      // The cells of a table.
      (command) => !/^[^|]*` \|/.test(command),
    ),
  );

  expect(commands.length).toBeGreaterThan(0);
  expect(commands.filter((command) => !command.startsWith("npm run --silent "))).toEqual([]);
});
