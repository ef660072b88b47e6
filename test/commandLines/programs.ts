/** What each program accepts, from its own table (programs.json): the commands that the project names, and no others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

/** Several options a line, as in a synopsis. */
export const Options = z.array(z.string()).transform((lines) => lines.flatMap((line) => line.split(" ")));

const Program = z.strictObject({
  /** Where the table comes from, with the program's version. */
  source: z.string(),
  /** Options of every command. */
  options: Options,
  /** An option with its other names, `--name|-n`; "!" before one that must be given, "?" if it must be without `--ids`. */
  commands: z.record(z.string(), Options),
  /** Whether a command takes anything that is not an option. */
  operands: z.boolean(),
});
export type Program = z.infer<typeof Program>;

export const programs: Readonly<Record<string, Program>> = z
  .record(z.string(), Program)
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "programs.json"), "utf8")));

/** As programs.json has them. */
export function inLines(options: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (const option of options) {
    const line = `${lines.at(-1) ?? ""} ${option}`.trim();
    if (line.length > 104) lines.push(option);
    else lines.splice(-1, 1, line);
  }
  return lines;
}
