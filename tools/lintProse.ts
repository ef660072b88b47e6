/**
 * Lints the English of the documents, and of the summaries and descriptions in the OpenAPI document. Error texts, findings and
 * the command line's help are in the generated documents below docs/.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TextlintKernel } from "@textlint/kernel";
import markdown from "@textlint/textlint-plugin-markdown";
import noUnmatchedPair from "@textlint-rule/textlint-rule-no-unmatched-pair";
import terminology from "textlint-rule-terminology";
import { beginApp } from "../local/host/core.ts";
import { createLog } from "../local/host/log.ts";
import { repeatedWord, retiredPhrase, sentenceLength } from "./prose/rules.ts";

// Before anything requires @azure/functions, which says otherwise of each function that there is no host.
beginApp(createLog({ filter: { default: "none" } }));
const { createOpenApi } = await import("../src/functions/docs/openapi.ts");

const root = join(import.meta.dirname, "..");
const documents = ["*.md", "docs/**/*.md", "{src,cli,dashboard,local,infra,samples}/**/README.md"];

const kernel = new TextlintKernel();
const options = {
  ext: ".md",
  plugins: [{ pluginId: "markdown", plugin: markdown.default }],
  rules: [
    { ruleId: "terminology", rule: terminology },
    { ruleId: "no-unmatched-pair", rule: noUnmatchedPair },
    { ruleId: "sentence-length", rule: sentenceLength },
    { ruleId: "retired-phrase", rule: retiredPhrase },
    { ruleId: "repeated-word", rule: repeatedWord },
  ],
};

/** Texts below `summary` and `description`, each with its pointer. */
function textsOf(value: unknown, pointer = ""): readonly (readonly [string, string])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const at = `${pointer}/${key}`;
    return typeof child === "string" && /^(summary|description)$/.test(key)
      ? [[at, child] as const]
      : textsOf(child, at);
  });
}

const files = globSync(documents, { cwd: root }).toSorted();
const texts = [
  ...files.map((file) => [file, readFileSync(join(root, file), "utf8")] as const),
  ...textsOf(createOpenApi()).map(([pointer, text]) => [`OpenAPI ${pointer}`, text] as const),
];
let problems = 0;
const said = new Set<string>();
for (const [where, text] of texts) {
  const { messages } = await kernel.lintText(text, options);
  for (const { line, ruleId, message } of messages) {
    // A description that several routes share is one problem.
    if (where.startsWith("OpenAPI") && said.has(`${text}${message}`)) continue;
    said.add(`${text}${message}`);
    problems += 1;
    process.stdout.write(`${where}:${line}  ${message} (${ruleId})\n`);
  }
}
process.stdout.write(
  `${files.length} documents, ${texts.length - files.length} texts of OpenAPI, ${problems} problem(s)\n`,
);
process.exit(problems === 0 ? 0 : 1);
