/** How the program ends when it cannot do what the user wants. docs/cli.md promises these exit codes to scripts. */
import type { ProblemDocument } from "../src/domain/documents/problem.ts";

export const exitCodes = {
  done: 0,
  /** The service refused or found nothing, the operation did not succeed, a plan is blocked, or a check found errors. */
  refused: 1,
  usage: 2,
  /** The service did not answer, or is unavailable for now. */
  unreachable: 3,
  timedOut: 4,
  /** Only from `diff`, where 1 means that something would change: the service refused, or the change is blocked. */
  blocked: 5,
  /** Standard output could not be written (sysexits.h, EX_IOERR). */
  output: 74,
  /** A bug in the program itself (sysexits.h, EX_SOFTWARE). */
  defect: 70,
} as const;

/** A failure to report to the user; `next` lists what to do about it, one line each. */
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

/** The service's answer shows that the thing does not exist, or is not in a state that allows this. */
export class NotPossible extends Failure {
  override readonly name = "NotPossible";
  override readonly exitCode = exitCodes.refused;
}

/** No credential could be obtained. */
export class NotSignedIn extends Failure {
  override readonly name = "NotSignedIn";
  override readonly exitCode = exitCodes.refused;
}

export class Unreachable extends Failure {
  override readonly name: string = "Unreachable";
  override readonly exitCode = exitCodes.unreachable;
}

/** Something other than Mooring answered: another program, or a gateway in front of it. */
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

/** Ctrl-C or another signal to end the program. */
export class Interrupted extends Failure {
  override readonly name = "Interrupted";
  override readonly exitCode: number;

  constructor(exitCode: number, { next = [] }: { next?: readonly string[] } = {}) {
    super("Interrupted.", { next });
    this.exitCode = exitCode;
  }
}

/** The part of the service's problem document that the command line reads. */
export type Problem = Omit<ProblemDocument, "type" | "title" | "traceId"> & {
  /** Missing from the sandbox's answers about itself. */
  readonly traceId?: string;
};

/** The service refused the request. */
export class Refused extends Failure {
  override readonly name = "Refused";
  override readonly exitCode: number;
  readonly problem: Problem;
  /** The id of the operation that the problem refers to. */
  readonly operation: string | undefined;
  /** The filter that the request had, as --filter takes it. */
  readonly filter: string | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(
    problem: Problem,
    {
      operation,
      filter,
      retryAfterSeconds,
    }: { operation?: string | undefined; filter?: string | undefined; retryAfterSeconds?: number | undefined } = {},
  ) {
    super(problem.detail);
    this.exitCode = problem.status >= 500 ? exitCodes.unreachable : exitCodes.refused;
    this.problem = problem;
    this.operation = operation;
    this.filter = filter;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
