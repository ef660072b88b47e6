/** Command lines in TypeScript: in texts and comments, and as words that code puts together. */
import ts from "typescript";
import { type Found, findInText } from "./inText.ts";
import { programs } from "./programs.ts";
import { anyValue } from "./words.ts";

export function findInCode(file: string, text: string): readonly Found[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found: Found[] = [...findInComments(source)];
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)) found.push(...findInLiteral(source, node));
    const words = wordsPutTogether(node);
    if (words) found.push({ ...words, isExact: true, line: lineOf(source, node) });
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const lineOf = (source: ts.SourceFile, node: ts.Node) => source.getLineAndCharacterOfPosition(node.getStart()).line + 1;

function findInLiteral(source: ts.SourceFile, node: ts.StringLiteralLike | ts.TemplateExpression): readonly Found[] {
  const text = ts.isTemplateExpression(node)
    ? node.head.text + node.templateSpans.map(({ literal }) => anyValue + literal.text).join("")
    : node.text;
  const first = lineOf(source, node);
  return findInText(text).map((each) => ({ ...each, line: first + each.line - 1 }));
}

function findInComments(source: ts.SourceFile): readonly Found[] {
  const text = source.text.replace(/^[ \t]*(\/\/|\/?\*+\/?)/gm, (mark) => " ".repeat(mark.length));
  const isComment = (line: number) => /^\s*(\/\/|\/?\*)/.test(source.text.split("\n")[line - 1] ?? "");
  return findInText(text).filter(({ line }) => isComment(line));
}

const isProgram = (word: string) => Object.hasOwn(programs, word);

interface Words {
  readonly words: readonly string[];
  readonly isPartial: boolean;
}

/** `["az", "group", …]`, `run("az", ["group", …])` and `az("group", …)`. */
function wordsPutTogether(node: ts.Node): Words | undefined {
  if (ts.isArrayLiteralExpression(node)) {
    if (ts.isSpreadElement(node.parent)) return undefined;
    const read = readWords(node, node.elements);
    const [program = "", first = ""] = read.words;
    // A list of programs is no command.
    return isProgram(program) && first !== "" && !isProgram(first) ? read : undefined;
  }
  if (!ts.isCallExpression(node)) return undefined;
  if (ts.isIdentifier(node.expression) && isProgram(node.expression.text)) {
    return after(node.expression.text, readWords(node, node.arguments));
  }
  const [program, list] = node.arguments;
  if (!program || !ts.isStringLiteral(program) || !isProgram(program.text)) return undefined;
  if (!list || !ts.isArrayLiteralExpression(list)) return undefined;
  return after(program.text, readWords(node, list.elements));
}

/** Undefined if all words are options: these join a command that others put together. */
function after(program: string, { words, isPartial }: Words): Words | undefined {
  return isPartial && (words[0] ?? "-").startsWith("-") ? undefined : { words: [program, ...words], isPartial };
}

function readWords(at: ts.Node, nodes: readonly ts.Node[]): Words {
  const words: string[] = [];
  let isPartial = false;
  for (const node of nodes) {
    if (ts.isStringLiteralLike(node)) words.push(node.text);
    else if (ts.isSpreadElement(node)) {
      const list = arrayOf(at, node.expression);
      const read = list ? readWords(at, list.elements) : { words: [], isPartial: true };
      words.push(...read.words);
      isPartial ||= read.isPartial;
    } else words.push(anyValue);
  }
  return { words, isPartial };
}

/** A list written here, or above under a name. */
function arrayOf(at: ts.Node, expression: ts.Expression): ts.ArrayLiteralExpression | undefined {
  if (ts.isArrayLiteralExpression(expression)) return expression;
  if (!ts.isIdentifier(expression)) return undefined;
  for (let scope: ts.Node | undefined = at; scope; scope = scope.parent) {
    if (!ts.isBlock(scope) && !ts.isSourceFile(scope)) continue;
    for (const statement of scope.statements) {
      if (!ts.isVariableStatement(statement)) continue;
      for (const { name, initializer } of statement.declarationList.declarations)
        if (ts.isIdentifier(name) && name.text === expression.text && initializer)
          return ts.isArrayLiteralExpression(initializer) ? initializer : undefined;
    }
  }
  return undefined;
}
