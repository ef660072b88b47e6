/** YAML as Go writes it (sigs.k8s.io/yaml): fields by name, single quotes where none do not do, lines broken after 80 characters. */
import { parse, stringify } from "yaml";
import type { Json } from "./json.ts";

export function goYaml(value: Json): string {
  const text = stringify(value, {
    ...{ version: "1.1", sortMapEntries: true, indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false },
  });
  let blockIndent = Number.POSITIVE_INFINITY;
  const lines = text.split("\n").flatMap((line) => {
    const indent = /^ */.exec(line)?.[0].length ?? 0;
    // What a block holds is as it is.
    if (line.trim() === "" || indent > blockIndent) return [line];
    const [, before = "", key = "", scalar = ""] = parts.exec(line) ?? [];
    blockIndent = /^[|>][-+0-9]*$/.test(scalar) ? indent : Number.POSITIVE_INFINITY;
    return folded(`${before}${key}`, requoted(scalar), before.length + (key === "" ? 0 : 2));
  });
  // Go quotes no dot.
  return lines.join("\n").replaceAll(/^( *(?:- )?)"\.":/gm, "$1.:");
}

/** What a line begins with, its key, and a value. */
const parts = /^((?: |- )*)((?:"(?:[^"\\]|\\.)*"|'[^']*'|[^\s'"].*?): )?(.*)$/;

/** Double quotes are for what would be no text otherwise, and for what has to be escaped. */
function requoted(scalar: string): string {
  if (!/^".*"$/.test(scalar)) return scalar;
  const text: string = JSON.parse(scalar);
  const isPrintable = !/[^\P{C}]/u.test(text);
  return isPrintable && isText(text) ? `'${text.replaceAll("'", "''")}'` : scalar;
}

/** Whether a text would still be one as a scalar without quotes: no number, no time, not null. */
function isText(text: string): boolean {
  try {
    const value: unknown = parse(text, { version: "1.1" }) ?? null;
    return typeof value === "string" || (typeof value === "object" && value !== null && !(value instanceof Date));
  } catch {
    // What YAML cannot read is neither a number nor a time nor null.
    return true;
  }
}

const width = 80;

function folded(head: string, scalar: string, indent: number): string[] {
  if (/^["|>]/.test(scalar)) return [`${head}${scalar}`];
  const lines: string[] = [];
  let line = head;
  const words = scalar.split(" ");
  for (const [index, word] of words.entries()) {
    const isBreak = line.length > width && word !== "" && words[index - 1] !== "" && index > 0;
    if (isBreak) lines.push(line);
    line = isBreak ? `${" ".repeat(indent)}${word}` : `${line}${index === 0 ? "" : " "}${word}`;
  }
  return [...lines, line];
}
