/** What needs a program that this machine does not have is named in the report, and once more at its end (notRunReporter.ts). */
import { it } from "vitest";

export const notRunMark = "NOT RUN";

export function sayNotRun(what: string): void {
  it.skip(`${notRunMark}: ${what}`, () => undefined);
}
