/**
 * The simulated API server answers as a real one: questions of each area of the API (areas.json), kinds × cases (table.json), and
 * 5,000 from a seed, with the real answers beside them. What it answers otherwise stands in differences.json with the reason; an entry
 * that has become equal fails. A refusal need not have the real one's words.
 *
 * On the real server (npm run test:apiServer -- <this file>), what is recorded has to be what it answers. MOORING_RECORD=1
 * records again.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { usesRealApiServer } from "../../../src/cluster/index.ts";
import { type Answered, ask, startAsked, startAskedOfAreas } from "./ask.ts";
import { readQuestions, recordAgain } from "./recorded.ts";
import { seededQuestions } from "./seeded.ts";

type Reasons = Readonly<Record<string, readonly string[]>>;

interface Differences {
  /** Questions whose answers differ in status, reason or kind, by the reason why. */
  readonly status: Reasons;
  /** Those that are granted alike, and differ in the rest. */
  readonly rest: Reasons;
  /** As `status`, of the seeded questions. */
  readonly seeded: Reasons;
}

const isRecording = process.env["MOORING_RECORD"] === "1";
const file = (name: string) => join(import.meta.dirname, name);
const differences = JSON.parse(readFileSync(file("differences.json"), "utf8")) as Differences;
const idsOf = (reasons: Reasons) => Object.values(reasons).flat().toSorted();
const all = ["table.json", "areas.json"].map((name) => ({ name, questions: readQuestions(name) }));

test("names each question once, and each difference is one's", () => {
  const ids = all.flatMap(({ questions }) => questions.map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids.length).toBeGreaterThan(4_000);
  const differing = [...idsOf(differences.status), ...idsOf(differences.rest)];
  expect(differing.filter((id) => !ids.includes(id))).toEqual([]);
  expect(idsOf(differences.status).length / ids.length).toBeLessThan(1 / 100);
});

test.each(all)("answers the questions of $name as a real API server does", { timeout: 300_000 }, async (asked) => {
  const { name, questions } = asked;
  const isOfAreas = name === "areas.json";
  const cluster = await (isOfAreas ? startAskedOfAreas() : startAsked());
  const answers = await ask(cluster, questions, { withHeaders: isOfAreas });
  await cluster.simulator.close();
  const real = questions.map((each) => each.real);
  if (usesRealApiServer) {
    const own = answers.map((each) => each.own);
    if (isRecording) recordAgain(name, own);
    return expectSame(
      lines(answers),
      isRecording ? lines(answers) : lines(questions.map(({ id, real: own }) => ({ id, own }))),
    );
  }
  const differing = answers.flatMap(({ id, own }, index) => {
    const isOtherwise = own.slice(0, 3).join() !== real[index]?.slice(0, 3).join();
    return isOtherwise || own[3] !== real[index]?.[3] ? [{ id, isOtherwise, isRefused: own[0] >= 400 }] : [];
  });
  const inOtherWords = differing.filter((each) => !each.isOtherwise && each.isRefused).length;
  expect(inOtherWords / answers.length).toBeLessThan(isOfAreas ? 0.25 : 0.15);
  const own = new Set(questions.map(({ id }) => id));
  const found = (isOtherwise: boolean) =>
    differing
      .filter((each) => each.isOtherwise === isOtherwise && (isOtherwise || !each.isRefused))
      .map(({ id }) => id);
  const known = (reasons: Reasons) => idsOf(reasons).filter((id) => own.has(id));
  expect(found(true).toSorted()).toEqual(known(differences.status));
  expect(found(false).toSorted()).toEqual(known(differences.rest));
});

const seed = 1;
const seededCount = 5_000;

test("answers seeded questions as a real API server does", { timeout: 600_000 }, async () => {
  const cluster = await startAsked();
  const answers = await ask(cluster, seededQuestions(seed, seededCount));
  await cluster.simulator.close();
  const own = answers.map((answer) => answer.own.join(" "));
  if (usesRealApiServer) {
    if (isRecording) writeFileSync(file("seeded.txt.gz"), gzipSync(own.join("\n"), { level: 9 }));
    return expectSame(own, readSeeded());
  }
  const real = readSeeded();
  expect(real).toHaveLength(seededCount);
  const first = (line: string | undefined) => line?.split(" ").slice(0, 3).join(" ");
  const otherwise = answers.filter((_, index) => first(own[index]) !== first(real[index])).map(({ id }) => id);
  expect(otherwise.toSorted()).toEqual(idsOf(differences.seeded));
  // Of the rest, the table names each class; here a lower bound, so that it does not become less.
  expect(own.filter((line, index) => line === real[index]).length / seededCount).toBeGreaterThan(0.93);
});

const readSeeded = () =>
  gunzipSync(readFileSync(file("seeded.txt.gz")))
    .toString("utf8")
    .split("\n");
const lines = (answers: readonly Answered[]) => answers.map(({ id, own }) => `${id}: ${own.join(" ")}`);

/** Wholes differ by chance in a few: texts that quote a whole object, and owners in the order of seconds. */
function expectSame(own: readonly string[], recorded: readonly string[]) {
  const withoutDigest = (line: string) => line.slice(0, line.lastIndexOf(" "));
  expect(own.map(withoutDigest)).toEqual(recorded.map(withoutDigest));
  expect(own.filter((line, index) => line !== recorded[index]).length).toBeLessThan(own.length / 100);
}
