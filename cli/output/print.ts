/** Data goes to standard output, in the format that the user chose; everything else goes to standard error. */
import { readColumns } from "./customColumns.ts";
import { toJson } from "./json.ts";
import { readTemplate } from "./jsonPath.ts";
import { type View, viewOf } from "./view.ts";

/** A template from the command line. */
export interface Template {
  readonly print: (document: unknown) => string;
}

export type Format = "table" | "json" | "yaml" | "wide" | "name" | Template;

/** Reads the value of `-o`, which the parser has checked. */
export function readFormat(output: string | undefined): Format {
  if (output === undefined) return "table";
  const [, kind, text = ""] = /^(jsonpath|custom-columns)=(.*)$/s.exec(output) ?? [];
  if (kind === "jsonpath") return { print: readTemplate(text) };
  if (kind === "custom-columns") return { print: readColumns(text) };
  return output as Exclude<Format, Template>;
}

export interface Printed {
  /** The service's answer, unchanged. */
  readonly document: unknown;
  /** Names that other commands accept: `cluster/namespace`, or the id of an operation. */
  readonly names: readonly string[];
  readonly lines: (view: View) => readonly string[];
}

export async function print(stream: NodeJS.WriteStream, format: Format, printed: Printed): Promise<void> {
  stream.write(await render(format, printed, () => viewOf(stream, { isWide: format === "wide" })));
}

async function render(format: Format, { document, names, lines }: Printed, view: () => View): Promise<string> {
  if (typeof format === "object") return format.print(document);
  switch (format) {
    case "json":
      return `${toJson(document, 2)}\n`;
    case "yaml": {
      const { stringify } = await import("yaml");
      // Long texts stay on one line, so that grep finds them; no anchors, which many YAML parsers do not support.
      return stringify(document, { lineWidth: 0, aliasDuplicateObjects: false });
    }
    case "name":
      return names.map((name) => `${name}\n`).join("");
    case "table":
    case "wide":
      return lines(view())
        .map((line) => `${line}\n`)
        .join("");
  }
}
