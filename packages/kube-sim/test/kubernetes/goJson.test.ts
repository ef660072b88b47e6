/** Problem texts are those of Go 1.26's encoding/json. */
import { expect, test } from "vitest";
import { jsonProblem } from "../../src/kubernetes/goJson.ts";

test.each([
  ["", "unexpected end of JSON input"],
  ['{"a":[1,', "unexpected end of JSON input"],
  ["[1}", "invalid character '}' after array element"],
  ['{"a" 1}', "invalid character '1' after object key"],
  ['{"a":1]', "invalid character ']' after object key:value pair"],
  ["{1:2}", "invalid character '1' looking for beginning of object key string"],
  ["[,]", "invalid character ',' looking for beginning of value"],
  ["{} {}", "invalid character '{' after top-level value"],
  ["[nul]", "invalid character ']' in literal null (expecting 'l')"],
  ["[\\]", "invalid character '\\\\' looking for beginning of value"],
  ['["\\x"]', "invalid character 'x' in string escape code"],
])("%s is refused as Go refuses it", (text, problem) => {
  expect(jsonProblem(text)).toBe(problem);
});

test.each(['{"a":[{"b":[[],{}]},-1.5e3,"\\u00e9",true,null]}', " [ ] ", '"text"', "0"])("%s is valid", (text) => {
  expect(jsonProblem(text)).toBeUndefined();
});

test.each(["[", '{"a":'])("nests 10,000 deep and no deeper: %s", (opening) => {
  const ends = opening === "[" ? "]" : "}";
  const inner = opening === "[" ? "" : "1";
  expect(jsonProblem(opening.repeat(10_000) + inner + ends.repeat(10_000))).toBeUndefined();
  expect(jsonProblem(opening.repeat(10_001))).toBe(`invalid character '${opening[0]}' exceeded max depth`);
});
