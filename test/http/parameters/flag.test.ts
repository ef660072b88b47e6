import { HttpRequest } from "@azure/functions";
import { expect, it } from "vitest";
import { readFlag, refuseDryRun } from "../../../src/http/parameters/flag.ts";

const asked = (query: string) => new HttpRequest({ method: "POST", url: `http://mooring/api/onboardings${query}` });

it.each([
  ["", false],
  ["?dryRun=false", false],
  ["?dryRun=true", true],
  ["?dryRun", true],
  ["?other=yes", false],
])("reads %s", (query, expected) => {
  expect(readFlag(asked(query), "dryRun")).toBe(expected);
});

it.each([
  ["?dryRun=yes", 'must be true or false, not "yes"'],
  ["?dryRun=1", 'must be true or false, not "1"'],
  ["?dryRun=TRUE", 'must be true or false, not "TRUE"'],
  ["?dryRun=true&dryRun=false", "must appear only once"],
])("refuses %s, which may be meant as a dry run", (query, detail) => {
  const read = () => readFlag(asked(query), "dryRun");

  expect(read).toThrow(expect.objectContaining({ code: "INVALID_PARAMETER" }));
  expect(read).toThrow(detail);
});

it("does not accept a dry run of a change that cannot be planned", () => {
  expect(() => refuseDryRun(asked("?dryRun=true"), "a verification only reads")).toThrow(
    /^Query parameter dryRun is not offered here, and nothing was done: a verification only reads\.$/,
  );
  refuseDryRun(asked("?dryRun=false"), "a verification only reads");
  refuseDryRun(asked(""), "a verification only reads");
});
