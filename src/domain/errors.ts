/**
 * Everything that Mooring has a code for, in three tables: what a request is refused with, what a step fails with, and what
 * is only told. A code stands in one of them, with its HTTP status where it can be an answer, and `fix` is what status
 * documents and docs/errors.md tell the reader to do (`node tools/run.mjs tools/writeErrorReference.ts` writes its tables).
 */
import { type Act, actsOf, type Fix, formatFix, httpActs, type Situation, type Words } from "./errors/fix.ts";
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
/** Asking again will not help: what a step fails with for good, which may be what the request would be refused with now. */
export type PermanentCode = LastingStepErrorCode | EndingRefusalCode;
export type TransientCode = PassingStepErrorCode;
/** What may stand among the notices of a plan or a step. */
export type AnyNoticeCode = NoticeCode | NoticeStepErrorCode;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** By what the fix leads on. */
export function actsFor(code: ErrorCode): readonly Act[] {
  return actsOf(errorCatalogue[code].fix);
}

/** What the catalogue says to do about it: over HTTP, unless somebody has other words. */
export function fixOf(code: ErrorCode, situation: Situation, words: Words = httpActs): string {
  const { fix }: { readonly fix: Fix } = errorCatalogue[code];
  return formatFix(fix, situation, words);
}

/** Compares a code that came as text, which may be anything, with one of the catalogue. */
export function isCode(code: string | undefined, known: ErrorCode): boolean {
  return code === known;
}

/** Whether Mooring tries by itself again. */
export function isRetried(code: string): boolean {
  return isPassingStepErrorCode(code);
}

/** A service does not take Mooring for who it is, or there is no token: it is waited for, longer than for other faults. */
export function isAuthenticationFailure(error: unknown): error is TransientError {
  return error instanceof TransientError && error.code === "AUTHENTICATION_FAILED";
}

/** The HTTP status of the answer to a request that meets it. */
export function statusOf(code: RefusalCode | StepErrorCode): number {
  return isRefusalCode(code) ? refusals[code].status : stepErrors[code].status;
}

/** The error of a code that came as text: from a plan, a history or a table. */
export function errorOf(code: string, message: string): PermanentError | TransientError {
  if (isPassingStepErrorCode(code)) return new TransientError(code, message);
  if (isLastingStepErrorCode(code) || isEndingRefusalCode(code)) return new PermanentError(code, message);
  return new TransientError("UNEXPECTED", message);
}

/** Stop: asking again will not help. Recorded in the history as data, so the runtime does not retry it. */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
  readonly code: PermanentCode;

  constructor(code: PermanentCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A known passing fault: the runtime retries the step, and the status says why it waits. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  readonly code: TransientCode;
  /** What the service asked to wait (Retry-After), in seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: TransientCode, message: string, options: ErrorOptions & { retryAfterSeconds?: number } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}
