import { expect, it } from "vitest";
import { type Finding, finding, fingerprint, keep, toDocument, worstOf } from "../../src/domain/finding.ts";
import { describeFindings } from "../../tools/errorReference.ts";
import { readReference } from "../../tools/reference.ts";

const what = { field: "db_datareader", expected: "granted", found: null };

it("has every code, word for word, in docs/findings.md (tools/writeErrorReference.ts writes it)", () => {
  const reference = readReference("findings.md");

  expect(reference).toBe(describeFindings());
  expect(reference.match(/^- `/gm)?.length).toBeGreaterThan(25);
});

it("gives each finding a severity, a fix and whether a repair helps", () => {
  expect(toDocument(finding("GRANT_MISSING", "sql-dev/orders", what))).toEqual({
    code: "GRANT_MISSING",
    target: "sql-dev/orders",
    ...what,
    severity: "Error",
    repairable: true,
    fix: "POST /api/namespaces/{cluster}/{namespace}/repair fixes it.",
    fixParts: [{ act: "repair", http: "POST /api/namespaces/{cluster}/{namespace}/repair" }, " fixes it."],
  });
});

it("names the worst severity, and none when there are no findings", () => {
  const info = finding("IDENTITY_TAGS_ADDED", "i", what);
  const warning = finding("GRANT_ADDED", "d", what);

  expect(worstOf([])).toBeUndefined();
  expect(worstOf([info])).toBe("Info");
  expect(worstOf([info, warning])).toBe("Warning");
});

it("treats two looks as equal in any order of findings, and as different when a value differs", () => {
  const a = finding("GRANT_MISSING", "sql-dev/orders", what);
  const b = finding("USER_MISSING", "sql-dev/messages", what);

  expect(fingerprint([a, b])).toBe(fingerprint([b, a]));
  expect(fingerprint([a, { ...b, found: "x" }])).not.toBe(fingerprint([a, b]));
});

it("trims the findings to fit into a table cell, keeping the worst first", () => {
  const long = "x".repeat(5_000);
  const many: Finding[] = Array.from({ length: 100 }, (_, index) =>
    finding("GRANT_ADDED", `sql-dev/database-${index}`, { field: "role", expected: long, found: long }),
  );

  const kept = keep([...many, finding("USER_MISSING", "sql-dev/orders", what)]);

  expect(kept[0]?.code).toBe("USER_MISSING");
  expect(JSON.stringify(kept).length).toBeLessThan(30_000);
});
