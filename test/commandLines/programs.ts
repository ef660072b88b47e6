/** What each program accepts, from its own table (programs.json): the commands that the project names, and no others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";

const Program = z.strictObject({
  /** Where the table comes from, with the program's version. */
  source: z.string(),
  /** Options of every command. */
  options: z.array(z.string()),
  /** An option with its other names, `--name|-n`; "!" before one that must be given, "?" if it must be without `--ids`. */
  commands: z.record(z.string(), z.array(z.string())),
  /** Whether a command takes anything that is not an option. */
  operands: z.boolean(),
});
export type Program = z.infer<typeof Program>;

export const programs: Readonly<Record<string, Program>> = z
  .record(z.string(), Program)
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "programs.json"), "utf8")));
