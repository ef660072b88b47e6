/**
 * The simulated API server answers as a real one: a table of questions, and those of each area of the API, whose real answers are
 * recorded beside them (answers.json, areas.json). What it answers otherwise stands in differences.json and areaDifferences.json with
 * the reason; an entry that has become equal fails.
 *
 * On the real server (npm run test:apiServer -- <this file>), what is recorded has to be what it answers. MOORING_RECORD=1
 * records again.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { usesRealApiServer } from "../../../src/cluster/index.ts";
import { questionsOfAreas } from "./areas/index.ts";
import { type Answered, ask, startAsked, startAskedOfAreas } from "./ask.ts";
import { seededQuestions } from "./seeded.ts";
import { tableOfQuestions } from "./table.ts";

/** Status, reason, kind, and a digest of the whole. */
type Recorded = readonly [number, string, string, string];

interface AreaDifferences {
  /** Questions whose answers differ in status, reason or kind, by the reason why. */
  readonly status: Readonly<Record<string, readonly string[]>>;
  /** Those that differ only in the rest. */
  readonly rest: Readonly<Record<string, readonly string[]>>;
}

interface Differences extends AreaDifferences {
  /** As `status`, of the seeded questions. */
  readonly seeded: Readonly<Record<string, readonly string[]>>;
}

const isRecording = process.env["MOORING_RECORD"] === "1";
const file = (name: string) => join(import.meta.dirname, name);
const read = <T>(name: string): T => JSON.parse(readFileSync(file(name), "utf8")) as T;
const recordedOf = ({ status, reason, kind, digest }: Answered): Recorded => [status, reason, kind, digest];

test("answers the table of questions as a real API server does", { timeout: 300_000 }, async () => {
  const cluster = await startAsked();
  const answers = await ask(cluster, tableOfQuestions());
  await cluster.simulator.close();
  expect(answers.length).toBeGreaterThan(500);
  compare(answers, { recordedIn: "answers.json", known: read<Differences>("differences.json"), most: 1 / 20 });
});

test("answers the questions of each area as a real API server does", { timeout: 300_000 }, async () => {
  const cluster = await startAskedOfAreas();
  const answers = await ask(cluster, questionsOfAreas(), { withHeaders: true });
  await cluster.simulator.close();
  expect(answers.length).toBeGreaterThan(1800);
  expect(new Set(answers.map(({ id }) => id)).size).toBe(answers.length);
  compare(answers, { recordedIn: "areas.json", known: read<AreaDifferences>("areaDifferences.json"), most: 1 / 20 });
});

/** On the real server, with what is recorded; on the simulated one, also with the list of what is known to differ. */
function compare(
  answers: readonly Answered[],
  { recordedIn, known, most }: { recordedIn: string; known: AreaDifferences; most: number },
) {
  if (usesRealApiServer) return expectRecorded(answers, recordedIn);
  const recorded = read<Record<string, Recorded>>(recordedIn);
  expect(answers.map(({ id }) => id)).toEqual(Object.keys(recorded));
  const differing = answers.flatMap((answer) => {
    const real = recorded[answer.id];
    const own = recordedOf(answer);
    if (real === undefined) return [];
    const isOtherwise = own.slice(0, 3).join() !== real.slice(0, 3).join();
    return isOtherwise || own[3] !== real[3] ? [{ id: answer.id, isOtherwise }] : [];
  });
  const ids = (isOtherwise: boolean) =>
    differing.filter((each) => each.isOtherwise === isOtherwise).map(({ id }) => id);
  expect(ids(true).toSorted()).toEqual(Object.values(known.status).flat().toSorted());
  expect(ids(false).toSorted()).toEqual(Object.values(known.rest).flat().toSorted());
  expect(ids(true).length / answers.length).toBeLessThan(1 / 20);
  expect(differing.length / answers.length).toBeLessThan(most);
}

const seed = 1;
const seededCount = 5_000;

test("answers seeded questions as a real API server does", { timeout: 600_000 }, async () => {
  const cluster = await startAsked();
  const answers = await ask(cluster, seededQuestions(seed, seededCount));
  await cluster.simulator.close();
  const own = answers.map((answer) => recordedOf(answer).join(" "));
  if (usesRealApiServer) {
    if (isRecording) writeFileSync(file("seeded.txt.gz"), gzipSync(own.join("\n"), { level: 9 }));
    expectSame(own, readSeeded());
    return;
  }
  const real = readSeeded();
  expect(real).toHaveLength(seededCount);
  const first = (line: string | undefined) => line?.split(" ").slice(0, 3).join(" ");
  const otherwise = answers.filter((_, index) => first(own[index]) !== first(real[index])).map(({ id }) => id);
  const isEqual = own.filter((line, index) => line === real[index]).length;

  expect(otherwise).toEqual(Object.values(read<Differences>("differences.json").seeded).flat().toSorted(inOrder));
  expect(otherwise.length).toBeLessThan(seededCount / 20);
  // Of the rest, the table names each class; here a lower bound, so that it does not become less.
  expect(isEqual / seededCount).toBeGreaterThan(0.98);
});

const readSeeded = () =>
  gunzipSync(readFileSync(file("seeded.txt.gz")))
    .toString("utf8")
    .split("\n");
const inOrder = (left: string, right: string) => Number(left.split(" ")[1]) - Number(right.split(" ")[1]);

function expectRecorded(answers: readonly Answered[], recordedIn: string) {
  if (isRecording) {
    const lines = answers.map((answer) => `${JSON.stringify(answer.id)}:${JSON.stringify(recordedOf(answer))}`);
    writeFileSync(file(recordedIn), `{\n${lines.join(",\n")}\n}\n`);
  }
  const recorded = read<Record<string, Recorded>>(recordedIn);
  expectSame(
    answers.map((answer) => `${answer.id}: ${recordedOf(answer).join(" ")}`),
    Object.entries(recorded).map(([id, each]) => `${id}: ${each.join(" ")}`),
  );
}

/** Wholes differ by chance in a few: texts that quote a whole object, and owners in the order of seconds. */
function expectSame(own: readonly string[], recorded: readonly string[]) {
  const withoutDigest = (line: string) => line.slice(0, line.lastIndexOf(" "));
  expect(own.map(withoutDigest)).toEqual(recorded.map(withoutDigest));
  expect(own.filter((line, index) => line !== recorded[index]).length).toBeLessThan(own.length / 100);
}
