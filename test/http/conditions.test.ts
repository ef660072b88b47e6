/** Conditions of requests, as RFC 9110 has them (13.1), with the two parts of Mooring's tags. */
import { describe, expect, it } from "vitest";
import { changeTag, entityTag } from "../../src/domain/http/entityTag.ts";
import { expectMatch, expectNoMatch, expectNothingNamed, isKnown } from "../../src/http/conditions.ts";

const is = { state: "Onboarded" };
const tag = entityTag({ is, found: [] });
const later = entityTag({ is, found: ["drift"] });
const other = entityTag({ is: { state: "Incomplete" }, found: [] });
const sent = (name: string, value?: string) => ({ headers: new Headers(value === undefined ? {} : { [name]: value }) });
const current = { tag, state: "Namespace a/b is Onboarded." };
const codeOf = (act: () => void) => {
  try {
    act();
    return "passes";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("If-Match of a change", () => {
  it.each([
    ["no header", undefined, "passes"],
    ["*", "*", "passes"],
    ["the tag", tag, "passes"],
    ["the tag before the last look", later, "passes"],
    ["the etag of the document", changeTag(is), "passes"],
    ["one of several", `"x" ,\t${tag}`, "passes"],
    ["another", other, "PRECONDITION_FAILED"],
    ["the tag, weak", `W/${tag}`, "PRECONDITION_FAILED"],
    ["the tag, weak and strong", `W/${tag}, ${tag}`, "passes"],
    ["an empty tag", '""', "PRECONDITION_FAILED"],
    ["no quotes", tag.replaceAll('"', ""), "INVALID_REQUEST"],
    ["nothing", "", "INVALID_REQUEST"],
    ["* among others", `*, ${tag}`, "INVALID_REQUEST"],
    ["a comma within a tag", `"a,b", ${tag}`, "passes"],
    ["an open end", `${tag} "x`, "INVALID_REQUEST"],
  ])("is %s: %s", (_what, header, expected) => {
    expect(codeOf(() => expectMatch(sent("if-match", header), current))).toBe(expected);
  });

  it("names the current state and its tag, and says why a weak tag never matches", () => {
    expect(() => expectMatch(sent("if-match", `W/${tag}`), current)).toThrow(
      expect.objectContaining({
        message: `${current.state} If-Match names another version of it. A weak tag (W/) never matches there (RFC 9110, 13.1.1).`,
        details: { etag: tag },
      }),
    );
  });

  it.each([undefined, "*", tag])("of something that does not exist: %s", (header) => {
    const expected = header === undefined ? "passes" : "PRECONDITION_FAILED";
    expect(codeOf(() => expectNothingNamed(sent("if-match", header), "a/b is not onboarded."))).toBe(expected);
  });
});

it.each([
  [undefined, "passes"],
  ["*", "PRECONDITION_FAILED"],
  [tag, "PRECONDITION_FAILED"],
  [`W/${tag}`, "PRECONDITION_FAILED"],
  [other, "passes"],
  ["none", "INVALID_REQUEST"],
])("If-None-Match of a change: %s", (header, expected) => {
  expect(codeOf(() => expectNoMatch(sent("if-none-match", header), current))).toBe(expected);
});

it.each([
  [undefined, false],
  ["*", true],
  [tag, true],
  [`"x", W/${tag}`, true],
  [later, false],
  [changeTag(is), false],
  ["none", false],
])("If-None-Match of a read: %s", (header, expected) => {
  expect(isKnown(sent("if-none-match", header), tag)).toBe(expected);
});

it("reads a header of any length fast", () => {
  expect(codeOf(() => expectMatch(sent("if-match", `${'"a" '.repeat(50_000)}`), current))).toBe("INVALID_REQUEST");
});
