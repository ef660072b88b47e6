/** The first signal (Ctrl-C) aborts the command, which can then say what continues without it; a second ends the program immediately. */
import { getSystemErrorMessage } from "node:util";
import { exitCodes, Interrupted } from "./failures.ts";

/** The exit codes that a shell reports for a program ended by a signal. */
const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export function listenForInterruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort(new Interrupted(signalCodes[name])));
  }
  return controller.signal;
}

/** The reader (`| head`) has closed the pipe: 141 is what a shell reports for SIGPIPE, which Node ignores. */
export function endWithOutput(): void {
  process.stdout.on("error", ({ code, errno, message }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") process.exit(141);
    const why = errno === undefined ? message : getSystemErrorMessage(errno);
    process.stderr.write(`mooring: Standard output cannot be written: ${why}.\n`);
    process.exit(exitCodes.output);
  });
  // Nobody reads what the command says on the way; its result and its exit code stay the same.
  process.stderr.on("error", () => undefined);
}
