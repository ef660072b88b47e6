/** What Go's encoding/json reads, and no more. */
import { expect, test } from "vitest";
import { jsonProblem } from "../../src/kubernetes/goJson.ts";

test.each(['{"a":[{"b":[[],{}]},-1.5e3,"\\u00e9",true,null]}', " [ ] ", '"text"', "0"])("%s is valid", (text) => {
  expect(jsonProblem(text)).toBeUndefined();
});

test.each([
  ["", "unexpected end of JSON input"],
  ['{"a":[1,', "unexpected end of JSON input"],
  ["{1:2}", "invalid character '1' looking for beginning of object key string"],
  ["[,]", "invalid character ',' looking for beginning of value"],
  ["{} {}", "invalid character '{' after top-level value"],
])("%s is refused as Go refuses it", (text, problem) => {
  expect(jsonProblem(text)).toBe(problem);
});

test.each(["[", '{"a":'])("nests 10,000 deep and no deeper: %s", (opening) => {
  const ends = opening === "[" ? "]" : "}";
  const inner = opening === "[" ? "" : "1";
  expect(jsonProblem(opening.repeat(10_000) + inner + ends.repeat(10_000))).toBeUndefined();
  expect(jsonProblem(opening.repeat(10_001) + inner + ends.repeat(10_001))).toContain("exceeded max depth");
});
