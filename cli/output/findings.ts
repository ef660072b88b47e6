/** Differences between what was requested and what is there. */
import { fixOfFinding, isFindingCode } from "../../src/domain/errors/findings.ts";
import type { FindingDocument, Severity } from "../../src/domain/finding.ts";
import { facts } from "./facts.ts";
import { commandsFor, type Subject } from "./fix.ts";
import { printable } from "./printable.ts";
import type { Style, View } from "./view.ts";

const styles: Readonly<Record<Severity, Style>> = { Error: "red", Warning: "yellow", Info: "dim" };
const worstFirst = ["Error", "Warning", "Info"] as const;

/** `none`, or `1 Error, 2 Warning`. */
export function summarizeFindings(findings: readonly FindingDocument[]): string {
  const counts = worstFirst.map((severity) => ({
    severity,
    count: findings.filter((each) => each.severity === severity).length,
  }));
  const there = counts.filter(({ count }) => count > 0).map(({ severity, count }) => `${count} ${severity}`);
  return there.length === 0 ? "none" : there.join(", ");
}

export function findingLines(findings: readonly FindingDocument[], berth: Subject, view: View): readonly string[] {
  return findings.flatMap((finding) => {
    const { severity, code, target, field, expected, found, fix } = finding;
    return [
      `${view.paint(styles[severity], severity)}  ${view.paint("bold", code)}  ${printable(target)}`,
      ...facts(
        [
          ["field", field],
          ["wanted", expected ?? "nothing"],
          ["found", found ?? "nothing"],
          // A service newer than this program may send codes that it does not know.
          ["fix", isFindingCode(code) ? fixOfFinding(code, commandsFor(berth)) : fix],
        ],
        view,
        4,
      ),
    ];
  });
}
