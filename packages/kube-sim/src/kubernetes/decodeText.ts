/** A body in JSON or YAML, and the fields that it has twice: Go takes the last one, and can tell. */
import type { Json } from "azure-sim/json";
import { parseAllDocuments, type ScalarTag, type Tags, type YAMLParseError } from "yaml";
import { sorted } from "./builtIn/goOrder.ts";
import { shallow } from "./nesting.ts";

export interface Decoded {
  readonly value: Json;
  /** As a strict decoder reports them. */
  readonly duplicates: readonly string[];
}

/** Throws what the parser throws. */
export function decodeText(text: string, isYaml: boolean): Decoded {
  // JSON is YAML too, but parsing it as JSON is faster and stricter.
  if (!isYaml || (text.trimStart().startsWith("{") && jsonOrNull(text) !== null)) {
    return { value: shallow(wellFormed(JSON.parse(text), text)), duplicates: duplicateFields(text) };
  }
  // Of several documents, the first counts.
  const documents = parseAllDocuments(text, { customTags: withOldBooleans });
  const [document] = "empty" in documents ? [] : documents;
  if (document === undefined) return { value: null, duplicates: [] };
  const isTwice = ({ code }: YAMLParseError) => code === "DUPLICATE_KEY";
  const problem = document.errors.find((each) => !isTwice(each));
  if (problem) throw problem;
  // Like the API server, convert YAML to JSON first; this refuses YAML that contains itself.
  const value: Json = JSON.parse(JSON.stringify(document.toJS()) ?? "null");
  const duplicates = document.errors.filter(isTwice).map(({ pos, linePos }) => {
    const [key = ""] = /^(?:[\w.-]+|"[^"]*")/.exec(text.slice(pos[0])) ?? [];
    const shown = oldBoolean.test?.test(key) ? "true" : JSON.stringify(key.replaceAll('"', ""));
    return `line ${linePos?.[0].line}: key ${shown} already set in map`;
  });
  return { value: sorted(shallow(value)), duplicates };
}

/** Null also where it is no JSON. */
export function jsonOrNull(text: string): Json {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
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
