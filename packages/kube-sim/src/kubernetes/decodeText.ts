/** A body in JSON or YAML, and the fields that it has twice: Go takes the last one, and can tell. */
import type { Json } from "azure-sim/json";
import { isMap, isScalar, isSeq, LineCounter, type Node, parseAllDocuments, type ScalarTag, type Tags } from "yaml";
import { sorted } from "./builtIn/goOrder.ts";
import { jsonProblem } from "./goJson.ts";
import { isTooDeep, tooDeep } from "./nesting.ts";

export interface Decoded {
  readonly value: Json;
  /** As a strict decoder reports them. */
  readonly duplicates: readonly string[];
}

/** Throws what the parser throws. */
export function decodeText(text: string, isYaml: boolean): Decoded {
  // JSON is YAML too, but parsing it as JSON is faster and stricter.
  if (!isYaml || (text.trimStart().startsWith("{") && jsonProblem(text) === undefined))
    return {
      value: wellFormed(parsed(text), text),
      duplicates: duplicateFields(text),
    };
  const lines = new LineCounter();
  // Of several documents, the first counts.
  const documents = parseAllDocuments(text, { uniqueKeys: false, lineCounter: lines, customTags: withOldBooleans });
  const [document] = "empty" in documents ? [] : documents;
  if (document === undefined) return { value: null, duplicates: [] };
  const [problem] = document.errors;
  if (problem) throw problem;
  // Like the API server, convert YAML to JSON first; this refuses YAML that contains itself.
  const value: Json = JSON.parse(JSON.stringify(document.toJS()) ?? "null");
  if (isTooDeep(value)) throw tooDeep();
  return { value: sorted(value), duplicates: duplicateKeys(document.contents, lines) };
}

function parsed(text: string): Json {
  const value: Json = JSON.parse(text);
  if (isTooDeep(value)) throw jsonProblem(text) === undefined ? tooDeep() : new SyntaxError("deeper than Go reads");
  return value;
}

/** Go makes half a surrogate pair U+FFFD. */
function wellFormed(value: Json, text: string): Json {
  if (!/\\ud[89a-f]/i.test(text)) return value;
  return JSON.parse(JSON.stringify(value), (_, child) => (typeof child === "string" ? child.toWellFormed() : child));
}

/** The booleans of YAML 1.1, which Go's parser still reads. */
const oldBoolean: ScalarTag = {
  tag: "tag:yaml.org,2002:bool",
  default: true,
  test: /^(?:y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF)$/,
  resolve: (text) => /^(y|t|on)/i.test(text),
};

function withOldBooleans(tags: Tags): Tags {
  return [oldBoolean, ...tags];
}

function duplicateKeys(node: Node | null, lines: LineCounter): string[] {
  if (isSeq(node)) return node.items.flatMap((item) => duplicateKeys(item as Node | null, lines));
  if (!isMap(node)) return [];
  const seen = new Set<string>();
  return node.items.flatMap(({ key, value }) => {
    const { range } = key as Node;
    const name = String(key);
    const shown = isScalar(key) && typeof key.value !== "string" ? name : JSON.stringify(name);
    const isTwice = seen.has(name);
    seen.add(name);
    const { line } = lines.linePos(range?.[0] ?? 0);
    return [
      ...(isTwice ? [`line ${line}: key ${shown} already set in map`] : []),
      ...duplicateKeys(value as Node | null, lines),
    ];
  });
}

/** The fields that a JSON text has twice, as `duplicate field "spec.replicas"`. The text is valid. */
function duplicateFields(text: string): string[] {
  const found: string[] = [];
  for (const { path, isTwice } of fieldsIn(text)) if (isTwice) found.push(`duplicate field ${JSON.stringify(path)}`);
  return found;
}

function* fieldsIn(text: string): Generator<{ readonly path: string; readonly isTwice: boolean }> {
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
      yield { path: join(level.path, field), isTwice: level.seen.has(field) };
      level.seen.add(field);
    }
    last = part;
  }
}

function join(path: string, field: string): string {
  return path === "" ? field : `${path}.${field}`;
}
