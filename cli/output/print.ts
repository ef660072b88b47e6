/** Data goes to standard output, in the form that was asked for; everything else is said on standard error. */
import { type View, viewOf } from "./view.ts";

export const formats = ["table", "json", "yaml", "wide", "name"] as const;
export type Format = (typeof formats)[number];

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

/** Some terminals take the characters behind ASCII for commands; in JSON they mean the same as codes. */
export function toJson(document: unknown, indent?: number): string {
  return JSON.stringify(document, null, indent).replaceAll(
    /[\u007f-\u009f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
