/** The one place that turns results and errors into HTTP. Problems are RFC 9457. */

import type { HttpRequest, HttpResponseInit, InvocationContext } from "@azure/functions";
import type { AcceptedDocument, DecisionDocument } from "../../domain/documents/accepted.ts";
import type { ProblemDocument } from "../../domain/documents/problem.ts";
import type { ErrorCode } from "../../domain/errors.ts";
import { PermanentError, TransientError } from "../../domain/errors.ts";
import { toOperationError } from "../../domain/operation/plan.ts";
import { Refusal, type RefusalDetails } from "../../domain/policy/refusal.ts";
import { logLine } from "../../domain/watching/logLine.ts";
import { type Traceparent, traceIdOf, traceOf } from "../../domain/watching/trace.ts";
import { noteRefusal } from "../callers/refusalTrail.ts";

const problemStatus: Partial<Record<ErrorCode, number>> = {
  MALFORMED_JSON: 400,
  INVALID_PARAMETER: 400,
  UNAUTHENTICATED: 401,
  NOT_ALLOWED: 403,
  FORBIDDEN: 403,
  APPROVER_IS_REQUESTER: 403,
  NOT_FOUND: 404,
  NOT_ONBOARDED: 404,
  OPERATION_IN_PROGRESS: 409,
  MODE_CHANGE_REFUSED: 409,
  NAMESPACE_INCOMPLETE: 409,
  NOTHING_TO_COMPENSATE: 409,
  NOTHING_TO_MIGRATE: 409,
  MIGRATION_PENDING: 409,
  NAMESPACE_TAKEN: 409,
  NAMESPACE_RECREATED: 409,
  NAMESPACE_MISSING: 409,
  NAMESPACE_TERMINATING: 409,
  QUOTA_EXCEEDED: 409,
  OPERATION_ENDED: 409,
  CANCEL_TOO_LATE: 409,
  APPROVAL_NOT_PENDING: 409,
  APPROVAL_MISMATCH: 409,
  APPROVAL_TIMED_OUT: 409,
  IDEMPOTENCY_IN_PROGRESS: 409,
  PRECONDITION_FAILED: 412,
  PAYLOAD_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  INVALID_REQUEST: 422,
  IDEMPOTENCY_KEY_REUSED: 422,
  UNKNOWN_CLUSTER: 422,
  UNKNOWN_SQL_SERVER: 422,
  UNKNOWN_DATABASE: 422,
  ROLE_NOT_ALLOWED: 422,
  MODE_NOT_ALLOWED: 422,
  TEAM_REQUIRED: 422,
  RATE_LIMITED: 429,
};

/** With headers that can be added to. */
export type Answer = HttpResponseInit & { readonly headers?: Record<string, string> };

export type Handler = (request: HttpRequest, context: InvocationContext, traceparent: Traceparent) => Promise<Answer>;

/** Gives a handler the trace of the call, which every answer carries, and answers its errors as problem documents. */
export function route(
  handler: Handler,
): (request: HttpRequest, context: InvocationContext) => Promise<HttpResponseInit> {
  return async (request, context) => {
    const caller = request.headers.get("traceparent");
    const traceparent = traceOf({ caller, host: context.traceContext?.traceParent });
    const answer = await handler(request, context, traceparent).catch(async (error: unknown) => {
      await noteRefusal(error, { request, context, traceparent });
      return problem(error, { context, traceId: traceIdOf(traceparent) });
    });
    return { ...answer, headers: { ...answer.headers, traceparent } };
  };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Answer {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store", ...headers },
    body: JSON.stringify(body),
  };
}

/** 202 with the addresses where the operation can be watched; Retry-After in seconds. */
export function accepted(request: HttpRequest, operation: string, body: AcceptedDocument | DecisionDocument): Answer {
  const address = new URL(`/api/operations/${operation}`, request.url);
  const location = `${address.pathname}`;
  return json(202, body, { location, "operation-location": location, "retry-after": "1" });
}

function problem(error: unknown, { context, traceId }: { context: InvocationContext; traceId: string }): Answer {
  const { code, message, errors, operation, challenge, retryAfterSeconds } = toProblem(error);
  const status = problemStatus[code] ?? (error instanceof TransientError ? 503 : 500);
  if (status >= 500) context.error(logLine("request failed", { code, traceId, reason: messageOf(error) }));
  const headers: Record<string, string> = { "content-type": "application/problem+json; charset=utf-8" };
  if (operation !== undefined) headers["location"] = `/api/operations/${operation}`;
  if (code === "IDEMPOTENCY_IN_PROGRESS") headers["retry-after"] = "1";
  if (challenge !== undefined) headers["www-authenticate"] = challenge;
  if (status === 503) headers["retry-after"] = "5";
  if (retryAfterSeconds !== undefined) headers["retry-after"] = String(retryAfterSeconds);
  const { fix } = toOperationError(code, message);
  const title = code.toLowerCase().replaceAll("_", " ");
  const type = `urn:mooring:error:${code}`;
  const body: ProblemDocument = {
    type,
    title,
    status,
    detail: message,
    code,
    fix,
    ...(errors ? { errors: [...errors] } : {}),
    traceId,
  };
  return { status, headers, body: JSON.stringify(body) };
}

interface Problem extends RefusalDetails {
  readonly code: ErrorCode;
  readonly message: string;
}

function toProblem(error: unknown): Problem {
  if (error instanceof Refusal) return { code: error.code, message: error.message, ...error.details };
  if (error instanceof TransientError && error.code === "REGISTRY_UNAVAILABLE") {
    return {
      code: error.code,
      message: "Mooring's records cannot be read. The trace id leads to the reason in its log.",
    };
  }
  if (error instanceof PermanentError || error instanceof TransientError) {
    return { code: error.code, message: error.message };
  }
  // What went wrong inside is for the log, where the trace id leads; it may name things that a caller must not see.
  return { code: "UNEXPECTED", message: "Mooring could not answer. The trace id leads to the reason in its log." };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
