/** Names in the report what needs a program that this machine lacks, and again at its end (lastWordsReporter.ts). */
import { it } from "vitest";

const mark = "NOT RUN";

export function sayNotRun(what: string): void {
  it.skip(`${mark}: ${what}`, () => undefined);
}
