/** What docs/errors.md and docs/findings.md say of each code. */
import { notices } from "../src/domain/errors/notices.ts";
import { isEndingRefusalCode, refusals } from "../src/domain/errors/refusals.ts";
import { stepErrors } from "../src/domain/errors/stepErrors.ts";
import { findingCatalogue } from "../src/domain/finding.ts";

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
        fix,
      ]),
    ),
    "",
    "### Errors of steps",
    "",
    ...table(
      ["code", "retried", "status", "cause", "what to do"],
      Object.entries(stepErrors).map(([code, { status, retryable, cause, fix }]) => [
        codeOf(code),
        yesOrNo(retryable),
        String(status),
        cause,
        fix,
      ]),
    ),
    "",
    "### Notices",
    "",
    ...table(
      ["code", "cause", "what to do"],
      Object.entries(notices).map(([code, { cause, fix }]) => [codeOf(code), cause, fix]),
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
      fix,
    ]),
  ).join("\n");
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
