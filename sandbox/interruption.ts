/** Ctrl-C, and the other ways in which a person or a machine asks a program to end. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }

  /** What a shell reports of a program that a signal ended. */
  get exitCode(): number {
    return exitCodes[this.signal] ?? 1;
  }
}

const exitCodes: Partial<Record<NodeJS.Signals, number>> = { SIGHUP: 129, SIGINT: 130, SIGPIPE: 141, SIGTERM: 143 };

export interface Interruption {
  /** Aborted with an Interrupted. */
  readonly signal: AbortSignal;
  /** Rejects when interrupted; never settles otherwise. */
  readonly happened: Promise<never>;
}

/** From now on these signals end nothing by themselves: the caller has to end what it started. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  const happened = new Promise<never>((_, reject) => {
    const interrupt = (name: NodeJS.Signals) => {
      const interrupted = new Interrupted(name);
      controller.abort(interrupted);
      reject(interrupted);
    };
    for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) process.on(name, () => interrupt(name));
    // Node has no SIGPIPE; the reader (`| head`) has read enough.
    process.stdout.on("error", () => interrupt("SIGPIPE"));
  });
  // A caller that races against it sees the rejection; without one, it must not count as unhandled.
  happened.catch(() => undefined);
  return { signal: controller.signal, happened };
}
