/** The answer to a request that fails. Callers rely on it, so each status is written down here a second time. */
import { InvocationContext } from "@azure/functions";
import { expect, it } from "vitest";
import {
  errorOf,
  isRefusalCode,
  type RefusalCode,
  type StepErrorCode,
  TransientError,
} from "../../src/domain/errors.ts";
import { Refusal } from "../../src/domain/policy/refusal.ts";
import { problem } from "../../src/http/respond.ts";

const statuses: Readonly<Record<RefusalCode | StepErrorCode, number>> = {
  INVALID_REQUEST: 422,
  INVALID_PARAMETER: 400,
  UNKNOWN_CLUSTER: 422,
  UNKNOWN_SQL_SERVER: 422,
  UNKNOWN_DATABASE: 422,
  ROLE_NOT_ALLOWED: 422,
  UNKNOWN_TARGET: 422,
  UNKNOWN_TEAM: 422,
  UNKNOWN_PROFILE: 422,
  PROFILE_CUTS_OFF: 422,
  ACCESS_NOT_ALLOWED: 422,
  MODE_NOT_ALLOWED: 422,
  SHARED_IDENTITY_NOT_ALLOWED: 422,
  SHARED_IDENTITY_CHANGE_REFUSED: 409,
  SHARED_IDENTITY_UNAVAILABLE: 500,
  SHARED_IDENTITY_BUSY: 503,
  SHARED_IDENTITY_LACKS: 500,
  SHARED_IDENTITY_IN_USE: 500,
  SHARED_IDENTITY_BOUND: 500,
  ENVIRONMENT_CROSSED: 422,
  EXPIRY_PASSED: 422,
  EXPIRY_NOT_ALLOWED: 422,
  SYSTEM_NAMESPACE: 422,
  OPERATION_IN_PROGRESS: 409,
  REMOVAL_NOT_CONFIRMED: 409,
  MODE_CHANGE_REFUSED: 409,
  NAMESPACE_INCOMPLETE: 409,
  NOT_ONBOARDED: 404,
  NOTHING_TO_MIGRATE: 409,
  NOTHING_CHOSEN: 409,
  NAMESPACE_CHANGED: 409,
  MIGRATION_PENDING: 409,
  NOT_FOUND: 404,
  PAYLOAD_TOO_LARGE: 413,
  INCOMPLETE_BODY: 400,
  METHOD_NOT_ALLOWED: 405,
  UNSUPPORTED_MEDIA_TYPE: 415,
  CROSS_SITE_REQUEST: 403,
  MALFORMED_JSON: 400,
  UNAUTHENTICATED: 401,
  NOT_ALLOWED: 403,
  GROUPS_OVERAGE: 403,
  TEAM_REQUIRED: 422,
  NAMESPACE_TAKEN: 409,
  NAMESPACE_RECREATED: 409,
  NAMESPACE_MISSING: 409,
  QUOTA_EXCEEDED: 409,
  RATE_LIMITED: 429,
  TOO_MANY_STREAMS: 429,
  SERVICE_BUSY: 503,
  FORBIDDEN: 403,
  IDEMPOTENCY_KEY_REUSED: 422,
  IDEMPOTENCY_IN_PROGRESS: 409,
  PRECONDITION_FAILED: 412,
  NAMESPACE_TERMINATING: 409,
  NOTHING_TO_COMPENSATE: 409,
  OPERATION_ENDED: 409,
  CANCEL_TOO_LATE: 409,
  APPROVAL_NOT_PENDING: 409,
  APPROVAL_MISMATCH: 409,
  APPROVER_IS_REQUESTER: 403,
  APPROVAL_TIMED_OUT: 409,
  AUTHENTICATION_FAILED: 503,
  PROFILE_TOO_SMALL: 500,
  CILIUM_NOT_INSTALLED: 500,
  ARM_FORBIDDEN: 500,
  ARM_REJECTED: 500,
  ARM_THROTTLED: 503,
  ARM_UNAVAILABLE: 503,
  ARM_CONCURRENT_WRITE: 503,
  ARM_LOCKED: 500,
  TARGET_MISSING: 500,
  TARGET_MOVED: 500,
  TARGET_WITHOUT_ROLES: 500,
  TARGET_ACCESS_CONFLICT: 500,
  ROLE_ASSIGNMENT_EXISTS: 500,
  ROLE_ASSIGNMENT_LIMIT: 500,
  PRINCIPAL_NOT_YET_VISIBLE: 503,
  IDENTITY_CONFLICT: 500,
  IDENTITY_UNRECORDED: 500,
  IDENTITY_HAS_ACCESS: 500,
  FEDERATED_CREDENTIAL_CONFLICT: 500,
  FEDERATED_CREDENTIAL_LIMIT: 500,
  IDENTITY_BINDING_UNAVAILABLE: 500,
  IDENTITY_BINDING_CONFLICT: 500,
  CONCURRENT_CREDENTIAL_WRITE: 503,
  SQL_SERVER_MISSING: 500,
  SQL_ADMIN_MISSING: 500,
  SQL_ADMIN_CONFLICT: 500,
  SQL_LOGIN_FAILED: 500,
  SQL_FIREWALL: 500,
  SQL_FORBIDDEN: 500,
  SQL_USER_CONFLICT: 500,
  SQL_SID_TAKEN: 500,
  TARGET_ACCESS_OF_OTHERS: 500,
  SQL_USER_OF_OTHERS: 500,
  SQL_USER_OWNS_SCHEMA: 500,
  SQL_USER_HAS_DEPENDANTS: 500,
  SQL_USER_HAS_PERMISSIONS: 500,
  SQL_PRINCIPAL_UNRESOLVED: 500,
  SQL_PRINCIPAL_NOT_YET_VISIBLE: 503,
  SQL_ROLE_MISSING: 500,
  SQL_REJECTED: 500,
  SQL_UNAVAILABLE: 503,
  POSTGRES_MISSING: 500,
  POSTGRES_NOT_ENTRA: 500,
  POSTGRES_FIREWALL: 500,
  POSTGRES_FORBIDDEN: 500,
  POSTGRES_ROLE_CONFLICT: 500,
  POSTGRES_PRINCIPAL_TAKEN: 500,
  POSTGRES_ROLE_IN_USE: 500,
  POSTGRES_REJECTED: 500,
  POSTGRES_UNAVAILABLE: 503,
  CLUSTER_UNREACHABLE: 503,
  CLUSTER_CERTIFICATE_UNTRUSTED: 500,
  CLUSTER_UNAUTHORIZED: 500,
  KUBERNETES_FORBIDDEN: 500,
  KUBERNETES_ADMISSION_DENIED: 500,
  MANAGED_NAMESPACE_REFUSED: 500,
  MANAGED_NAMESPACES_UNAVAILABLE: 500,
  MANAGED_NAMESPACE_CONFLICT: 500,
  KUBERNETES_ALTERED: 500,
  KUBERNETES_QUOTA_EXCEEDED: 500,
  DRY_RUN_UNSUPPORTED: 500,
  KUBERNETES_REJECTED: 500,
  KUBERNETES_THROTTLED: 503,
  KUBERNETES_OBJECT_GOING: 503,
  KUBERNETES_CONFLICT: 500,
  POD_IDENTITY_NOT_INSTALLED: 500,
  SELECTOR_SHARED: 500,
  KUBELET_ROLE_MISSING: 500,
  WORKLOAD_IDENTITY_NOT_INSTALLED: 500,
  IDENTITY_STILL_ASSIGNED: 503,
  OIDC_ISSUER_MISMATCH: 500,
  OIDC_ISSUER_UNREACHABLE: 503,
  OIDC_ISSUER_UNUSABLE: 500,
  IDENTITY_FEDERATED_BY_OTHERS: 500,
  IDENTITY_HAS_ROLES: 500,
  IDENTITY_USED_BY_OTHERS: 500,
  IDENTITY_BOUND_BY_OTHERS: 500,
  NAMESPACE_HELD: 500,
  NAMESPACE_IN_USE: 500,
  PODS_STILL_USE_POD_IDENTITY: 500,
  PODS_STILL_USE_WORKLOAD_IDENTITY: 500,
  PODS_STILL_USE_IDENTITY_BINDING: 500,
  VERIFICATION_FAILED: 500,
  RECORD_LOST: 500,
  COMPENSATION_FAILED: 500,
  UNDO_GIVEN_UP: 500,
  CHANGE_INCOMPLETE: 500,
  BATCH_INCOMPLETE: 500,
  OPERATION_CANCELED: 500,
  REJECTED: 500,
  REGISTRY_UNAVAILABLE: 503,
  RECORD_UNREADABLE: 503,
  SERVICE_BUS_UNAVAILABLE: 503,
  SERVICE_BUS_FORBIDDEN: 500,
  SERVICE_BUS_REJECTED: 500,
  MESSAGE_LOCK_LOST: 503,
  ORCHESTRATION_FAILED: 500,
  UNEXPECTED: 500,
};

