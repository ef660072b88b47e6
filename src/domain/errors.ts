/**
 * Every code that Mooring has, in three tables: refusals of requests, failures of steps, and notices. Each code is in exactly one
 * of them, with its HTTP status if it can be an answer. Its `fix` is what status documents and docs/errors.md advise the reader to
 * do (`node tools/run.mjs tools/writeErrorReference.ts` writes the tables there).
 */
import { type Fix, fixDocument, type Situation } from "./errors/fix.ts";
import { type NoticeCode, notices } from "./errors/notices.ts";
import {
  type EndingRefusalCode,
  isEndingRefusalCode,
  isOfPolicy,
  isRefusalCode,
  type RefusalCode,
  refusals,
} from "./errors/refusals.ts";
import {
  isLastingStepErrorCode,
  isObstacle,
  isPassingStepErrorCode,
  type LastingStepErrorCode,
  type NoticeStepErrorCode,
  type PassingStepErrorCode,
  type StepErrorCode,
  stepErrors,
} from "./errors/stepErrors.ts";

export { isOfPolicy, isRefusalCode, type RefusalCode, type Situation, type StepErrorCode };

export const errorCatalogue = { ...refusals, ...stepErrors, ...notices };

export type ErrorCode = keyof typeof errorCatalogue;
/** Retrying will not help: a step fails with it for good. It may be the code with which the request would be refused now. */
export type PermanentCode = LastingStepErrorCode | EndingRefusalCode;
export type TransientCode = PassingStepErrorCode;
/** The codes that the notices of a plan or a step may have. */
export type AnyNoticeCode = NoticeCode | NoticeStepErrorCode;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** What the catalogue says to do about it, in the words of HTTP. */
export function fixOf(code: ErrorCode, situation: Situation): string {
  return fixDocumentOf(code, situation).fix;
}

/** The same, and as data. */
export function fixDocumentOf(code: ErrorCode, situation: Situation): ReturnType<typeof fixDocument> {
  const { fix }: { readonly fix: Fix } = errorCatalogue[code];
  return fixDocument(fix, situation);
}

/** Compares a code that came as arbitrary text with one of the catalogue. */
export function isCode(code: string | undefined, known: ErrorCode): boolean {
  return code === known;
}

/** Whether Mooring retries on its own. */
export function isRetried(code: string): boolean {
  return isPassingStepErrorCode(code);
}

/** Whether an undo that fails with it goes on: it passes, or somebody removes what is in the way. */
export function mayPass(code: string): boolean {
  return isPassingStepErrorCode(code) || isObstacle(code);
}

/** A service rejects Mooring's token, or Mooring cannot get one. Such faults are retried for longer than others. */
export function isAuthenticationFailure(error: unknown): error is TransientError {
  return error instanceof TransientError && error.code === "AUTHENTICATION_FAILED";
}

/** The HTTP status of the answer to a request that runs into it. */
export function statusOf(code: RefusalCode | StepErrorCode): number {
  return isRefusalCode(code) ? refusals[code].status : stepErrors[code].status;
}

/** The error for a code that came as text: from a plan, a history or a table. */
export function errorOf(code: string, message: string): PermanentError | TransientError {
  if (isPassingStepErrorCode(code)) return new TransientError(code, message);
  if (isLastingStepErrorCode(code) || isEndingRefusalCode(code)) return new PermanentError(code, message);
  return new TransientError("UNEXPECTED", message);
}

/**
 * Whether a write that ended with this error may still take effect: it was sent, and what came back, if anything, does not say that
 * it was refused.
 */
export function mayStillLand(error: unknown): boolean {
  if (!isKnown(error) || error.isAfterAcceptance) return true;
  return error instanceof TransientError && !error.isWithoutEffect && !answeringCodes.has(error.code);
}

/** Follows a write that its service has accepted: an error from here says nothing of the write, which may take effect all the same. */
export async function afterAcceptance<T>(follow: () => Promise<T>): Promise<T> {
  try {
    return await follow();
  } catch (error) {
    if (isKnown(error)) error.isAfterAcceptance = true;
    throw error;
  }
}

function isKnown(error: unknown): error is PermanentError | TransientError {
  return error instanceof PermanentError || error instanceof TransientError;
}

/** What these mean was said by the service itself, which did nothing. */
const answeringCodes: ReadonlySet<TransientCode> = new Set<TransientCode>([
  "ARM_THROTTLED",
  "KUBERNETES_THROTTLED",
  "KUBERNETES_OBJECT_GOING",
  "AUTHENTICATION_FAILED",
  "CONCURRENT_CREDENTIAL_WRITE",
  "SQL_PRINCIPAL_NOT_YET_VISIBLE",
]);

/** Stop: retrying will not help. Recorded in the history as data, so that the runtime does not retry it. */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
  readonly code: PermanentCode;
  /** See `afterAcceptance`. */
  isAfterAcceptance = false;

  constructor(code: PermanentCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A known transient fault: the runtime retries the step, and the status says why it waits. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  readonly code: TransientCode;
  /** How long the service asked to wait (Retry-After), in seconds. */
  readonly retryAfterSeconds: number | undefined;
  /** Nothing was sent, or the service said that it did nothing. */
  readonly isWithoutEffect: boolean;
  /** What it means once every try has failed with it. */
  readonly ifItLasts: PermanentError | undefined;
  /** See `afterAcceptance`. */
  isAfterAcceptance = false;

  constructor(
    code: TransientCode,
    message: string,
    options: ErrorOptions & { retryAfterSeconds?: number; isWithoutEffect?: boolean; ifItLasts?: PermanentError } = {},
  ) {
    super(message, options);
    this.code = code;
    this.isWithoutEffect = options.isWithoutEffect ?? false;
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.ifItLasts = options.ifItLasts;
  }
}
