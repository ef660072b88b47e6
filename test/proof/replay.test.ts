/** Histories of every release, replayed prefix by prefix: today's code schedules the same actions as that release's code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import "../../src/orchestrations/batchLane.ts";
import "../../src/orchestrations/changeNamespace.ts";
import "../../src/orchestrations/compensateOperation.ts";
import "../../src/orchestrations/migration.ts";
import "../../src/orchestrations/batch.ts";
import "../../src/orchestrations/offboardNamespace.ts";
import "../../src/orchestrations/onboardNamespace.ts";
import "../../src/orchestrations/repairNamespace.ts";
import { registrations } from "../support/core.ts";
import { replay } from "../support/durableRunner.ts";
import { historiesFolder, type KeptHistory, printAction, recordedFiles } from "./support/histories.ts";
import { play, scenarios } from "./support/scenarios.ts";

const files = recordedFiles();

function read(release: string, file: string): readonly KeptHistory[] {
  return JSON.parse(readFileSync(join(historiesFolder, release, file), "utf8"));
}

/** The texts of fixes are for readers, and a later release may improve them. */
function withoutWords(action: string): string {
  return action.replaceAll(/"fix":"(?:[^"\\]|\\.)*"/g, '"fix":"…"');
}

/** The fields of a JSON object have no order. */
function inOneOrder(action: string): string {
  return JSON.stringify(JSON.parse(action), (_key, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
}

/** Returns the first difference, or an empty text. */
async function compare({ orchestration, history, turnLog, actions }: KeptHistory): Promise<string> {
  for (const { events, actions: count } of turnLog) {
    const now = (await replay(history.slice(0, events))).map(printAction).map(withoutWords).map(inOneOrder);
    const then = actions.slice(0, count).map(withoutWords).map(inOneOrder);
    if (now.join("\n") === then.join("\n")) continue;
    const at = then.findIndex((action, index) => action !== now[index]);
    const place = at < 0 ? then.length : at;
    return `${orchestration}, after ${events} events: asks for ${now[place] ?? "nothing"} instead of ${then[place] ?? "nothing"}`;
  }
  return "";
}

it.each(files)("$release $file", async ({ release, file }) => {
  const histories = read(release, file);

  expect(histories.length).toBeGreaterThan(0);
  for (const each of histories) expect(await compare(each)).toBe("");
});

it("has every scenario of this release, and enough of them", () => {
  const recorded = new Set(files.map(({ file }) => file.replace(".json", "")));

  expect(Object.keys(scenarios).filter((name) => !recorded.has(name))).toEqual([]);
  expect(recorded.size).toBeGreaterThanOrEqual(20);
});

it("covers every orchestration and every activity", () => {
  const known = [...registrations.functions.values()].map(({ metadata }) => metadata.name);
  const texts = files.map(({ release, file }) => readFileSync(join(historiesFolder, release, file), "utf8")).join("\n");

  expect(known.length).toBeGreaterThan(30);
  expect(known.filter((name) => !texts.includes(`"Name":"${name}"`))).toEqual([]);
});

it("passes only objects to and from activities: a bare boolean would arrive as text, a null as nothing", () => {
  const isObject = (json: string) => json.startsWith("{");
  const results = files.flatMap(({ release, file }) =>
    read(release, file).flatMap(({ history }) =>
      history.flatMap(({ Result }) => (Result === undefined ? [] : String(Result))),
    ),
  );
  const inputs = files.flatMap(({ release, file }) =>
    read(release, file).flatMap(({ actions }) =>
      actions.flatMap((action) => {
        const { functionName, input } = JSON.parse(action);
        return functionName === undefined ? [] : [typeof input === "string" ? input : JSON.stringify(input)];
      }),
    ),
  );

  expect(results.length).toBeGreaterThan(500);
  expect(inputs.length).toBeGreaterThan(500);
  expect([...results, ...inputs].filter((json) => !isObject(json))).toEqual([]);
});

it("notices a different action, a different input and a different order", async () => {
  const [run] = await play("onboard-workload-identity");
  if (!run) throw new Error("nothing was run");
  const kept = { orchestration: "onboardNamespace", status: run.status, history: run.history, turnLog: run.turnLog };
  const actions = run.actions.map(printAction);

  expect(await compare({ ...kept, actions })).toBe("");
  expect(await compare({ ...kept, actions: actions.map((each) => each.replace("preflight", "look")) })).not.toBe("");
  expect(await compare({ ...kept, actions: actions.map((each) => each.replace("team-a", "team-b")) })).not.toBe("");
  expect(await compare({ ...kept, actions: actions.toReversed() })).not.toBe("");
});