function answerTo(error: Error) {
  const context = new InvocationContext({ logHandler: () => undefined });
  const { status, headers, body } = problem(error, { context, traceId: "0af7651916cd43dd8448eb211c80319c" });
  return { status, headers: new Headers(headers), problem: JSON.parse(String(body)) };
}

/** The errors that a request may meet with the code: a refusal, an error of a step, or both. */
function errorsOf(code: string): readonly Error[] {
  const refusals = isRefusalCode(code) ? [new Refusal(code, "why")] : [];
  const asked = errorOf(code, "why");
  return asked.code === code ? [...refusals, asked] : refusals;
}

it.each(Object.entries(statuses))("answers %s with %i", (code, status) => {
  const errors = errorsOf(code);

  expect(errors.length).toBeGreaterThan(0);
  for (const error of errors) {
    const { status: answered, problem } = answerTo(error);
    expect(answered).toBe(status);
    expect(problem).toMatchObject({ type: `urn:mooring:error:${code}`, status, code });
  }
});

it("sends Retry-After when the reason is transient", () => {
  const passing = answerTo(new TransientError("SQL_UNAVAILABLE", "why"));
  const limited = answerTo(new Refusal("RATE_LIMITED", "why", { retryAfterSeconds: 7 }));
  const repeated = answerTo(new Refusal("IDEMPOTENCY_IN_PROGRESS", "why"));
  const lasting = answerTo(new Refusal("NOT_FOUND", "why"));

  expect([passing, limited, repeated, lasting].map(({ headers }) => headers.get("retry-after"))).toEqual([
    "5",
    "7",
    "1",
    null,
  ]);
});

it("does not reveal unexpected errors", () => {
  const { status, problem } = answerTo(new Error("secret"));

  expect(status).toBe(500);
  expect(problem).toMatchObject({ code: "UNEXPECTED", title: "unexpected", traceId: expect.any(String) });
  expect(JSON.stringify(problem)).not.toContain("secret");
});
