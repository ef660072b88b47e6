/** The text of docs/errors.md and docs/findings.md for each code. */
import { commandsFor } from "../clients/fixes.ts";
import { findingCatalogue } from "../src/domain/errors/findings.ts";
import { type Fix, formatFix, httpActs, type Words } from "../src/domain/errors/fix.ts";
import { notices } from "../src/domain/errors/notices.ts";
import { isEndingRefusalCode, refusals } from "../src/domain/errors/refusals.ts";
import { isObstacle, stepErrors } from "../src/domain/errors/stepErrors.ts";

export function describeErrors(): string {
  const sections: readonly (readonly [string, readonly string[]])[] = [
    [
      "Refusals",
      Object.entries(refusals).map(([code, { status, cause, fix }]) =>
        lineOf({ code, facts: [String(status), isEndingRefusalCode(code) && "ends a step"], cause, fix }),
      ),
    ],
    [
      "Errors of steps",
      Object.entries(stepErrors).map(([code, { status, retryable, cause, fix }]) => {
        const retried = isObstacle(code) ? "undos are retried" : retryable && "retried";
        return lineOf({ code, facts: [String(status), retried], cause, fix });
      }),
    ],
    ["Notices", Object.entries(notices).map(([code, { cause, fix }]) => lineOf({ code, facts: [], cause, fix }))],
  ];
  return sections.map(([title, lines]) => [`### ${title}`, "", ...lines].join("\n")).join("\n\n");
}

/** What "repaired" says. */
const said = / \*Fix:\* `mooring repair <cluster\/namespace>` fixes it\.$/;

export function describeFindings(): string {
  return Object.entries(findingCatalogue)
    .map(([code, { severity, repairable, cause, fix }]) =>
      lineOf({ code, facts: [severity, repairable && "repaired"], cause, fix }).replace(said, ""),
    )
    .join("\n");
}

interface Entry {
  readonly code: string;
  readonly facts: readonly (string | false)[];
  readonly cause: string;
  readonly fix: Fix;
}

function lineOf({ code, facts, cause, fix }: Entry): string {
  const inBrackets = facts.filter(Boolean).join(", ");
  return `- \`${code}\`${inBrackets && ` (${inBrackets})`}. ${cause} *Fix:* ${textOf(fix)}`;
}

/** A route by its command, which is shorter. What is part of a request is named in both ways, since readers may write a client. */
const words = Object.fromEntries(
  Object.entries(commandsFor()).map(([act, command]) => {
    const http = httpActs[act as keyof Words];
    return [act, /^[A-Z]+ \//.test(http) ? `\`${command}\`` : `\`${http}\` (\`${command}\`)`];
  }),
) as Words;

function textOf(fix: Fix): string {
  return formatFix(fix, typeof fix === "string" || "remove" in fix ? "answered" : "retried", words);
}
