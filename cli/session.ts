/** What every command gets: the service, standard output and error, and the signal that ends it early. */

import { readDuration } from "./arguments/values.ts";
import type { Described } from "./completion/described.ts";
import { type Failure, TimedOut, UsageError } from "./failures.ts";
import { printFailure } from "./output/failure.ts";
import {
  type Format,
  type Printed,
  print,
  printStreamed,
  readFormat,
  type Streamed,
  writeData,
  writeLines,
} from "./output/print.ts";
import { printable } from "./output/printable.ts";
import type { Spelling } from "./output/program.ts";
import { type View, viewOf } from "./output/view.ts";
import { type Client, createClient } from "./service/client.ts";
import { headersOf } from "./service/credential.ts";
import { type ConnectionFlags, type Context, type Environment, readConnection } from "./service/server.ts";

/** Where a run writes: the process's own streams, unless it is one of several in a process. */
export interface Output {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

export interface Session extends Output {
  readonly client: Client;
  readonly env: Environment;
  readonly format: Format;
  readonly signal: AbortSignal;
  readonly isWaiting: boolean;
  print(printed: Printed): Promise<void>;
  /** Writes data that is plain text, such as a manifest. */
  write(text: string): void;
  /** Prints one document of a stream, in a format for programs. */
  printStreamed(format: Exclude<Format, "table" | "wide">, streamed: Streamed): Promise<void>;
  /** Writes lines for people where data would be. */
  writeLines(lines: readonly string[]): void;
  /** Writes lines for people who are about to decide something. */
  show(lines: (view: View) => readonly string[]): void;
  /** Writes one line of progress, for people. */
  say(message: string): void;
  /** How the user starts this program, in a command that another program suggests. */
  readonly spell: Spelling;
  /** Reports the failure of one of several items; the others continue. */
  report(failure: Failure): void;
  /** The failure behind an error that is not one: what the service answered could not be read. */
  explain(error: unknown): Promise<Failure | undefined>;
  /** Every command, for completion. */
  describeCommands(): Promise<readonly Described[]>;
}

export interface SessionFlags extends ConnectionFlags {
  readonly output?: string | undefined;
  readonly wait?: boolean;
  readonly timeout?: string | undefined;
}

export interface SessionOptions extends Output, Pick<Session, "describeCommands"> {
  readonly env: Environment;
  /** From the file of contexts, if one is named. */
  readonly context: Context | undefined;
  readonly interrupted: AbortSignal;
  readonly spell: Spelling;
  /** Waits when the service says to retry later (429, 503), even without --wait. */
  readonly isPatient: boolean;
}

export function createSession(
  flags: SessionFlags,
  { env, stdout, stderr, context, interrupted, spell, isPatient, describeCommands }: SessionOptions,
): Session {
  const { wait = false, timeout, output } = flags;
  if (timeout !== undefined && flags.wait === false) throw new UsageError("--timeout needs --wait.");
  const signal = timeout === undefined ? interrupted : AbortSignal.any([interrupted, timedOutAfter(timeout)]);
  const say = (message: string) => void stderr.write(`${spell(printable(message))}\n`);
  const format = readFormat(output);
  let client: Client | undefined;
  const session: Session = {
    stdout,
    stderr,
    format,
    env,
    signal,
    isWaiting: wait,
    get client() {
      if (!client) {
        const { server: url, credential } = readConnection(flags, env, context);
        client = createClient({
          server: url,
          credential: headersOf(credential),
          env,
          signal,
          isPatient: isPatient || wait,
          notify: say,
        });
      }
      return client;
    },
    async print(printed) {
      const lines: Printed["lines"] = (view) => printed.lines(view).map(spell);
      await print(stdout, format, { ...printed, lines });
    },
    describeCommands,
    async explain(error) {
      if (!client) return undefined;
      const { findMalformed } = await import("./service/malformed.ts");
      return await findMalformed(client.server, client.hearing, error);
    },
    report: (failure) => printFailure(stderr, failure, spell),
    write: (text) => writeData(stdout, text),
    printStreamed: (as, streamed) => printStreamed(stdout, as, streamed),
    writeLines: (lines) => writeLines(stdout, lines),
    show: (lines) => writeLines(stderr, lines(viewOf(stderr)).map(spell)),
    say,
    spell,
  };
  return session;
}

function timedOutAfter(timeout: string): AbortSignal {
  const ms = readDuration("--timeout", timeout);
  const controller = new AbortController();
  setTimeout(() => controller.abort(new TimedOut(`The operation did not end within ${timeout}.`)), ms).unref();
  return controller.signal;
}
