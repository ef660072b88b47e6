/** The one place that turns results and errors into HTTP. Problems are RFC 9457. */

import type { HttpResponseInit, InvocationContext } from "@azure/functions";
import type { AcceptedDocument, DecisionDocument } from "../domain/documents/accepted.ts";
import { problemDocument } from "../domain/documents/problem.ts";
import { PermanentError, type RefusalCode, type StepErrorCode, statusOf, TransientError } from "../domain/errors.ts";
import { Refusal, type RefusalDetails } from "../domain/policy/refusal.ts";
import { logLine } from "../telemetry/logLine.ts";

/** Its headers can be extended. */
export type Answer = HttpResponseInit & { readonly headers?: Record<string, string> };

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store", ...headers },
    body: JSON.stringify(body),
  };
}

/** 202 with the addresses for watching the operation; Retry-After in seconds. */
export function accepted(body: AcceptedDocument | DecisionDocument): Answer {
  const location = `/api/operations/${body.id}`;
  return json(202, body, { location, "operation-location": location, "retry-after": "1" });
}

export function problem(error: unknown, { context, traceId }: { context: InvocationContext; traceId: string }): Answer {
  const { code, message, errors, operation, challenge, allow, retryAfterSeconds, etag } = toProblem(error);
  const status = statusOf(code);
  if (status >= 500 && !(error instanceof Refusal))
    context.error(logLine("request failed", { code, traceId, reason: messageOf(error) }));
  const headers: Record<string, string> = { "content-type": "application/problem+json; charset=utf-8" };
  if (operation !== undefined) headers["location"] = `/api/operations/${operation}`;
  if (code === "IDEMPOTENCY_IN_PROGRESS") headers["retry-after"] = "1";
  if (challenge !== undefined) headers["www-authenticate"] = challenge;
  if (allow !== undefined) headers["allow"] = allow;
  if (etag !== undefined) headers["etag"] = etag;
  if (status === 503) headers["retry-after"] = "5";
  if (retryAfterSeconds !== undefined) headers["retry-after"] = String(retryAfterSeconds);
  return { status, headers, body: JSON.stringify(problemDocument(code, message, { errors, traceId })) };
}

interface Problem extends RefusalDetails {
  readonly code: RefusalCode | StepErrorCode;
  readonly message: string;
}

function toProblem(error: unknown): Problem {
  if (error instanceof Refusal) return { code: error.code, message: error.message, ...error.details };
  if (error instanceof TransientError && error.code === "REGISTRY_UNAVAILABLE") {
    return {
      code: error.code,
      message: "Mooring's records cannot be read. The trace ID leads to the reason in its log.",
    };
  }
  if (error instanceof PermanentError || error instanceof TransientError) {
    return { code: error.code, message: error.message };
  }
  // The internal cause is for the log, to which the trace ID leads; it may name things that a caller must not see.
  return { code: "UNEXPECTED", message: "Mooring could not answer. The trace ID leads to the reason in its log." };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
