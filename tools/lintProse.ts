/**
 * Lints the English of the documents, the summaries and descriptions in the OpenAPI document, and the command line's help. The
 * texts of errors, findings and settings are covered by the generated documents in docs/.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { TextlintKernel } from "@textlint/kernel";
import markdown from "@textlint/textlint-plugin-markdown";
import terminology from "textlint-rule-terminology";
import { beginApp } from "../packages/functions-host/src/core.ts";
import { createLog } from "../packages/functions-host/src/log.ts";
import { repeatedWord, retiredPhrase, sentenceLength } from "./prose/rules.ts";

// Before anything requires @azure/functions; otherwise it warns for each function that there is no host.
beginApp(createLog({ filter: { default: "none" } }));
const { createOpenApi } = await import("../src/functions/openapi.ts");
const { groups } = await import("../cli/commands.ts");

const root = join(import.meta.dirname, "..");
const documents = [
  "{README,ARCHITECTURE,CONTRIBUTING,SECURITY}.md",
  "docs/**/*.md",
  "{src,cli,dashboard,sandbox,packages,infra,samples}/**/README.md",
];

const kernel = new TextlintKernel();
const options = {
  ext: ".md",
  plugins: [{ pluginId: "markdown", plugin: markdown.default }],
  rules: [
    { ruleId: "terminology", rule: terminology },
    { ruleId: "sentence-length", rule: sentenceLength },
    { ruleId: "retired-phrase", rule: retiredPhrase },
    { ruleId: "repeated-word", rule: repeatedWord },
  ],
};

/** The texts of `summary` and `description`, each with its pointer. */
function textsOf(value: unknown, pointer = ""): readonly (readonly [string, string])[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => {
    const at = `${pointer}/${key}`;
    return typeof child === "string" && /^(summary|description)$/.test(key)
      ? [[at, child] as const]
      : textsOf(child, at);
  });
}

/** The help of a command: its summary, and its module's texts about itself and its flags. */
async function helpOf(name: string, { summary, load }: (typeof groups)[number]["commands"][string]) {
  const command = await load();
  const texts = [...textsOf({ summary }), ...textsOf(command)];
  return texts.map(([pointer, text]) => [`mooring ${name} ${pointer}`, text] as const);
}

const files = globSync(documents, { cwd: root }).toSorted();
const commands = groups.flatMap((group) => Object.entries(group.commands));
const help = (await Promise.all(commands.map(([name, entry]) => helpOf(name, entry)))).flat();
const texts = [
  ...files.map((file) => [file, readFileSync(join(root, file), "utf8")] as const),
  ...textsOf(createOpenApi()).map(([pointer, text]) => [`OpenAPI ${pointer}`, text] as const),
  ...help,
];
let problems = 0;
const said = new Set<string>();
for (const [where, text] of texts) {
  const { messages } = await kernel.lintText(text, options);
  for (const { line, ruleId, message } of messages) {
    // Report a text only once if several routes or commands share it.
    if (said.has(`${text}${message}`)) continue;
    said.add(`${text}${message}`);
    problems += 1;
    process.stdout.write(`${where}:${line}  ${message} (${ruleId})\n`);
  }
}
process.stdout.write(`${files.length} documents, ${texts.length - files.length} texts, ${problems} problem(s)\n`);
process.exit(problems === 0 ? 0 : 1);
