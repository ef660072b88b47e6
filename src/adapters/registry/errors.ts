import { isAuthenticationFailure, TransientError } from "../../domain/errors.ts";
import { messageOf } from "../../domain/messageOf.ts";
import { hideAddresses } from "../addresses.ts";
import { about } from "../credential.ts";
import { UnreadableRow } from "./unreadableRows.ts";

/** By status, as the Table service documents them (learn.microsoft.com "Table storage error codes"). */
export function isNotFound(error: unknown): boolean {
  return statusOf(error) === 404;
}

/** EntityAlreadyExists */
export function isConflict(error: unknown): boolean {
  return statusOf(error) === 409;
}

/** UpdateConditionNotSatisfied */
export function isPreconditionFailed(error: unknown): boolean {
  return statusOf(error) === 412;
}

/** TooManyRequests, and ServerBusy, which means that a partition or the account is overloaded. */
export function isThrottle(status: number): boolean {
  return status === 429 || status === 503;
}

/** Every failure of the tables is worth a retry: even a missing permission can be fixed meanwhile, and failing does not help. */
export function toRegistryError(table: string, error: unknown): TransientError {
  if (error instanceof UnreadableRow)
    return new TransientError("RECORD_UNREADABLE", capitalized(error.message), { cause: error });
  if (isAuthenticationFailure(error)) return about(error, `Table ${table}`);
  const reason = hideAddresses(withoutBody(messageOf(error)));
  const status = statusOf(error);
  const what = status === undefined ? reason : `${status} ${reason}`;
  if (status === 401) return new TransientError("AUTHENTICATION_FAILED", `Table ${table}: ${what}`, { cause: error });
  return new TransientError("REGISTRY_UNAVAILABLE", `Table ${table}: ${what}`, { cause: error });
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The SDK's message repeats the body of an unreadable answer, which may hold anyone's rows. */
function withoutBody(message: string): string {
  return message.replace(/(parsing the response body) - .*$/s, "$1");
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}
