/** `mooring`: finds the command, runs it, and exits with its code. */

import { suggest } from "../src/domain/suggest.ts";
import type { Flags, Values } from "./arguments/flags.ts";
import { parse, splitCommand } from "./arguments/parse.ts";
import { describeCommands, entries, loadCommand } from "./commands.ts";
import { findContext } from "./config/configFile.ts";
import { exitCodes, Failure, UsageError } from "./failures.ts";
import { asksForHelp, describeCommand, describeProgram, describeUsage, helpWidth } from "./help.ts";
import { endWithOutput, listenForInterruption } from "./interruption.ts";
import { printFailure } from "./output/failure.ts";
import { printableText } from "./output/printable.ts";
import { spellingFor } from "./output/program.ts";
import { createSession, type Session, type SessionFlags } from "./session.ts";

endWithOutput();
process.exitCode = await run(process.argv.slice(2));

async function run(words: readonly string[]): Promise<number> {
  const { name, rest } = splitCommand(words);
  const spell = spellingFor(process.env, words);
  let session: Session | undefined;
  try {
    if (name === undefined && words.includes("--version")) return await sayVersion();
    if (name === undefined) return sayHelp(words);
    if (name === "__complete") return await complete(words.slice(1));
    if (name === "help") return await sayHelpOf(rest[0]);
    expectCommand(name);
    const command = await loadCommand(name);
    if (asksForHelp(rest)) return await sayHelpOf(name);
    const { values, operands } = explain(name, () => parse(name, command, rest), describeUsage(name, command));
    const env = process.env;
    session = createSession(values as SessionFlags, {
      env,
      context: command.isLocal ? undefined : await findContext(values as SessionFlags, env),
      interrupted: listenForInterruption(),
      describeCommands,
      spell,
      isPatient: command.isPatient === true,
    });
    // The only cast: values parsed with a command's flags have the types of those flags.
    return await command.run(session, values as Values<Flags>, operands);
  } catch (error) {
    const failure = error instanceof Failure ? error : await session?.explain(error);
    if (!failure) return reportDefect(error);
    printFailure(process.stderr, failure, spell);
    return failure.exitCode;
  }
}

function sayHelp(words: readonly string[]): number {
  const isAsked = words.length === 0 || asksForHelp(words);
  if (!isAsked) throw new UsageError(`The flag ${words[0]} needs a command.`, { next: ["mooring --help"] });
  // Without a command this is a usage error, so help goes to standard error.
  (words.length === 0 ? process.stderr : process.stdout).write(describeProgram());
  return words.length === 0 ? exitCodes.usage : exitCodes.done;
}

async function sayVersion(): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  process.stdout.write(`mooring ${version}\n`);
  return exitCodes.done;
}

/** For the scripts of `mooring completion`. */
async function complete([kind, ...line]: readonly string[]): Promise<number> {
  const { listForCompletion } = await import("./completion/asked.ts");
  const found = await listForCompletion(kind, line, process.env);
  // Exits without waiting for calls that are still running.
  await new Promise<void>((resolve) => {
    process.stdout.write(found.map((each) => `${each}\n`).join(""), () => resolve());
  });
  process.exit(exitCodes.done);
}

async function sayHelpOf(name: string | undefined): Promise<number> {
  if (name !== undefined) expectCommand(name);
  process.stdout.write(
    name === undefined
      ? describeProgram()
      : describeCommand(name, await loadCommand(name), Math.min(process.stdout.columns ?? helpWidth, helpWidth)),
  );
  return exitCodes.done;
}

function expectCommand(name: string): void {
  if (entries.has(name)) return;
  const meant = suggest(name, [...entries.keys()]);
  const hint = meant === undefined ? "" : ` Did you mean ${meant}?`;
  throw new UsageError(`No command is called "${name}".${hint}`, { next: ["mooring --help"] });
}

/** Adds the usage line to the error of a wrong command line. */
function explain<T>(name: string, read: () => T, usage: string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(error.message, { next: [usage, `mooring ${name} --help`], cause: error });
  }
}

/** Not the user's fault, so this prints what a bug report needs. */
function reportDefect(error: unknown): number {
  const what = printableText(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.stderr.write(`mooring: this is a defect of the command line itself; please report it.\n${what}\n`);
  return exitCodes.defect;
}
