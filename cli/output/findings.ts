/** Differences between what was requested and what is there. */
import { countBySeverity, subjectOf, valueInWords } from "../../clients/findings.ts";
import { fixInCommands, type Subject } from "../../clients/fixes.ts";
import type { FindingDocument, Severity } from "../../src/domain/finding.ts";
import { facts } from "./facts.ts";
import { printable } from "./printable.ts";
import type { Style, View } from "./view.ts";

const styles: Readonly<Record<Severity, Style>> = { Error: "red", Warning: "yellow", Info: "dim" };

/** `none`, or `1 Error, 2 Warning`. */
export function summarizeFindings(findings: readonly FindingDocument[]): string {
  const there = countBySeverity(findings).map(([severity, count]) => `${count} ${severity}`);
  return there.length === 0 ? "none" : there.join(", ");
}

export function findingLines(
  findings: readonly FindingDocument[],
  namespaceRef: Subject,
  view: View,
): readonly string[] {
  return findings.flatMap((finding) => {
    const { severity, code, field, expected, found } = finding;
    return [
      `${view.paint(styles[severity], severity)}  ${view.paint("bold", code)}  ${printable(subjectOf(finding))}`,
      ...facts(
        [
          ["field", field],
          ["expected", valueInWords(expected)],
          ["found", valueInWords(found)],
          ["fix", fixInCommands(finding, namespaceRef).fix],
        ],
        view,
        4,
      ),
    ];
  });
}
