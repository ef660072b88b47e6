/** What reading a namespace back has found. The severity and fix of each code are in errors/findings.ts. */
import { createHash } from "node:crypto";
import { z } from "zod";
import { type FindingCode, findingCatalogue, fixOfFinding, severities } from "./errors/findings.ts";
import { FixParts } from "./fixParts.ts";

export const Severity = z.enum(severities);
export type Severity = z.infer<typeof Severity>;

export type { FindingCode };

const codes = Object.keys(findingCatalogue) as [FindingCode, ...FindingCode[]];

/** A finding as it is stored. Severity and fix follow from the code. */
export const Finding = z.object({
  code: z.enum(codes),
  /** What it is about: an identity's name, `server/database`, `Kind name`. */
  target: z.string(),
  field: z.string(),
  expected: z.string().nullable(),
  found: z.string().nullable(),
});
export type Finding = z.infer<typeof Finding>;

export function finding(code: FindingCode, target: string, what: Omit<Finding, "code" | "target">): Finding {
  return { code, target, ...what };
}

/** A finding as the HTTP interface answers it. */
export const FindingDocument = Finding.extend({
  severity: Severity,
  repairable: z.boolean(),
  fix: z.string(),
  fixParts: FixParts.exactOptional(),
}).meta({ id: "Finding" });
export type FindingDocument = z.infer<typeof FindingDocument>;

export function toDocument(finding: Finding): FindingDocument {
  const { severity, repairable } = findingCatalogue[finding.code];
  return { ...finding, severity, repairable, ...fixOfFinding(finding.code) };
}

export function severityOf({ code }: Pick<Finding, "code">): Severity {
  return findingCatalogue[code].severity;
}

/** Whether a finding of the severity says that access is broken, or cannot be proven. */
const breaks: { readonly [S in Severity]: boolean } = { Info: false, Warning: false, Error: true };

export function isError(finding: Finding): boolean {
  return breaks[severityOf(finding)];
}

/** Errors that give more than the request asks for or the catalog allows: what was asked for works. */
const surplus: ReadonlySet<FindingCode> = new Set([
  "CREDENTIAL_SURPLUS",
  "GRANT_SURPLUS",
  "ACCOUNT_SURPLUS",
  "POD_IDENTITY_SURPLUS",
  "BINDING_SURPLUS",
  "IDENTITY_USE_SURPLUS",
  "ROLE_RENAMED",
  "TARGET_MOVED",
  "TARGET_FORBIDDEN",
]);

/** Whether the namespace lacks something that the request asks for, or this cannot be proven. */
export function breaksAccess(finding: Finding): boolean {
  return isError(finding) && !surplus.has(finding.code);
}

export function isRepairable({ code }: Pick<Finding, "code">): boolean {
  return findingCatalogue[code].repairable;
}

/** Undefined if there are no findings. */
export function worstOf(findings: readonly Finding[]): Severity | undefined {
  return [...Severity.options].reverse().find((severity) => findings.some((each) => severityOf(each) === severity));
}

/** One sentence, for messages. */
export function describeFinding({ target, field, expected, found }: Finding): string {
  if (found === null && expected === "there") return `${target}: ${field} is missing.`;
  return `${target}: ${field} is ${found ?? "missing"}; expected ${expected ?? "nothing"}.`;
}

/** Equal for two looks with the same findings, in whatever order. */
export function fingerprint(findings: readonly Finding[]): string {
  const lines = findings.map(({ code, target, field, expected, found }) =>
    JSON.stringify([code, target, field, expected, found]),
  );
  return createHash("sha256").update(lines.sort().join("\n")).digest("hex").slice(0, 32);
}

/** A table cell holds 32,768 characters, so only the worst findings are kept, with their texts cut. */
const mostKept = 40;
const longestText = 200;

export function keep(findings: readonly Finding[]): readonly Finding[] {
  const rank = (finding: Finding) => Severity.options.indexOf(severityOf(finding));
  return findings
    .toSorted((a, b) => rank(b) - rank(a))
    .slice(0, mostKept)
    .map((finding) => ({ ...finding, expected: cut(finding.expected), found: cut(finding.found) }));
}

/** From the middle: an error begins with what was asked, and ends with why it was refused. */
function cut(text: string | null): string | null {
  if (text === null || text.length <= longestText) return text;
  const begin = Math.floor(longestText / 3);
  return `${text.slice(0, begin)}…${text.slice(begin + 1 - longestText)}`;
}
