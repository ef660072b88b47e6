/** Looks that Mooring may lack the right for. */
import { type AnyNoticeCode, PermanentError } from "../../domain/errors.ts";
import { toNotice } from "../../domain/operation/plan.ts";
import type { Obstacles } from "./preflight.ts";

const forbidden: ReadonlySet<string> = new Set(["ARM_FORBIDDEN", "KUBERNETES_FORBIDDEN"]);

/** What a look finds. Where Mooring lacks the right to look: undefined, or what `otherwise` makes of the message. */
export async function unlessForbidden<T>(look: () => Promise<T>): Promise<T | undefined>;
export async function unlessForbidden<T, U>(look: () => Promise<T>, otherwise: (message: string) => U): Promise<T | U>;
export async function unlessForbidden<T, U>(look: () => Promise<T>, otherwise?: (message: string) => U) {
  try {
    return await look();
  } catch (error) {
    if (error instanceof PermanentError && forbidden.has(error.code)) return otherwise?.(error.message);
    throw error;
  }
}

/** A missing right to look gives only a notice: the step may succeed without it. */
export async function noticeIfForbidden(code: AnyNoticeCode, look: () => Promise<Obstacles>): Promise<Obstacles> {
  return await unlessForbidden(look, (message) => ({ notices: [toNotice(code, message)] }));
}

/** For what the step can do without: whatever keeps Mooring from reading it gives only a notice. No answer is no reason. */
export async function noticeIfUnread(code: AnyNoticeCode, look: () => Promise<Obstacles>): Promise<Obstacles> {
  try {
    return await look();
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    return { notices: [toNotice(code, error.message)] };
  }
}
