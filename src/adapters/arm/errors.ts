/**
 * What Azure Resource Manager's errors mean for a step: stop, or try again. Decided by status and code, never by message
 * text (learn.microsoft.com "REST API error codes" and "Troubleshoot common Azure deployment errors").
 */
import { isAuthenticationFailure, PermanentError, TransientError } from "../../domain/errors.ts";
import { hideAddresses } from "../addresses.ts";
import { about } from "../credential.ts";

/** What an SDK error has; RestError itself would have to be imported from a package that only the SDKs depend on. */
interface RestFailure extends Error {
  readonly statusCode: number | undefined;
  readonly code: string | undefined;
  readonly retryAfterSeconds: number | undefined;
}

export function isNotFound(error: unknown): boolean {
  return readFailure(error)?.statusCode === 404;
}

/** 400 with the identity provider's one code for every rule of federated credentials. */
export function isBadRequest(error: unknown): boolean {
  return readFailure(error)?.statusCode === 400;
}

/** `doing` completes "Azure … while"; anything that is not an SDK's error comes back as it is. */
export function toDomainError(error: unknown, doing: string): unknown {
  if (isAuthenticationFailure(error)) return about(error, doing);
  const failure = readFailure(error);
  if (!failure) return error;
  const { statusCode, code, retryAfterSeconds } = failure;
  const text = hideAddresses(failure.message);
  const message = `${doing}: Azure answered ${[statusCode, code].filter(Boolean).join(" ")}. ${text}`;
  const options = { cause: error };

  // No status: the connection failed. Below 400: an answer came that is not of the protocol.
  if (statusCode === undefined || statusCode < 400) {
    return new TransientError("ARM_UNAVAILABLE", `${doing}: ${text}`, options);
  }
  if (statusCode === 429) {
    return new TransientError("ARM_THROTTLED", message, {
      ...options,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
  if (statusCode === 401) return new TransientError("AUTHENTICATION_FAILED", message, options);
  // ReadOnlyDisabledSubscription and RequestDisallowedByPolicy are decisions of the owner, and last.
  if (code !== undefined && lastingRefusals.has(code)) return new PermanentError("ARM_REJECTED", message, options);
  // AuthorizationFailed, LinkedAuthorizationFailed.
  if (statusCode === 403) return new PermanentError("ARM_FORBIDDEN", message, options);
  if (code === "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity") {
    return new TransientError("CONCURRENT_CREDENTIAL_WRITE", message, options);
  }
  // ARM's one way to say that the name is taken: by an identity in another region.
  if (code === "InvalidResourceLocation") return new PermanentError("IDENTITY_CONFLICT", message, options);
  // An identity that was created a moment ago may not be known to every front end yet.
  if (code === "ParentResourceNotFound") return new TransientError("ARM_UNAVAILABLE", message, options);
  if (statusCode === 408 || statusCode === 409 || statusCode >= 500) {
    return new TransientError("ARM_UNAVAILABLE", message, {
      ...options,
      ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    });
  }
  return new PermanentError("ARM_REJECTED", message, options);
}

const lastingRefusals: ReadonlySet<string> = new Set([
  "RequestDisallowedByPolicy",
  "RequestDisallowedByAzure",
  "ReadOnlyDisabledSubscription",
  "ScopeLocked",
  "MissingSubscriptionRegistration",
]);

/** Errors of core-rest-pipeline. Those of @azure/identity are told apart where the token comes from (credential.ts). */
const sdkErrors: ReadonlySet<string> = new Set(["RestError", "AbortError"]);

function readFailure(error: unknown): RestFailure | undefined {
  if (!(error instanceof Error) || !sdkErrors.has(error.name)) return undefined;
  return {
    name: error.name,
    // Of an answer that could not be read the SDK repeats the body.
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
