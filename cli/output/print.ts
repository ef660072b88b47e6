/** Data goes to standard output, in the form that was asked for; everything else is said on standard error. */
import { readColumns } from "./customColumns.ts";
import { toJson } from "./json.ts";
import { readTemplate } from "./jsonPath.ts";
import { type View, viewOf } from "./view.ts";

/** What somebody wrote to have a document printed by. */
export interface Template {
  readonly print: (document: unknown) => string;
}

export type Format = "table" | "json" | "yaml" | "wide" | "name" | Template;

/** Of `-o`, whose words the parser has checked. */
export function readFormat(output: string | undefined): Format {
  if (output === undefined) return "table";
  const [, kind, text = ""] = /^(jsonpath|custom-columns)=(.*)$/s.exec(output) ?? [];
  if (kind === "jsonpath") return { print: readTemplate(text) };
  if (kind === "custom-columns") return { print: readColumns(text) };
  return output as Exclude<Format, Template>;
}

export interface Printed {
  /** As the service answered it. */
  readonly document: unknown;
  /** What other commands take: `cluster/namespace`, or the id of an operation. */
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
      // A long text stays on one line, so that it can be searched for; no anchors, which readers of YAML often lack.
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
