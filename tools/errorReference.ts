/** The text of docs/errors.md and docs/findings.md for each code. */
import { commandsFor } from "../clients/fixes.ts";
import { findingCatalogue } from "../src/domain/errors/findings.ts";
import { type Fix, formatFix, httpActs, type Words } from "../src/domain/errors/fix.ts";
import { notices } from "../src/domain/errors/notices.ts";
import { isEndingRefusalCode, refusals } from "../src/domain/errors/refusals.ts";
import { isObstacle, stepErrors } from "../src/domain/errors/stepErrors.ts";

export function describeErrors(): string {
  return [
    "### Refusals",
    "",
    ...table(
      ["code", "status", "ends a step", "cause", "what to do"],
      Object.entries(refusals).map(([code, { status, cause, fix }]) => [
        codeOf(code),
        String(status),
        yesOrNo(isEndingRefusalCode(code)),
        cause,
        textOf(fix),
      ]),
    ),
    "",
    "### Errors of steps",
    "",
    ...table(
      ["code", "retried", "status", "cause", "what to do"],
      Object.entries(stepErrors).map(([code, { status, retryable, cause, fix }]) => [
        codeOf(code),
        isObstacle(code) ? "an undo" : yesOrNo(retryable),
        String(status),
        cause,
        textOf(fix),
      ]),
    ),
    "",
    "### Notices",
    "",
    ...table(
      ["code", "cause", "what to do"],
      Object.entries(notices).map(([code, { cause, fix }]) => [codeOf(code), cause, textOf(fix)]),
    ),
  ].join("\n");
}

export function describeFindings(): string {
  return table(
    ["code", "severity", "repaired", "cause", "what to do"],
    Object.entries(findingCatalogue).map(([code, { severity, repairable, cause, fix }]) => [
      codeOf(code),
      severity,
      yesOrNo(repairable),
      cause,
      textOf(fix),
    ]),
  ).join("\n");
}

/** Readers of the documents may use the command line or write a client. */
const bothWords = Object.fromEntries(
  Object.entries(commandsFor()).map(([act, command]) => [act, `\`${httpActs[act as keyof Words]}\` (\`${command}\`)`]),
) as Words;

function textOf(fix: Fix): string {
  if (typeof fix === "string" || "remove" in fix) return formatFix(fix, "answered", bothWords);
  return `${formatFix(fix, "retried", bothWords)} After the last attempt: ${formatFix(fix, "ended", bothWords)}`;
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(heads), `|${"---|".repeat(heads.length)}`, ...rows.map(line)];
}

function codeOf(code: string): string {
  return `\`${code}\``;
}

function yesOrNo(is: boolean): string {
  return is ? "yes" : "no";
}
