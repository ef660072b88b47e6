import { expect, it } from "vitest";
import { applyBlock } from "../../../tools/examples/applyBlock.ts";
import type { Block } from "../../../tools/examples/chapters.ts";

function changes(...lines: string[]): Block {
  return { file: "src/a.ts", line: 7, kind: "changes", text: lines.map((each) => `${each}\n`).join("") };
}

const current = "one\ntwo\n\nthree\none\nfour\n";

it("creates a file from a whole-file block, but overwrites none", () => {
  const block: Block = { file: "src/a.ts", line: 7, kind: "file", text: "new\n" };

  expect(applyBlock(undefined, block)).toBe("new\n");
  expect(() => applyBlock(current, block)).toThrow(
    "line 7: the block for src/a.ts no longer applies: the file already exists",
  );
});

it("applies each hunk where its lines are", () => {
  const block = changes(" two", "-", "-three", "+3", "@@ and there", " one", "+half", " four");

  expect(applyBlock(current, block)).toBe("one\ntwo\n3\none\nhalf\nfour\n");
});

it("treats an empty line as a context line whose space an editor has removed", () => {
  expect(applyBlock(current, changes(" two", "", "-three", "+3"))).toBe("one\ntwo\n\n3\none\nfour\n");
});

it.each([
  { what: "is not there", block: changes(" two", "-three"), why: `it does not have the lines from "two" on` },
  { what: "is there twice", block: changes(" one", "+half"), why: `it has the lines from "one" on 2 times` },
  { what: "changes what is not there", block: changes("-five"), why: `it does not have the lines from "five" on` },
])("names the block whose place $what", ({ block, why }) => {
  expect(() => applyBlock(current, block)).toThrow(`line 7: the block for src/a.ts no longer applies: ${why}`);
});

it("names the block whose file is gone", () => {
  expect(() => applyBlock(undefined, changes("-one"))).toThrow("the file does not exist");
});
