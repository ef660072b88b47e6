/** Parses the documents of a YAML 1.2 text (JSON is a subset), or reports what is wrong and in which line. */
import type { Document } from "yaml";
import { UsageError } from "../failures.ts";

/**
 * A thousand requests with ten databases each have half as many. For this many the parser needs seconds and half a gigabyte, and
 * both grow with the number.
 */
const mostTokens = 600_000;
/** Per anchor. A file that needs more comes from a template, which can write out the values instead. */
const mostAliases = 100;

/** `name` is the name of the file, for messages. */
export async function parseYaml(name: string, content: string): Promise<readonly unknown[]> {
  const { LineCounter, parseAllDocuments } = await import("yaml");
  const tooMuch = await findTooMuch(content);
  if (tooMuch !== undefined) return parseLarge(name, content, tooMuch);
  const lines = new LineCounter();
  const wrong = (offset: number, why: string, cause?: Error) => {
    const { line, col } = lines.linePos(offset);
    return new UsageError(`${name}, line ${line}, column ${col}: ${why}`, { cause });
  };
  // The parser uses the YAML 1.2 schema, where `no` is a string, not a boolean.
  const documents = parseAllDocuments(content, { lineCounter: lines, prettyErrors: false });
  if (!Array.isArray(documents)) return [];
  const values: unknown[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error) throw wrong(error.pos[0], inWords(error), error);
    const alias = content.includes("*") ? await findWrongAlias(document) : undefined;
    if (alias) throw wrong(alias.offset, alias.why);
    const value = toValue(document);
    if (value instanceof ReferenceError) {
      throw wrong(document.range[0], "aliases of aliases stand for too much here; write out what is meant.", value);
    }
    values.push(value);
  }
  return values;
}

/** The line where the text exceeds the limit on tokens; counting them takes a tenth of the time of parsing. */
async function findTooMuch(content: string): Promise<number | undefined> {
  // Every token takes up text, except those that only announce what comes next.
  if (content.length < mostTokens / 2) return undefined;
  const { Lexer } = await import("yaml");
  let [tokens, line] = [0, 1];
  for (const token of new Lexer().lex(content)) {
    tokens += 1;
    if (tokens > mostTokens) return line;
    for (let at = token.indexOf("\n"); at >= 0; at = token.indexOf("\n", at + 1)) line += 1;
  }
  return undefined;
}

/** Text that is too large for the YAML parser but is JSON, as programs write it, goes to the JSON parser. */
function parseLarge(name: string, content: string, line: number): readonly unknown[] {
  try {
    return [JSON.parse(content)];
  } catch {
    throw new UsageError(`${name}, line ${line}: this YAML is too large; send the file in parts, or as JSON.`);
  }
}

function inWords({ message }: Error): string {
  return message.startsWith("Maximum call stack size exceeded") ? "this is nested too deeply." : message;
}

interface WrongAlias {
  readonly offset: number;
  readonly why: string;
}

/** An alias without an anchor, inside its own anchor, or the first beyond the limit for one anchor. */
async function findWrongAlias(document: Document): Promise<WrongAlias | undefined> {
  const { visit } = await import("yaml");
  const uses = new Map<string, number>();
  let found: WrongAlias | undefined;
  visit(document, {
    Alias(_key, alias, ancestors) {
      const { source, range } = alias;
      const named = alias.resolve(document);
      const count = (uses.get(source) ?? 0) + 1;
      uses.set(source, count);
      const why = !named
        ? `nothing before it is marked as &${source}; mark what *${source} stands for.`
        : ancestors.includes(named)
          ? `*${source} is a part of what it stands for; write out what is meant.`
          : count > mostAliases
            ? `*${source} is used more than ${mostAliases} times; write out what it stands for.`
            : undefined;
      if (why === undefined) return undefined;
      found = { offset: range?.[0] ?? 0, why };
      return visit.BREAK;
    },
  });
  return found;
}

/** Aliases of aliases multiply, which shows only when they are expanded; so the package counts them and gives up. */
function toValue(document: Document): unknown {
  try {
    // The package's count includes the anchor itself.
    return document.toJS({ maxAliasCount: mostAliases + 1 });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return error;
  }
}
