/** Data goes to standard output, in the format that the user chose; everything else goes to standard error. */
import { readColumns } from "./customColumns.ts";
import { toJson } from "./json.ts";
import { readTemplate } from "./jsonPath.ts";
import { printable, printableLine, printableText } from "./printable.ts";
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
  const { document, names, lines } = printed;
  if (typeof format === "object") return writeData(stream, format.print(document));
  switch (format) {
    case "json":
      return void stream.write(`${toJson(document, 2)}\n`);
    case "yaml":
      return void stream.write(await toYaml(document));
    case "name":
      return void stream.write(names.map(nameLine).join(""));
    case "table":
    case "wide":
      return writeLines(stream, lines(viewOf(stream, { isWide: format === "wide" })));
  }
}

/** A document of a stream that has no end. */
export interface Streamed {
  readonly document: unknown;
  readonly name: string;
}

/** One line for each document, except in YAML. */
export async function printStreamed(
  stream: NodeJS.WriteStream,
  format: Exclude<Format, "table" | "wide">,
  { document, name }: Streamed,
): Promise<void> {
  if (typeof format === "object") return writeData(stream, `${format.print(document).trimEnd()}\n`);
  switch (format) {
    case "json":
      return void stream.write(`${toJson(document)}\n`);
    case "yaml":
      return void stream.write(`---\n${await toYaml(document)}`);
    case "name":
      return void stream.write(nameLine(name));
  }
}

/** A name has no such characters, so one that has them must not pass for two names in a pipe. */
function nameLine(name: string): string {
  return `${printable(name)}\n`;
}

async function toYaml(document: unknown): Promise<string> {
  // The package takes longer to load than the rest.
  return (await import("./yaml.ts")).toYaml(document);
}

/**
 * Data: a terminal gets nothing that it would execute. A pipe gets it unchanged, because a program reads it. The formats that lose
 * nothing by it are escaped everywhere.
 */
export function writeData(stream: NodeJS.WriteStream, text: string): void {
  stream.write(stream.isTTY ? printableText(text) : text);
}

/** A line that the program composed for people, who may read it through a pager. */
export function writeLines(stream: NodeJS.WriteStream, lines: readonly string[]): void {
  stream.write(lines.map((line) => `${printableLine(line)}\n`).join(""));
}
