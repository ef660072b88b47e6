import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { errorCatalogue, errorOf, PermanentError, TransientError } from "../../src/domain/errors.ts";

it("documents every code in docs/errors.md, and no other", () => {
  const text = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| `"));

  const expected = Object.entries(errorCatalogue).map(
    ([code, { retryable, cause, fix }]) => `| \`${code}\` | ${retryable ? "yes" : "no"} | ${cause} | ${fix} |`,
  );

  expect(rows).toEqual(expected);
});

it("makes of a code the error that decides whether the step is tried again", () => {
  expect(errorOf("SQL_FIREWALL", "x")).toBeInstanceOf(PermanentError);
  expect(errorOf("SQL_UNAVAILABLE", "x")).toBeInstanceOf(TransientError);
  expect(errorOf("toString", "x")).toMatchObject({ code: "UNEXPECTED" });
});
