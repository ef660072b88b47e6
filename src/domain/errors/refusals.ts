/**
 * What a request is answered with instead of being accepted. None is tried again by Mooring; the caller sends another
 * request.
 */
interface RefusalEntry {
  readonly status: 400 | 401 | 403 | 404 | 405 | 409 | 412 | 413 | 415 | 422 | 429 | 503;
  /**
   * A decision of policy, which enters the audit trail. What is malformed, not there, or in somebody's way for a moment is
   * none.
   */
  readonly isPolicy: boolean;
  /**
   * What was looked at when the request came is looked at again when it runs, and the catalog, the cluster or the approval
   * may have changed by then: the same code ends the step.
   */
  readonly endsSteps?: true;
  readonly cause: string;
  readonly fix: string;
}

export const refusals = {
  // Request and policy
  INVALID_REQUEST: {
    status: 422,
    isPolicy: false,
    cause: "The request does not have the documented shape.",
    fix: "Correct the fields that the answer names and send it again.",
  },
  INVALID_PARAMETER: {
    status: 400,
    isPolicy: false,
    cause:
      "A flag in the query is neither true nor false, is there twice, or is written otherwise than it is documented; or `continuation` is none that a `nextLink` gave.",
    fix: "Write a flag as {reference} has it, once, with the value true or false; take `continuation` as it stands in the `nextLink` of the page before.",
  },
  UNKNOWN_CLUSTER: {
    status: 422,
    isPolicy: false,
    endsSteps: true,
    cause: "The catalog has no cluster of that name.",
    fix: "Use a cluster alias from the catalog ({catalog}), or ask the platform team to add it.",
  },
  UNKNOWN_SQL_SERVER: {
    status: 422,
    isPolicy: false,
    endsSteps: true,
    cause: "The catalog has no SQL server of that name.",
    fix: "Use a server alias from the catalog ({catalog}), or ask the platform team to add it.",
  },
  UNKNOWN_DATABASE: {
    status: 422,
    isPolicy: false,
    endsSteps: true,
    cause: "The catalog does not list that database for that server.",
    fix: "Use a database that the catalog lists ({catalog}), or ask the platform team to add it.",
  },
  ROLE_NOT_ALLOWED: {
    status: 422,
    isPolicy: true,
    endsSteps: true,
    cause: "The catalog does not allow that role bundle on that database.",
    fix: "Ask for a role bundle that the catalog allows there ({catalog}).",
  },
  MODE_NOT_ALLOWED: {
    status: 422,
    isPolicy: true,
    endsSteps: true,
    cause: "The cluster does not offer that identity mode.",
    fix: "Use an identity mode that the catalog lists for the cluster ({catalog}).",
  },
  SYSTEM_NAMESPACE: {
    status: 422,
    isPolicy: false,
    cause: "The namespace belongs to Kubernetes or to AKS.",
    fix: "Onboard a namespace of your own.",
  },
  OPERATION_IN_PROGRESS: {
    status: 409,
    isPolicy: false,
    cause: "Another operation runs for this namespace.",
    fix: "Wait for the operation that the message names, then send the request again.",
  },
  MODE_CHANGE_REFUSED: {
    status: 409,
    isPolicy: false,
    cause: "A change of an onboarded namespace cannot switch its identity mode.",
    fix: "To change it in phases: {migrate}. Otherwise offboard the namespace first.",
  },
  NAMESPACE_INCOMPLETE: {
    status: 409,
    isPolicy: false,
    cause:
      "An operation ended half-way: the namespace lies between two requests, and this is a third, or no request at all.",
    fix: "Send one of the two requests again, or offboard the namespace first.",
  },
  NOT_ONBOARDED: {
    status: 404,
    isPolicy: false,
    cause: "Mooring has not onboarded that namespace.",
    fix: "Check cluster and namespace against {namespaces}.",
  },
  NOTHING_TO_MIGRATE: {
    status: 409,
    isPolicy: false,
    cause: "The namespace has the identity mode already to which the migration would lead.",
    fix: "Nothing: it is where it would go.",
  },
  NOTHING_CHOSEN: {
    status: 409,
    isPolicy: false,
    cause: "No namespace that the caller may see meets the filter.",
    fix: "Nothing, if none should; otherwise compare the filter with {namespaces}, which takes the same one.",
  },
  NAMESPACE_CHANGED: {
    status: 409,
    isPolicy: false,
    cause:
      "The namespace is not the one that was chosen when the batch was accepted: it was changed or onboarded anew.",
    fix: "Look at it in {namespaces}, and send the request again for what it is now.",
  },
  MIGRATION_PENDING: {
    status: 409,
    isPolicy: false,
    cause: "A migration of the namespace has stopped between two phases.",
    fix: "End it with {migrate} or, to pod identity, {migrateBack}; then send the request again.",
  },
  NOT_FOUND: {
    status: 404,
    isPolicy: false,
    cause: "There is nothing at that address.",
    fix: "Check the id; {operations} lists the operations.",
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    isPolicy: false,
    cause: "The request body is larger than the route takes: 16 KB, and 4 MB for a batch.",
    fix: "Send a smaller request; of a batch, several smaller ones.",
  },
  INCOMPLETE_BODY: {
    status: 400,
    isPolicy: false,
    cause: "The connection ended before the request body was whole; nothing was done.",
    fix: "Send the request again.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    isPolicy: false,
    cause: "The request body is not declared as JSON.",
    fix: "Send it with the header Content-Type: application/json.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    isPolicy: false,
    cause: "The path has no such method.",
    fix: "Use a method that the answer's header Allow names; {reference} says what each does.",
  },
  CROSS_SITE_REQUEST: {
    status: 403,
    isPolicy: false,
    cause: "A browser sent the request from a page of another site (its headers Sec-Fetch-Site or Origin say so).",
    fix: "Send it from the app's own pages, or from a client that is no browser, such as the command line.",
  },
  MALFORMED_JSON: {
    status: 400,
    isPolicy: false,
    cause: "The request body is not JSON.",
    fix: "Correct the JSON and send it again.",
  },
  // Callers
  UNAUTHENTICATED: {
    status: 401,
    isPolicy: false,
    cause: "The request does not prove who sends it.",
    fix: "Prove it with {credential} (docs/callers.md).",
  },
  NOT_ALLOWED: {
    status: 403,
    isPolicy: true,
    endsSteps: true,
    cause: "The team of the caller may not ask for that.",
    fix: "Name what the message says that the team has ({catalog} lists it), or ask the platform team for the entry in the catalog (docs/callers.md).",
  },
  GROUPS_OVERAGE: {
    status: 403,
    isPolicy: false,
    cause:
      "The caller is in more groups than an access token carries (200). Such a token names none, and which teams the caller is in is unknown.",
    fix: "Have the platform team put only the groups assigned to Mooring's application into tokens (`npm run azure -- entra --groups ApplicationGroup`, docs/callers.md), then sign in again.",
  },
  TEAM_REQUIRED: {
    status: 422,
    isPolicy: false,
    cause: "More than one team of the caller may ask for this.",
    fix: "Say for which team: {team}.",
  },
  NAMESPACE_TAKEN: {
    status: 409,
    isPolicy: true,
    cause: "The namespace belongs to another team.",
    fix: "Use a namespace of your own, or ask an operator to take it over with {takeOver}.",
  },
  NAMESPACE_RECREATED: {
    status: 409,
    isPolicy: true,
    endsSteps: true,
    cause: "The namespace was deleted and made again since it was onboarded.",
    fix: "Find out who made it; an operator takes it over by sending the request with {takeOver}.",
  },
  NAMESPACE_MISSING: {
    status: 409,
    isPolicy: false,
    cause: "The namespace was deleted from the cluster since it was onboarded.",
    fix: "{repair} makes it again with all that belongs to it; otherwise offboard it.",
  },
  QUOTA_EXCEEDED: {
    status: 409,
    isPolicy: true,
    cause: "The team has as many namespaces as the catalog allows it.",
    fix: "Offboard a namespace, or ask the platform team for a larger quota.",
  },
  RATE_LIMITED: {
    status: 429,
    isPolicy: false,
    cause: "The caller asks more often, or for more changes at a time, than the catalog's limits allow.",
    fix: "Wait as long as the answer says, then send the request again.",
  },
  TOO_MANY_STREAMS: {
    status: 429,
    isPolicy: false,
    cause: "The caller, or all callers together, follow as many streams of events as the catalog's limits allow.",
    fix: "Close streams that nobody reads, or wait as long as the answer says; one stream of {events} tells of every operation.",
  },
  SERVICE_BUSY: {
    status: 503,
    isPolicy: false,
    cause:
      "This instance of the service answers as many changes at a time as the catalog's limits allow; nothing was done.",
    fix: "Wait as long as the answer says, then send the request again.",
  },
  FORBIDDEN: {
    status: 403,
    isPolicy: true,
    cause: "The caller lacks the role that this needs.",
    fix: "Ask the platform team for the app role that the message names.",
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    isPolicy: false,
    cause: "The idempotency key came with another request before.",
    fix: "Send a new key with a new request; repeat a key only with the very same request.",
  },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    isPolicy: false,
    cause: "The first request with this idempotency key is still being answered.",
    fix: "Wait a second and send the same request with the same key again.",
  },
  PRECONDITION_FAILED: {
    status: 412,
    isPolicy: false,
    cause:
      "What the request is about has changed since it was read or planned: it is not what If-Match names, or is there although If-None-Match says that it is not.",
    fix: "Read it again, or plan it again with dryRun=true; if you still want the change, send it with the ETag of now.",
  },
  // Kubernetes
  NAMESPACE_TERMINATING: {
    status: 409,
    isPolicy: false,
    endsSteps: true,
    cause: "The namespace is being deleted.",
    fix: "Wait until it is gone, then send the request again.",
  },
  // Operations
  NOTHING_TO_COMPENSATE: {
    status: 409,
    isPolicy: false,
    cause: "The operation left nothing that could be undone again.",
    fix: "Look at the namespace's status; what is onboarded is taken back by offboarding it, and a migration that has stopped goes on with {migrate}, or back with {migrateBack}.",
  },
  OPERATION_ENDED: {
    status: 409,
    isPolicy: false,
    endsSteps: true,
    cause: "The operation has ended, so it cannot be canceled.",
    fix: "Look at its status with {operation}; an onboarded namespace is taken back by offboarding it, and a migration by {migrateBack}.",
  },
  CANCEL_TOO_LATE: {
    status: 409,
    isPolicy: false,
    cause: "Everything was done and verified before the cancellation came.",
    fix: "Wait for the end of the operation; an onboarded namespace is taken back by offboarding it.",
  },
  APPROVAL_NOT_PENDING: {
    status: 409,
    isPolicy: false,
    cause: "The operation does not wait for an approval.",
    fix: "Look at its status with {operation}: it needs none, was decided already, or has ended.",
  },
  APPROVAL_MISMATCH: {
    status: 409,
    isPolicy: false,
    endsSteps: true,
    cause: "The approval names another request than the one that waits, or the catalog asks for more approval by now.",
    fix: "Look at the request that waits with {operation}, and approve that one, by its hash; once it has ended, send the request again.",
  },
  APPROVER_IS_REQUESTER: {
    status: 403,
    isPolicy: true,
    cause: "Whoever sent the request cannot decide about it.",
    fix: "Ask somebody else with the role Onboarding.Approve; to withdraw the request, cancel the operation.",
  },
  APPROVAL_TIMED_OUT: {
    status: 409,
    isPolicy: false,
    endsSteps: true,
    cause: "Nobody approved or rejected the request in time.",
    fix: "Send the request again, and tell an approver.",
  },
} as const satisfies Record<string, RefusalEntry>;

export type RefusalCode = keyof typeof refusals;
/** The refusals that a step may end with, too. */
export type EndingRefusalCode = {
  [Code in RefusalCode]: (typeof refusals)[Code] extends { readonly endsSteps: true } ? Code : never;
}[RefusalCode];

export function isRefusalCode(code: string): code is RefusalCode {
  return Object.hasOwn(refusals, code);
}

export function isEndingRefusalCode(code: string): code is EndingRefusalCode {
  return isRefusalCode(code) && "endsSteps" in refusals[code];
}

export function isOfPolicy(code: string): boolean {
  return isRefusalCode(code) && refusals[code].isPolicy;
}
