/** How the program ends when it does not do what was asked for. docs/cli.md promises these exit codes to scripts. */
import type { ProblemDocument } from "../src/domain/documents/problem.ts";

export const exitCodes = {
  done: 0,
  /** The service refused or has no such thing, the operation did not succeed, a plan is blocked, or a check found errors. */
  refused: 1,
  usage: 2,
  /** No answer, or one that says that the service cannot answer now. */
  unreachable: 3,
  timedOut: 4,
  /** Of `diff`, whose 1 says that something would change: the service refused, or something is in the way. */
  blocked: 5,
  /** Standard output could not be written (sysexits.h, EX_IOERR). */
  output: 74,
  /** The program itself is wrong (sysexits.h, EX_SOFTWARE). */
  defect: 70,
} as const;

/** Told to the person in words; `next` are acts that lead on, each on a line of its own. */
export abstract class Failure extends Error {
  abstract readonly exitCode: number;
  readonly next: readonly string[];

  constructor(message: string, { next = [], cause }: { next?: readonly string[]; cause?: unknown } = {}) {
    super(message, { cause });
    this.next = next;
  }
}

export class UsageError extends Failure {
  override readonly name = "UsageError";
  override readonly exitCode = exitCodes.usage;
}

/** The service was asked, and what it answered shows that there is no such thing, or that it is not in the state for that. */
export class NotPossible extends Failure {
  override readonly name = "NotPossible";
  override readonly exitCode = exitCodes.refused;
}

/** Nobody could say who asks. */
export class NotSignedIn extends Failure {
  override readonly name = "NotSignedIn";
  override readonly exitCode = exitCodes.refused;
}

export class Unreachable extends Failure {
  override readonly name: string = "Unreachable";
  override readonly exitCode = exitCodes.unreachable;
}

/** Something answered, and it was not Mooring: another program, or a gateway before it. */
export class NotMooring extends Unreachable {
  readonly status: number;

  constructor(message: string, { status, next }: { status: number; next: readonly string[] }) {
    super(message, { next });
    this.status = status;
  }
}

export class TimedOut extends Failure {
  override readonly name = "TimedOut";
  override readonly exitCode = exitCodes.timedOut;
}

/** Ctrl-C, or another signal that asks the program to end. */
export class Interrupted extends Failure {
  override readonly name = "Interrupted";
  override readonly exitCode: number;

  constructor(exitCode: number, { next = [] }: { next?: readonly string[] } = {}) {
    super("Interrupted.", { next });
    this.exitCode = exitCode;
  }
}

/** What is read of the problem document that the service answers. */
export type Problem = Omit<ProblemDocument, "type" | "title" | "traceId"> & {
  /** Answers of a sandbox about itself have none. */
  readonly traceId?: string;
};

/** The service answered, and said no. */
export class Refused extends Failure {
  override readonly name = "Refused";
  override readonly exitCode: number;
  readonly problem: Problem;
  /** Of the operation that the problem leads to. */
  readonly operation: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    problem: Problem,
    { operation, retryAfterSeconds }: { operation?: string | undefined; retryAfterSeconds?: number | undefined } = {},
  ) {
    super(problem.detail);
    this.exitCode = problem.status >= 500 ? exitCodes.unreachable : exitCodes.refused;
    this.problem = problem;
    this.operation = operation;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
