/** The project's rules for English, in addition to those from npm. */
import type { TxtNode } from "@textlint/ast-node-types";
import type { TextlintRuleContext, TextlintRuleReportHandler } from "@textlint/types";
import { split } from "sentence-splitter";
import { retiredPhrases } from "./retiredPhrases.ts";

/** Longer sentences must be read twice. Code and figures count as words. */
const mostWords = 40;

type Check = (text: string) => readonly string[];

/** A rule that checks the text of each paragraph, heading and table cell. */
function ruleOf(check: Check): (context: TextlintRuleContext) => TextlintRuleReportHandler {
  return ({ Syntax, RuleError, report }) => {
    const read = (node: TxtNode) => {
      for (const problem of check(textOf(node))) report(node, new RuleError(problem));
    };
    return { [Syntax.Paragraph]: read, [Syntax.Header]: read, [Syntax.TableCell]: read };
  };
}

export const sentenceLength = ruleOf((text) =>
  sentencesOf(text).flatMap((sentence) => {
    const words = sentence.split(/\s+/).filter((word) => /\w/.test(word)).length;
    return words > mostWords ? [`${words} words, and ${mostWords} are the limit: "${sentence.slice(0, 60)}…"`] : [];
  }),
);

export const retiredPhrase = ruleOf((text) =>
  sentencesOf(text).flatMap((sentence) =>
    retiredPhrases.flatMap(([phrase, instead]) => {
      const found = phrase.exec(sentence);
      return found ? [`"${found[0]}": ${instead}`] : [];
    }),
  ),
);

export const repeatedWord = ruleOf((text) => {
  const found = /\b(?!that\b|had\b)([a-z]+) \1\b/i.exec(text);
  return found ? [`"${found[0]}"`] : [];
});

function sentencesOf(text: string): readonly string[] {
  return split(text).flatMap(({ type, raw }) => (type === "Sentence" ? [raw.trim()] : []));
}

/** The text as it is read: a piece of code counts as one word. */
function textOf(node: TxtNode): string {
  if (node.type === "Code") return "code";
  if (node.type === "Break") return " ";
  const { children } = node as { readonly children?: readonly TxtNode[] };
  if (children) return children.map(textOf).join("");
  const { value } = node as { readonly value?: unknown };
  return typeof value === "string" ? value.replaceAll("\n", " ") : "";
}
