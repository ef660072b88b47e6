/** A body in JSON or YAML, and the fields that it has twice: Go takes the last one, and can tell. */
import { isMap, isSeq, LineCounter, type Node, parseDocument } from "yaml";
import type { Json } from "./json.ts";

export interface Decoded {
  readonly value: Json;
  /** As a strict decoder reports them. */
  readonly duplicates: readonly string[];
}

/** Throws what the parser throws. */
export function decodeText(text: string, isYaml: boolean): Decoded {
  // JSON is YAML too, but parsing it as JSON is faster and stricter.
  if (!isYaml || text.trimStart().startsWith("{"))
    return { value: JSON.parse(text), duplicates: duplicateFields(text) };
  const lines = new LineCounter();
  const document = parseDocument(text, { uniqueKeys: false, lineCounter: lines });
  const [problem] = document.errors;
  if (problem) throw problem;
  // Like the API server, convert YAML to JSON first; this refuses YAML that contains itself.
  const value: Json = JSON.parse(JSON.stringify(document.toJS()) ?? "null");
  return { value, duplicates: duplicateKeys(document.contents, lines) };
}

function duplicateKeys(node: Node | null, lines: LineCounter): string[] {
  if (isSeq(node)) return node.items.flatMap((item) => duplicateKeys(item as Node | null, lines));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap(({ key, value }) => {
    const { range } = key as Node;
    const name = String(key);
    const isTwice = seen.has(name);
    seen.add(name);
    const { line } = lines.linePos(range?.[0] ?? 0);
    return [
      ...(isTwice ? [`line ${line}: key ${JSON.stringify(name)} already set in map`] : []),
      ...duplicateKeys(value as Node | null, lines),
    ];
  });
}

/** The fields that a JSON text has twice, as `duplicate field "spec.replicas"`. The text is valid. */
function duplicateFields(text: string): string[] {
  const found: string[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]/g;
  interface Level {
    readonly path: string;
    readonly seen: Set<string> | undefined;
    index: number;
  }
  const levels: Level[] = [];
  let field = "";
  let last = "";
  for (const [part] of text.matchAll(token)) {
    const level = levels.at(-1);
    if (part === "{" || part === "[") {
      const path = level === undefined ? "" : level.seen ? join(level.path, field) : `${level.path}[${level.index}]`;
      levels.push({ path, seen: part === "{" ? new Set() : undefined, index: 0 });
    } else if (part === "}" || part === "]") levels.pop();
    else if (part === "," && level) level.index += 1;
    else if (part === ":" && level?.seen) {
      field = JSON.parse(last);
      if (level.seen.has(field)) found.push(`duplicate field ${JSON.stringify(join(level.path, field))}`);
      level.seen.add(field);
    }
    last = part;
  }
  return found;
}

function join(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}
