/**
 * What a failed call to PostgreSQL means: stop (PermanentError), or wait and retry (TransientError). Codes: postgresql.org
 * "PostgreSQL Error Codes".
 */
import { type PermanentCode, PermanentError, TransientError } from "../../domain/errors.ts";
import { hideAddresses } from "../addresses.ts";

interface FailureContext {
  /** Names the database in messages. */
  readonly target: string;
  /** The server's host name; hidden from callers. */
  readonly host: string;
}

const inUse = "2BP01";

const permanent: Readonly<Record<string, PermanentCode>> = {
  "3D000": "POSTGRES_MISSING", // no such database
  "3F000": "POSTGRES_MISSING", // no such schema
  "42501": "POSTGRES_FORBIDDEN",
  "42883": "POSTGRES_NOT_ENTRA", // no such function: those of Microsoft Entra are missing
  [inUse]: "POSTGRES_ROLE_IN_USE",
};

/**
 * Connections, resources, the operator's acts, serialization and locks: none of them is the statement's fault. A role that is gone
 * (42704) was there a moment ago.
 */
const passing = /^(?:08|40|53|55|57|58)|^XX000$|^42704$/;

/** The login or its token was not accepted. */
const loginFailure = /^28/;

export function isLoginFailure(error: unknown): boolean {
  return loginFailure.test(stateOf(error) ?? "") && !isFirewall(error);
}

/** A role that still has something cannot be dropped. */
export function isInUse(error: unknown): boolean {
  return stateOf(error) === inUse;
}

/** Somebody else holds a lock for longer than the statement waits. */
export function isLocked(error: unknown): boolean {
  return stateOf(error) === "55P03";
}

/** The server's code; undefined if no server answered. */
export function stateOf(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  const code: unknown = Reflect.get(error, "code");
  // The driver's errors of the connection have codes of Node's: ECONNRESET.
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) && Reflect.has(error, "severity") ? code : undefined;
}

export function classify(error: unknown, { target, host }: FailureContext): unknown {
  if (error instanceof PermanentError || error instanceof TransientError || !(error instanceof Error)) return error;
  if (error instanceof RangeError)
    return new PermanentError("POSTGRES_REJECTED", `${target}: ${error.message}`, { cause: error });
  const state = stateOf(error);
  const shown = hideAddresses(error.message || "the driver failed without a message", [host]);
  if (state === undefined) {
    // Every other error of the driver is about the connection, and does not show whether the statement took effect.
    return error instanceof TypeError
      ? error
      : new TransientError("POSTGRES_UNAVAILABLE", `${target}: ${shown}`, { cause: error });
  }
  // Of a role in use, only the detail says what it has where.
  const detail: unknown = state === inUse ? Reflect.get(error, "detail") : undefined;
  const more = typeof detail === "string" ? `: ${hideAddresses(detail.replaceAll("\n", "; "), [host])}` : "";
  const text = `${target}: ${shown}${more} (SQLSTATE ${state})`;
  if (isFirewall(error)) return new PermanentError("POSTGRES_FIREWALL", text, { cause: error });
  if (loginFailure.test(state)) return new TransientError("AUTHENTICATION_FAILED", text, { cause: error });
  if (/not found in the tenant/i.test(error.message))
    return new TransientError("PRINCIPAL_NOT_YET_VISIBLE", text, { cause: error });
  const code = permanent[state];
  if (code) return new PermanentError(code, text, { cause: error });
  if (passing.test(state)) return new TransientError("POSTGRES_UNAVAILABLE", text, { cause: error });
  return new PermanentError("POSTGRES_REJECTED", text, { cause: error });
}

function isFirewall(error: unknown): boolean {
  return error instanceof Error && /no pg_hba\.conf entry/i.test(error.message);
}
