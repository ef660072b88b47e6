/** The table of docs/reliability.md that says which test shows what for each kind of target: its tests exist. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { azureRoleKindNames } from "../../src/domain/targets/azureRoles.ts";

const root = dirname(dirname(import.meta.dirname));
const text = readFileSync(join(root, "docs/reliability.md"), "utf8");
const chapter = text.split("\n## ").find((each) => each.startsWith("Every kind of target")) ?? "";
const [header = [], , ...rows] = chapter
  .split("\n")
  .filter((line) => line.startsWith("|"))
  .map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
/** For each kind whose data is not simulated. */
const nowhere = "nowhere: not simulated";

it("has every kind, once", () => {
  const kinds = [...header.join(" ").matchAll(/`(\w+)`/g)].map(([, kind]) => kind);

  expect(kinds.toSorted()).toEqual([...azureRoleKindNames, "cosmosNoSql", "postgresql"].toSorted());
});

it("names a test that exists in every cell", () => {
  expect(rows.length).toBeGreaterThan(7);
  const cells = rows.flatMap(([what = "", ...others]) => others.map((cell) => ({ what, cell })));
  expect(cells).toHaveLength(rows.length * (header.length - 1));
  const named = cells.filter(({ cell }) => cell !== nowhere);
  expect(cells.length - named.length).toBe(1);
  const missing = named.flatMap(({ what, cell }) => {
    const tests = [...cell.matchAll(/`([^`]+\.test\.ts)`: ([^;]+)/g)].map(([, file = "", title = ""]) => ({
      file,
      title,
    }));
    if (tests.length === 0) return [`${what}: ${cell}`];
    return tests
      .filter(
        ({ file, title }) =>
          !existsSync(join(root, file)) || !readFileSync(join(root, file), "utf8").includes(`"${title.trim()}`),
      )
      .map(({ file, title }) => `${what}: ${file}: ${title}`);
  });

  expect(missing).toEqual([]);
});
