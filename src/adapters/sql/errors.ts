/**
 * What a failed call to Azure SQL means: stop (PermanentError), or wait and retry (TransientError). Unknown errors are thrown
 * unchanged. Numbers: learn.microsoft.com "Troubleshoot common connection issues to Azure SQL" and "Database engine errors".
 */
import { defined } from "../../domain/defined.ts";
import { isAuthenticationFailure, type PermanentCode, PermanentError, TransientError } from "../../domain/errors.ts";
import { hideAddresses } from "../addresses.ts";
import { about } from "../credential.ts";

/** What is known about a failure in addition to the error itself. */
export interface FailureContext {
  /** Names the database in messages: `sql-dev/orders`. */
  readonly target: string;
  /** The server's host name; hidden from callers. */
  readonly host: string;
  /** What the server said first when a login failed: the driver reports it only in an event. */
  loginError(last: string): { readonly number: number; readonly message: string } | undefined;
}

interface ServerError {
  readonly number: number;
  readonly severity: number;
  readonly message: string;
}

const permanent: Readonly<Record<number, PermanentCode>> = {
  40615: "SQL_FIREWALL",
  40914: "SQL_FIREWALL", // not from an allowed virtual network
  47073: "SQL_FIREWALL", // public network access is off
  229: "SQL_FORBIDDEN",
  230: "SQL_FORBIDDEN",
  262: "SQL_FORBIDDEN",
  297: "SQL_FORBIDDEN",
  300: "SQL_FORBIDDEN",
  916: "SQL_FORBIDDEN",
  4613: "SQL_FORBIDDEN",
  15247: "SQL_FORBIDDEN",
  15023: "SQL_USER_CONFLICT",
  15063: "SQL_SID_TAKEN",
  15138: "SQL_USER_OWNS_SCHEMA",
  15183: "SQL_USER_HAS_DEPENDANTS", // owns objects
  15284: "SQL_USER_HAS_DEPENDANTS", // has granted permissions
  15421: "SQL_USER_HAS_DEPENDANTS", // owns a role
  33131: "SQL_PRINCIPAL_UNRESOLVED", // the display name is not unique; the remedy is the same: userCreation: sid
};

/** Microsoft's list of transient errors, and those of locks and lost connections. */
const passing = new Set([
  615, 701, 926, 1204, 1205, 1222, 3960, 4060, 4221, 8645, 8651, 10928, 10929, 40143, 40166, 40197, 40501, 40540, 40549,
  40613, 49918, 49919, 49920,
]);

/** The server or the elastic pool is overloaded (learn.microsoft.com "Resource management in Azure SQL Database"). */
export function isThrottle(number: number): boolean {
  return [10928, 10929, 40501, 40544, 40549, 49918, 49919, 49920].includes(number);
}

/** The login, or its token, was not accepted. */
export const loginFailures: ReadonlySet<number> = new Set([
  18456,
  18452, // from an untrusted domain
  33155, // no token arrived in time
]);

/** A new identity takes a while to reach the directory that SQL queries; 37545 is the same with an object id. */
const notYetVisible = new Set([33130, 37545]);

/** Codes by which the driver says that it was called wrongly: not a network fault. */
const misuse = new Set(["EPARAM", "EARGS", "EINJECT", "EJSON"]);

export function classify(error: unknown, context: FailureContext): unknown {
  if (error instanceof PermanentError || error instanceof TransientError || !(error instanceof Error)) return error;
  const found = readServerError(error, context);
  if (found) return classifyNumber(found, error, context);
  const credentialError = findCredentialError(error);
  if (isAuthenticationFailure(credentialError)) return about(credentialError, context.target);
  // All other errors of the driver itself are about the connection: refused, timed out, lost, or an answer that is not TDS.
  // None of them shows whether the request took effect.
  const isOfDriver = ["ConnectionError", "RequestError", "TimeoutError"].includes(error.name);
  const code = readString(error, "code");
  if (!isOfDriver || (code !== undefined && misuse.has(code))) return error;
  const message = error.message || code || "the driver failed without a message";
  const text = `${context.target}: ${hideAddresses(message, [context.host])}`;
  if (/^Login failed for user/.test(error.message)) {
    return new TransientError("AUTHENTICATION_FAILED", text, { cause: error });
  }
  return new TransientError("SQL_UNAVAILABLE", text, { cause: error });
}

