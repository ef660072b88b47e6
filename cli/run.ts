/** Finds the command, runs it, and returns its exit code. */

import { suggest } from "../src/domain/suggest.ts";
import type { Flags, Values } from "./arguments/flags.ts";
import { parse, splitCommand } from "./arguments/parse.ts";
import { describeCommands, entries, loadCommand } from "./commands.ts";
import { findContext } from "./config/configFile.ts";
import { exitCodes, Failure, UsageError } from "./failures.ts";
import { asksForHelp, describeCommand, describeProgram, describeUsage, helpWidth } from "./help.ts";
import { printFailure } from "./output/failure.ts";
import { printableText } from "./output/printable.ts";
import { spellingFor } from "./output/program.ts";
import type { Environment } from "./service/server.ts";
import { createSession, type Output, type Session, type SessionFlags } from "./session.ts";

export interface RunOptions extends Output {
  readonly env: Environment;
  /** Called when a command begins; the signal's reason is the failure that ends it. */
  readonly listen: () => AbortSignal;
}

export async function run(words: readonly string[], { env, listen, ...output }: RunOptions): Promise<number> {
  const { stdout, stderr } = output;
  const { name, rest } = splitCommand(words);
  const spell = spellingFor(env, words);
  let session: Session | undefined;
  try {
    if (name === undefined && words.includes("--version")) return await sayVersion(output);
    if (name === undefined) return sayHelp(words, output);
    if (name === "help") return await sayHelpOf(rest[0], output);
    expectCommand(name);
    const command = await loadCommand(name);
    if (asksForHelp(rest)) return await sayHelpOf(name, output);
    const { values, operands } = explain(name, () => parse(name, command, rest), describeUsage(name, command));
    session = createSession(values as SessionFlags, {
      ...{ env, stdout, stderr },
      context: command.isLocal ? undefined : await findContext(values as SessionFlags, env),
      interrupted: listen(),
      describeCommands,
      spell,
      isPatient: command.isPatient === true,
    });
    // The only cast: values parsed with a command's flags have the types of those flags.
    return await command.run(session, values as Values<Flags>, operands);
  } catch (error) {
    const failure = error instanceof Failure ? error : await session?.explain(error);
    if (!failure) return reportDefect(error, output);
    printFailure(stderr, failure, spell);
    return failure.exitCode;
  }
}

function sayHelp(words: readonly string[], { stdout, stderr }: Output): number {
  const isAsked = words.length === 0 || asksForHelp(words);
  if (!isAsked) throw new UsageError(`The flag ${words[0]} needs a command.`, { next: ["mooring --help"] });
  // Without a command this is a usage error, so help goes to standard error.
  (words.length === 0 ? stderr : stdout).write(describeProgram());
  return words.length === 0 ? exitCodes.usage : exitCodes.done;
}

async function sayVersion({ stdout }: Output): Promise<number> {
  const { readFile } = await import("node:fs/promises");
  const { version } = JSON.parse(await readFile(new URL("../package.json", import.meta.url), "utf8"));
  stdout.write(`mooring ${version}\n`);
  return exitCodes.done;
}

async function sayHelpOf(name: string | undefined, { stdout }: Output): Promise<number> {
  if (name !== undefined) expectCommand(name);
  stdout.write(
    name === undefined
      ? describeProgram()
      : describeCommand(name, await loadCommand(name), Math.min(stdout.columns ?? helpWidth, helpWidth)),
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
function reportDefect(error: unknown, { stderr }: Output): number {
  const what = printableText(error instanceof Error ? (error.stack ?? error.message) : String(error));
  stderr.write(`mooring: this is a defect of the command line itself; please report it.\n${what}\n`);
  return exitCodes.defect;
}
