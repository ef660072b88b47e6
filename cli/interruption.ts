/** Ctrl-C and its like abort what runs, so that it can say what goes on without it; a second one ends the program at once. */
import { Interrupted } from "./failures.ts";

/** What a shell reports of a program that the signal ended. */
const exitCodes = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

export function listenForInterruption(): AbortSignal {
  const controller = new AbortController();
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.once(name, () => controller.abort(new Interrupted(exitCodes[name])));
  }
  return controller.signal;
}

/** Whoever read us (`| head`) has read enough. 141 is what a shell reports of SIGPIPE, which Node has not. */
export function endWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => process.exit(error.code === "EPIPE" ? 141 : 1));
}
