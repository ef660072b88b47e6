/** The tables of docs/reliability.md that say which test shows what for each kind of target, and which proof has it. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createDice } from "test-support/random";
import { expect, it } from "vitest";
import { azureRoleKindNames } from "../../src/domain/targets/azureRoles.ts";
import { triedTargets } from "../proof/support/dataTargets.ts";
import { lateAccess, lateTargets } from "../proof/support/lateRequests.ts";
import { courses, roleKindOf } from "../proof/support/matrix.ts";
import { createTurns } from "../proof/support/roleKinds.ts";
import { createWorld } from "../proof/support/world.ts";

const root = dirname(dirname(import.meta.dirname));
const text = readFileSync(join(root, "docs/reliability.md"), "utf8");

/** The first table of the chapter. */
function tableOf(title: string): readonly (readonly string[])[] {
  const chapter = text.split("\n## ").find((each) => each.startsWith(title)) ?? "";
  const [, lines = ""] = /\n\n((?:\|.*\n)+)/.exec(chapter) ?? [];
  return lines
    .trim()
    .split("\n")
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const everyKind = [...azureRoleKindNames, "cosmosNoSql", "postgresql"].toSorted();
const [header = [], , ...rows] = tableOf("Every kind of target");

it("has every kind, once", () => {
  const kinds = [...header.join(" ").matchAll(/`(\w+)`/g)].map(([, kind]) => kind);

  expect(kinds.toSorted()).toEqual(everyKind);
});

it("names a test that exists in every cell", () => {
  expect(rows.length).toBeGreaterThan(7);
  const cells = rows.flatMap(([what = "", ...others]) => others.map((cell) => ({ what, cell })));
  expect(cells).toHaveLength(rows.length * (header.length - 1));
  const missing = cells.flatMap(({ what, cell }) => {
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

/** The kinds whose places the sandbox of a proof gets, by the setting that names them; `more` are those on which Azure gives roles. */
function placedIn(file: string, more: readonly string[]): readonly string[] {
  const source = readFileSync(join(root, "test/proof", file), "utf8");
  const [, settings = ""] = /startSandbox\(\{([\s\S]*?)\}\);/.exec(source) ?? [];
  const kinds = { more, accounts: ["cosmosNoSql"], schemas: ["postgresql"] };
  const placed = Object.entries(kinds).flatMap(([setting, each]) => (settings.includes(setting) ? each : []));
  return [...new Set(placed)].toSorted();
}

function kindOf({ target }: { readonly target: string }): string {
  return lateTargets[target]?.kind ?? `no target ${target}`;
}

it("says which proof has which kind", () => {
  const [proofs = [], , ...lines] = tableOf("Which proof has what");
  const told = new Map(
    lines.flatMap(([kinds = "", ...cells]) =>
      [...kinds.matchAll(/`(\w+)`/g)].map(([, kind = ""]) => [kind, cells] as const),
    ),
  );
  const having = (proof: string) =>
    [...told].flatMap(([kind, cells]) => (cells[proofs.indexOf(proof) - 1] === "yes" ? [kind] : [])).toSorted();
  const worlds = Array.from({ length: 100 }, (_, seed) => createWorld(seed).catalog.targets);
  const inWorlds = new Set(worlds.flatMap((targets) => Object.values(targets).map(({ kind }) => kind)));

  expect([...told.keys()].toSorted()).toEqual(everyKind);
  expect(having("worlds")).toEqual([...inWorlds].toSorted());
  expect(having("late landings")).toEqual([...new Set(lateAccess.map(kindOf))].toSorted());
  const kindsOf = createTurns(createDice(1));
  expect(having("races")).toEqual(placedIn("races.test.ts", ["a", "b", "c"].flatMap(kindsOf)));
  expect(having("fault matrix")).toEqual(placedIn("faultMatrix.test.ts", courses.map(roleKindOf)));
  expect(having("data faults")).toEqual(
    Object.values(triedTargets)
      .map(({ kind }) => kind)
      .toSorted(),
  );
});
