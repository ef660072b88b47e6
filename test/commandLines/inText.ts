/** Command lines in documents and in configuration: in code blocks and backticks, and within sentences. */
import type { CommandLine } from "./check.ts";
import { programs } from "./programs.ts";
import { wordsOf } from "./words.ts";

export interface Found extends CommandLine {
  readonly line: number;
}

const names = Object.keys(programs).join("|");
const start = new RegExp(`(?<![\\w./@#:"'<-])(?<!\\$\\{)(?:${names})(?= +[\\w\\-'"$<])`, "g");

/** In Markdown and in any text with backticks. */
export function findInText(text: string): readonly Found[] {
  return findAt(text, (offset) => isCode(text, offset));
}

/** In a shell script, or in a step of a workflow: everything outside comments is meant. */
export function findInScript(text: string): readonly Found[] {
  return findAt(text, (offset) => {
    const line = text.slice(text.lastIndexOf("\n", offset) + 1, offset);
    return !/(^|\s)#/.test(line) || isCode(text, offset);
  });
}

function findAt(text: string, isExact: (offset: number) => boolean): readonly Found[] {
  return [...text.matchAll(start)].map(({ index }) => ({
    words: wordsOf(text.slice(index)),
    isExact: isExact(index),
    line: text.slice(0, index).split("\n").length,
  }));
}

/** In a fenced block, just behind a backtick, or after what introduces a command: "Run: …", "(…", "$(…". */
function isCode(text: string, offset: number): boolean {
  const before = text.slice(0, offset);
  if (/(?:`|\b[Rr]un: |\()$/.test(before)) return true;
  const fences = before.match(/^ *```/gm)?.length ?? 0;
  if (fences % 2 === 0) return false;
  const line = before.slice(before.lastIndexOf("\n") + 1);
  return !/#|\/\//.test(line);
}
