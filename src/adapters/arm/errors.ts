/**
 * What Azure Resource Manager's errors mean for a step: stop, or try again. Decided by status and code, never by message
 * text (learn.microsoft.com "REST API error codes" and "Troubleshoot common Azure deployment errors").
 */
import { defined } from "../../domain/defined.ts";
import { isAuthenticationFailure, type PermanentCode, PermanentError, TransientError } from "../../domain/errors.ts";
import { hideAddresses } from "../addresses.ts";
import { about } from "../credential.ts";
import { unconnected } from "../unconnected.ts";

/** The fields of an SDK error; importing RestError would need a package that only the SDKs depend on. */
interface RestFailure extends Error {
  readonly statusCode: number | undefined;
  readonly code: string | undefined;
  readonly retryAfterSeconds: number | undefined;
}

export function isNotFound(error: unknown): boolean {
  return readFailure(error)?.statusCode === 404;
}

/** The code with which ARM answered. */
export function codeOf(error: unknown): string | undefined {
  return readFailure(error)?.code;
}

/** 400, for which the identity provider uses one code whatever rule of federated credentials was broken. */
export function isBadRequest(error: unknown): boolean {
  return readFailure(error)?.statusCode === 400;
}

/** `doing` describes the call in the message; anything that is not an SDK's error is returned unchanged. */
export function toDomainError(error: unknown, doing: string): unknown {
  if (isAuthenticationFailure(error)) return about(error, doing);
  const failure = readFailure(error);
  if (!failure) return error;
  const { statusCode, code, retryAfterSeconds } = failure;
  const text = hideAddresses(failure.message);
  const message = `${doing}: Azure answered ${[statusCode, code].filter(Boolean).join(" ")}. ${text}`;
  const options = { cause: error };

  // No status: the connection failed. Below 400: the answer violated the protocol.
  if (statusCode === undefined || statusCode < 400) {
    const isWithoutEffect = statusCode === undefined && code !== undefined && unconnected.has(code);
    return new TransientError("ARM_UNAVAILABLE", `${doing}: ${text}`, { ...options, isWithoutEffect });
  }
  if (statusCode === 429) {
    return new TransientError("ARM_THROTTLED", message, {
      ...options,
      ...defined({ retryAfterSeconds }),
    });
  }
  if (statusCode === 401) return new TransientError("AUTHENTICATION_FAILED", message, options);
  const refused = code === undefined ? undefined : ownCodes[code];
  if (refused) return new PermanentError(refused, message, options);
  // ReadOnlyDisabledSubscription and RequestDisallowedByPolicy are the owner's decisions, so a retry does not help.
  if (code !== undefined && lastingRefusals.has(code)) return new PermanentError("ARM_REJECTED", message, options);
  // AuthorizationFailed, LinkedAuthorizationFailed.
  if (statusCode === 403) return new PermanentError("ARM_FORBIDDEN", message, options);
  if (code === "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity") {
    return new TransientError("CONCURRENT_CREDENTIAL_WRITE", message, options);
  }
  // This is how ARM says that an identity in another region has the name.
  if (code === "InvalidResourceLocation") return new PermanentError("IDENTITY_CONFLICT", message, options);
  // A role assignment looks its principal up, wherever it was replicated to by then.
  if (code === "PrincipalNotFound")
    return new TransientError("PRINCIPAL_NOT_YET_VISIBLE", message, { ...options, isWithoutEffect: true });
  // Not every front end may know an identity that was created a moment ago.
  if (code === "ParentResourceNotFound")
    return new TransientError("ARM_UNAVAILABLE", message, { ...options, isWithoutEffect: true });
  // Somebody else has written since the look, which the next attempt sees. Cosmos DB says so of an account that another operation
  // has for itself.
  if (statusCode === 412) {
    const asked = defined({ retryAfterSeconds });
    return new TransientError("ARM_CONCURRENT_WRITE", message, { ...options, ...asked, isWithoutEffect: true });
  }
  const isBusy = statusCode === 409;
  if (statusCode === 408 || isBusy || statusCode >= 500) {
    return new TransientError("ARM_UNAVAILABLE", message, {
      ...options,
      ...defined({ retryAfterSeconds }),
      isWithoutEffect: isBusy,
    });
  }
  return new PermanentError("ARM_REJECTED", message, options);
}

/** Refusals with a cause and a fix of their own (learn.microsoft.com "Troubleshoot Azure RBAC", "Lock your resources"). */
const ownCodes: Readonly<Record<string, PermanentCode | undefined>> = {
  ScopeLocked: "ARM_LOCKED",
  RoleAssignmentExists: "ROLE_ASSIGNMENT_EXISTS",
  RoleAssignmentLimitExceeded: "ROLE_ASSIGNMENT_LIMIT",
};

const lastingRefusals: ReadonlySet<string> = new Set([
  "RequestDisallowedByPolicy",
  "RequestDisallowedByAzure",
  "ReadOnlyDisabledSubscription",
  "MissingSubscriptionRegistration",
]);

/** Errors of core-rest-pipeline. credential.ts recognizes those of @azure/identity where it gets the token. */
const sdkErrors: ReadonlySet<string> = new Set(["RestError", "AbortError"]);

function readFailure(error: unknown): RestFailure | undefined {
  if (!(error instanceof Error) || !sdkErrors.has(error.name)) return undefined;
  return {
    name: error.name,
    // The SDK's message repeats the body of an unreadable answer.
    message: error.message.replace(/(parsing the response body) - .*$/s, "$1"),
    statusCode: "statusCode" in error ? asNumber(error.statusCode) : undefined,
    code: "code" in error && typeof error.code === "string" ? error.code : undefined,
    retryAfterSeconds: retryAfter(error),
  };
}

function asNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** Seconds or an HTTP date (RFC 9110, 10.2.3). */
function retryAfter(error: object): number | undefined {
  const header = readHeader(error, "retry-after");
  if (header === undefined) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, Math.ceil(seconds));
}

function readHeader(error: object, name: string): string | undefined {
  const response: unknown = "response" in error ? error.response : undefined;
  if (typeof response !== "object" || response === null || !("headers" in response)) return undefined;
  const { headers } = response;
  if (typeof headers !== "object" || headers === null || !("get" in headers)) return undefined;
  const value: unknown = typeof headers.get === "function" ? headers.get(name) : undefined;
  return typeof value === "string" ? value : undefined;
}
