/**
 * Writes what helm and gh accept into test/commandLines/programs.json, from their own help, where they are built
 * (`npm run apiServer -- --helm`, `-- --gh`). Which options are required no help says: those marks stay.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { testPrograms } from "kube-sim/programs";
import { inLines } from "../test/commandLines/programs.ts";
import { namesOf, readHelp } from "../test/commandLines/readHelp.ts";

interface Program {
  source: string;
  options: readonly string[];
  commands: Record<string, readonly string[]>;
}

const file = join(dirname(import.meta.dirname), "test/commandLines/programs.json");
const programs = JSON.parse(readFileSync(file, "utf8")) as Record<string, Program>;

for (const name of ["helm", "gh"] as const) {
  const path = testPrograms[name].path();
  const known = programs[name];
  if (!known || !existsSync(path)) {
    console.error(`${name} stays as it is: ${testPrograms[name].build}`);
    continue;
  }
  const { version, options, commands } = readHelp(path, Object.keys(known.commands));
  known.source = `${name} ${version}, its own help (tools/writeCommandTables.ts)`;
  known.options = inLines(options);
  known.commands = Object.fromEntries(
    Object.entries(commands).map(([command, all]) => [command, inLines(withMarks(all, known.commands[command] ?? []))]),
  );
}

/** `!--owner|--repo` stays, in place of both. */
function withMarks(all: readonly string[], before: readonly string[]): readonly string[] {
  const marked = before.flatMap((line) => line.split(" ")).filter((each) => /^[!?]/.test(each));
  const covered = new Set(marked.flatMap(namesOf));
  return [...all.filter((each) => !namesOf(each).some((name) => covered.has(name))), ...marked].toSorted();
}
writeFileSync(file, `${JSON.stringify(programs, null, 2)}\n`);
