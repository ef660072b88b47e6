import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { isAscii, toAscii } from "../../sandbox/asciiSource.ts";

it.each([
  ["a string", '"é€😀"'],
  ["an escaped character in a string", String.raw`"\é"`],
  ["an escaped backslash before a character", String.raw`"\\é"`],
  ["an escaped backslash before an escaped character", String.raw`"\\\é"`],
  ["a template", "`é€`"],
  ["an escaped character in a template", "`\\é`"],
  ["an identifier", "(() => { const größe = 1; return größe; })()"],
  ["a comment", "/* é */ 1"],
])("keeps the meaning of %s", (_, source) => {
  const ascii = toAscii(source);

  expect(isAscii(ascii)).toBe(true);
  expect(runInNewContext(ascii)).toBe(runInNewContext(source));
});

it.each([
  ["a class of characters", "/^[à-ÿ]$/", "é"],
  ["an escaped character", String.raw`/^\é$/`, "é"],
  ["an astral character with the flag u", "/^[😀-😂]$/u", "😁"],
])("keeps what a regular expression with %s matches", (_, source, text) => {
  const ascii = toAscii(source);

  expect(isAscii(ascii)).toBe(true);
  for (const each of [text, "e", "\\", "u"]) {
    expect(runInNewContext(`${ascii}.test(text)`, { text: each })).toBe(
      runInNewContext(`${source}.test(text)`, { text: each }),
    );
  }
});
