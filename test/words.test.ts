/** The words of ARCHITECTURE.md are used in the code, and retired words stay out. */
import { globSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";

/** Private metaphors with their replacements; names of files, functions and variables count, too. */
const retired: readonly (readonly [RegExp, string])[] = [
  [/\bclerk/i, "ClaimContext"],
  [/\bdesk(?:s|Of|For)?\b|\w+Desk\b/i, "AcceptanceContext"],
  [/\bmend(?:s|ed|ing|er|ers)?\b|\bmend(?:Batch|Held|OnSight)\b|\b[oO]nSight\b/i, "recover"],
  [/\btend(?:s|ed|ing)?\b|\btend(?:Batch|Approval)/i, "reconcile"],
  [/\btakeUp\b/, "resumeOperation"],
  [/waiting ?line/i, "backlog"],
  [/\bfurnish/i, "seedCloud, prepareCloud, resourcesWithEffects"],
  [/broughtThere/, "withOnboardingOperation"],
  [/\bisAll\b/, "endsOperation"],
  [/\btogether\(/, "combinedActivity"],
  [/\bTold(?:<|\[|[A-Z])|\bmostTold\b/, "what it is: RenderedFix, ReportedChange, a notice"],
  [/\b[tT]eller\b|\bTelling\b|\bSurprise\b/, "DemoReporter, EventContext, UnexpectedResult"],
  [
    /\btoday\.ts\b|\blooks\.ts\b|\bplaces\.ts\b/,
    "measurements.ts, lookAtSteps.ts, operationPoller.ts, concurrencyLimit.ts",
  ],
  [/\b[rR]oom(?:Effects|WithSteps|Name|sOfMode)\b|\bdefineRoom\b|\bresources\/<room>/, "resource"],
  [/\bold way\b/i, "previous mode"],
  [
    /\bfindSettled\b|\bsettle(?:Items?|Steps|Namespace|Undo|Expiry)\b/,
    "findCurrent, noteEnd, endedSteps, releaseNamespace, resolveExpiries",
  ],
  [
    /\badmit(?:Next|OrDefer|First|Waiting)\b/,
    "beginNext, beginOrDefer: to admit is to decide whether a caller may ask",
  ],
  [
    /\bre(?:tell|told)\b|\btell(?:In|Drift|First|Canceled|Losses|Defect|Reason)\(/,
    "what it does: asSent, errorDocument, publishDrift, describeLosses, notify",
  ],
  [
    /\bsettle(?:Once|Approval\.ts)\b/,
    "allSettledOnce, concludeApproval.ts: to settle is to complete, defer or dead-letter a message",
  ],
  [/\btake(?:Decision|Message)\b/, "recordDecision, receiveMessage"],
  [
    /\b(?:plan\w*Taking|taking(?:Step|Away)|Taken(?:Item|Input|Away)|take(?:From|Grants|Back|Index|Place)|takes(?:Any|Roles|NothingAway)|isTakenUp)\b/,
    "revoke (access), remove (a thing), acquire (a place in a limit), next (an item of a batch), resume (work)",
  ],
  [/\bisTold\b|\blastingOrTold\b/, "isNotice, lastingOrNotice"],
];

const code = globSync("{src,cli,sandbox,packages/*/src,dashboard}/**/*.{ts,tsx,mjs,md}").map(read);
const documents = globSync(["docs/**/*.md", "{README,ARCHITECTURE,CONTRIBUTING,SECURITY}.md"]).map(read);

function read(file: string): { readonly file: string; readonly text: string } {
  return { file, text: readFileSync(file, "utf8") };
}

/** The first column of the table below `## Words`. */
function glossary(): readonly string[] {
  const { text } = read("ARCHITECTURE.md");
  const [, section = ""] = text.split("\n## Words\n");
  const [table = ""] = section.split("\n## ");
  return table
    .split("\n")
    .filter((line) => line.startsWith("| ") && !/^\| (?:word|---) \|/.test(line))
    .map((line) => line.split("|")[1]?.trim() ?? "");
}

it("defines only words that the code uses", () => {
  const words = glossary();
  const used = code.filter(({ file }) => file.startsWith("src/") && file.endsWith(".ts"));
  const unused = words.filter((word) => !used.some(({ text }) => new RegExp(`\\b${word}`, "i").test(text)));

  expect(used.length).toBeGreaterThan(300);
  expect(words.length).toBeGreaterThan(10);
  expect(new Set(words).size).toBe(words.length);
  expect(unused).toEqual([]);
});

it("finds no retired word", () => {
  const found = [...code, ...documents].flatMap(({ file, text }) =>
    text.split("\n").flatMap((line, index) =>
      retired.flatMap(([word, instead]) => {
        const match = word.exec(`${index === 0 ? `${file} ` : ""}${line}`);
        return match ? [`${file}:${index + 1}: "${match[0]}"; say ${instead}`] : [];
      }),
    ),
  );

  expect(found).toEqual([]);
});
