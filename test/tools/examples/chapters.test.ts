import { expect, it } from "vitest";
import { readChapters } from "../../../tools/examples/chapters.ts";

function fence(info: string, ...lines: string[]): string {
  return [`\`\`\`${info}`, ...lines, "```"].join("\n");
}

it("reads each chapter's blocks with their lines, and where each file's absence shows", () => {
  const document = [
    "# Title",
    "",
    "## First",
    "`src/a.ts` and `src/b.ts`:",
    fence("ts file=src/a.ts", "export const a = 1;", ""),
    "",
    fence("diff file=src/b.ts", "-old", "+new"),
    "| `src/a.ts` | `src/b.ts` |",
    "## Only text",
    fence("sh", "npm test"),
  ].join("\n");

  const chapters = readChapters(document);

  expect(chapters).toEqual([
    {
      title: "First",
      blocks: [
        { file: "src/a.ts", line: 5, kind: "file", text: "export const a = 1;\n\n" },
        { file: "src/b.ts", line: 10, kind: "changes", text: "-old\n+new\n" },
      ],
      missedIn: new Map([["src/a.ts", "src/b.ts"]]),
    },
  ]);
});

it("requires the text before a block to name its file", () => {
  const document = ["## First", "`src/a.ts`:", fence("ts file=src/a.ts"), "And then:", fence("ts file=src/b.ts")].join(
    "\n",
  );

  expect(() => readChapters(document)).toThrow("line 6: the text before the block does not name `src/b.ts`");
});

it("reports an unterminated block", () => {
  expect(() => readChapters("## First\n```ts file=a.ts\nexport {};\n")).toThrow("line 2: the block has no end");
});
