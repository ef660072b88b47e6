/** Splits a command line into words, as a shell would, and as a reader does where the line stands in a sentence. */

/** A value that only a running program knows. */
export const anyValue = "<value>";

/** The words of the command at the beginning of the text, up to whatever ends it: a pipe, a bracket, a sentence. */
export function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  let rest = text.replace(/\\\r?\n\s*/g, " ");
  while (rest !== "") {
    const [word = ""] =
      /^(?:"(?:\\.|[^"\\])*"|'[^']*'|<[^<>\n]*>|\$\((?:[^()]|\([^()]*\))*\)|\\.|[^\s"'<>|;&()`])+/.exec(rest) ?? [];
    if (word === "") break;
    rest = rest.slice(word.length);
    const isLast = /[,.:]$/.test(word) && /^(?:\s|$)/.test(rest);
    words.push(isLast ? word.slice(0, -1) : word);
    if (isLast) break;
    const [gap = ""] = /^[ \t]+(?!#)/.exec(rest) ?? [];
    if (gap === "") break;
    rest = rest.slice(gap.length);
  }
  return words.filter((word) => word !== "");
}
