/** Parses the documents of a YAML 1.2 text (JSON is a subset), or reports what is wrong and in which line. */
import type { Document, Node } from "yaml";
import { UsageError } from "../failures.ts";

/**
 * A thousand requests with ten databases each have half as many. For this many the parser needs seconds and half a gigabyte, and
 * both grow with the number.
 */
const mostTokens = 600_000;
/** Per anchor. A file that needs more comes from a template, which can write out the values instead. */
const mostAliases = 100;
/** What all aliases may stand for, in characters: the limit of the service for a request body. */
const mostRepeated = 4 * 1024 * 1024;

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
  const documents = parseAllDocuments(content, {
    lineCounter: lines,
    prettyErrors: false,
    // Compares each key with all before it; see below.
    uniqueKeys: false,
  });
  if (!Array.isArray(documents)) return [];
  const values: unknown[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error) throw wrong(error.pos[0], inWords(error), error);
    const misuse = await resolveAliases(document);
    if (misuse) throw wrong(misuse.offset, misuse.why);
    values.push(document.toJS());
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

interface Misuse {
  readonly offset: number;
  readonly why: string;
}

/**
 * Puts what each alias stands for in its place. The package finds an alias by reading the document from its beginning, and again to
 * count what it stands for, and finds a repeated key by comparing it with all others; so we do these here, in one pass. Returns the
 * first repeated key, or the first alias without an anchor, inside its own anchor, beyond the limit for one anchor, or with which
 * all aliases together stand for too much.
 */
async function resolveAliases(document: Document): Promise<Misuse | undefined> {
  const { isAlias, isCollection, isNode, isPair, isScalar } = await import("yaml");
  const anchors = new Map<string, Anchor>();
  let repeated = 0;
  let found: Misuse | undefined;

  /** What stands at this place, and how many characters it has written out, roughly. */
  const resolve = (node: unknown): { readonly node: unknown; readonly size: number } => {
    if (found || !isNode(node)) return { node, size: 0 };
    if (isAlias(node)) {
      const { source, range } = node;
      const anchor = anchors.get(source);
      const size = anchor?.size ?? 0;
      if (anchor) anchor.uses += 1;
      repeated += size;
      const why = whyWrong(source, anchor);
      if (why !== undefined) found = { offset: range?.[0] ?? 0, why };
      return { node: anchor?.node ?? node, size };
    }
    const anchor: Anchor = { node, size: undefined, uses: 0 };
    if (node.anchor !== undefined) anchors.set(node.anchor, anchor);
    let size = perNode + (isScalar(node) ? String(node.source ?? "").length : 0);
    const within = (inner: unknown) => {
      const resolved = resolve(inner);
      size += resolved.size;
      return resolved.node;
    };
    if (isCollection(node)) {
      const keys = new Set<unknown>();
      for (const [index, item] of node.items.entries()) {
        if (isPair(item)) {
          [item.key, item.value] = [within(item.key), within(item.value)];
          if (!isScalar(item.key)) continue;
          if (keys.has(item.key.value)) found ??= { offset: item.key.range?.[0] ?? 0, why: "Map keys must be unique" };
          keys.add(item.key.value);
        } else node.items[index] = within(item);
      }
    }
    anchor.size = size;
    return { node, size };
  };

  const whyWrong = (source: string, anchor: Anchor | undefined): string | undefined => {
    if (!anchor) return `nothing before it is marked as &${source}; mark what *${source} stands for.`;
    if (anchor.size === undefined) return `*${source} is a part of what it stands for; write out what is meant.`;
    if (anchor.uses > mostAliases)
      return `*${source} is used more than ${mostAliases} times; write out what it stands for.`;
    return repeated > mostRepeated ? "aliases stand for too much here; write out what is meant." : undefined;
  };

  resolve(document.contents);
  return found;
}

/** Of JSON, quotes, a comma and a colon; the rest stands for the memory that it takes. */
const perNode = 16;

interface Anchor {
  readonly node: Node;
  /** Undefined within the node itself. */
  size: number | undefined;
  uses: number;
}
