/** Ctrl-C and its like abort what runs, so that it can say what goes on without it; a second one ends the program at once. */
import { getSystemErrorMessage } from "node:util";
import { exitCodes, Interrupted } from "./failures.ts";

/** What a shell reports of a program that the signal ended. */
const signalCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export function listenForInterruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort(new Interrupted(signalCodes[name])));
  }
  return controller.signal;
}

/** Whoever read us (`| head`) has read enough: 141 is what a shell reports of SIGPIPE, which Node has not. */
export function endWithOutput(): void {
  process.stdout.on("error", ({ code, errno, message }: NodeJS.ErrnoException) => {
    if (code === "EPIPE") process.exit(141);
    const why = errno === undefined ? message : getSystemErrorMessage(errno);
    process.stderr.write(`mooring: Standard output cannot be written: ${why}.\n`);
    process.exit(exitCodes.output);
  });
}