/** The number of the first error that the server sent. */
export function numberOf(error: unknown, context: FailureContext): number | undefined {
  return error instanceof Error ? readServerError(error, context)?.number : undefined;
}

function classifyNumber(
  { number, severity, message }: ServerError,
  cause: Error,
  { target, host }: FailureContext,
): Error {
  const text = `${target}: ${hideAddresses(message, [host])} (SQL error ${number})`;
  if (loginFailures.has(number)) return new TransientError("AUTHENTICATION_FAILED", text, { cause });
  const code = number === 15151 ? codeOf15151(message) : permanent[number];
  if (code) return new PermanentError(code, text, { cause });
  if (notYetVisible.has(number)) return new TransientError("SQL_PRINCIPAL_NOT_YET_VISIBLE", text, { cause });
  if (number === 33134) return classifyLookUp(message, text, cause);
  if (number === 4060) {
    const hint = `${text}; if this lasts, the server has no such database`;
    return new TransientError("SQL_UNAVAILABLE", hint, { cause, isWithoutEffect: true });
  }
  // 17 and above: out of resources, or the connection was ended. The statement is not at fault.
  if (passing.has(number) || severity >= 17) {
    const seconds = number === 40501 ? Number(/after (\d+) seconds/i.exec(message)?.[1] ?? 10) : undefined;
    return new TransientError("SQL_UNAVAILABLE", text, {
      cause,
      ...defined({ retryAfterSeconds: seconds }),
    });
  }
  return new PermanentError("SQL_REJECTED", text, { cause });
}

/** SQL uses this one number for every name that is missing or hidden; only "alter the role" is about a role. */
function codeOf15151(message: string): PermanentCode {
  return /^Cannot alter the role/i.test(message) ? "SQL_ROLE_MISSING" : "SQL_REJECTED";
}

/**
 * 33134 has two meanings: the directory did not answer ("… at this time. Please try again later."), or the server's identity may
 * not read it, which comes with an AADSTS code or with no reason at all and does not pass.
 */
function classifyLookUp(message: string, text: string, cause: Error): Error {
  const passes = /try again later/i.test(message) && !/AADSTS/i.test(message);
  if (passes) return new TransientError("SQL_PRINCIPAL_NOT_YET_VISIBLE", text, { cause });
  return new PermanentError("SQL_PRINCIPAL_UNRESOLVED", text, { cause });
}

/** The first error that the server sent: later ones only follow from it. */
function readServerError(error: Error, context: FailureContext): ServerError | undefined {
  const preceding: unknown = Reflect.get(error, "precedingErrors");
  const aggregated = error instanceof AggregateError ? error.errors : [];
  const all = [...(Array.isArray(preceding) ? preceding : []), ...aggregated, error];
  for (const each of all) {
    if (!(each instanceof Error)) continue;
    const login = context.loginError(each.message);
    const number = readNumber(each, "number") ?? login?.number;
    const message = login?.message ?? each.message;
    if (number !== undefined) return { number, severity: readNumber(each, "class") ?? 16, message };
  }
  return undefined;
}

/** tedious puts the credential's error into an AggregateError after one of its own (EFEDAUTH), and mssql wraps that. */
function findCredentialError(error: Error): Error | undefined {
  const wrapped: unknown = Reflect.get(error, "originalError") ?? error;
  if (!(wrapped instanceof AggregateError)) return undefined;
  const [first, second]: unknown[] = wrapped.errors;
  if (!(first instanceof Error) || readString(first, "code") !== "EFEDAUTH") return undefined;
  return second instanceof Error ? second : first;
}

function readNumber(error: Error, field: string): number | undefined {
  const value: unknown = Reflect.get(error, field);
  return typeof value === "number" ? value : undefined;
}

function readString(error: Error, field: string): string | undefined {
  const value: unknown = Reflect.get(error, field);
  return typeof value === "string" ? value : undefined;
}
