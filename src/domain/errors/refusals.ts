/**
 * Reasons for refusing a request. Mooring retries none of them; the caller has to send another request.
 */
interface RefusalEntry {
  readonly status: 400 | 401 | 403 | 404 | 405 | 408 | 409 | 412 | 413 | 415 | 422 | 429 | 503;
  /**
   * A policy decision, which goes into the audit trail. A request that is malformed, names something that does not exist, or
   * only comes at a bad time is not one.
   */
  readonly isPolicy?: true;
  /**
   * The check is repeated when the operation runs, because the catalog, the cluster or the approval may have changed by then: a
   * step fails with the same code.
   */
  readonly endsSteps?: true;
  readonly cause: string;
  readonly fix: string;
}

export const refusals = {
  // Request and policy
  INVALID_REQUEST: {
    status: 422,
    cause: "The request does not have the documented shape.",
    fix: "Correct the fields that the answer names and send it again.",
  },
  INVALID_PARAMETER: {
    status: 400,
    cause:
      "The route has no query parameter with that name; a flag is repeated, or neither true nor false; or `continuation` does not come from a `nextLink`.",
    fix: "Write query parameters as {reference} documents them, flags once and with the value true or false; copy `continuation` from the `nextLink` of the previous page.",
  },
  UNKNOWN_CLUSTER: {
    status: 422,
    endsSteps: true,
    cause: "The catalog has no cluster with this name.",
    fix: "Use a cluster alias from the catalog ({catalog}), or ask the platform team to add it. A namespace whose cluster left the catalog can still be offboarded ({offboard}): that takes its database users away, and `leftInPlace` of the operation names the rest.",
  },
  UNKNOWN_SQL_SERVER: {
    status: 422,
    endsSteps: true,
    cause: "The catalog has no SQL server with this name.",
    fix: "Use a server alias from the catalog ({catalog}), or ask the platform team to add it.",
  },
  UNKNOWN_DATABASE: {
    status: 422,
    endsSteps: true,
    cause: "The catalog does not list this database for this server.",
    fix: "Use a database that the catalog lists ({catalog}), or ask the platform team to add it.",
  },
  ROLE_NOT_ALLOWED: {
    status: 422,
    isPolicy: true,
    endsSteps: true,
    cause: "The catalog does not allow this role bundle on this database.",
    fix: "Ask for a role bundle that the catalog allows there ({catalog}).",
  },
  UNKNOWN_TARGET: {
    status: 422,
    endsSteps: true,
    cause: "The catalog has no target with this name.",
    fix: "Use a target alias from the catalog ({catalog}), or ask the platform team to add it.",
  },
  UNKNOWN_TEAM: {
    status: 422,
    cause: "The catalog has no team with this name, or the caller is not in it.",
    fix: "Name one of your teams; an operator can name every team of the catalog.",
  },
  ACCESS_NOT_ALLOWED: {
    status: 422,
    isPolicy: true,
    endsSteps: true,
    cause: "The catalog does not allow this access on this target.",
    fix: "Ask for access that the catalog allows there ({catalog}).",
  },
  UNKNOWN_PROFILE: {
    status: 422,
    endsSteps: true,
    cause: "The catalog has no profile with this name.",
    fix: "Use a profile of the catalog ({catalog}), or ask the platform team to add it. A namespace whose profile left the catalog keeps what it has of it.",
  },
  PROFILE_CUTS_OFF: {
    status: 422,
    endsSteps: true,
    cause:
      "The profile has a network policy that would keep the namespace from what its request needs: the catalog has no addresses of it, or pods get their tokens from a place that the policy denies.",
    fix: "Ask the platform team to name the addresses in the catalog (network.addresses), or choose a profile without a network policy. With pod identity, migrate to workload identity first ({migrate}).",
  },
  MODE_NOT_ALLOWED: {
    status: 422,
    isPolicy: true,
    endsSteps: true,
    cause: "The cluster does not offer this identity mode.",
    fix: "Use an identity mode that the catalog lists for the cluster ({catalog}).",
  },
  SHARED_IDENTITY_NOT_ALLOWED: {
    status: 422,
    isPolicy: true,
    endsSteps: true,
    cause: "The catalog does not let namespaces of the cluster use this identity of another namespace.",
    fix: "Leave out `sharedIdentity` for an identity of the namespace's own, or ask the platform team for `sharedIdentities` in the catalog (docs/sharedIdentities.md).",
  },
  ENVIRONMENT_CROSSED: {
    status: 422,
    isPolicy: true,
    endsSteps: true,
    cause: "A target is of another environment than the cluster, and no rule of the catalog allows that.",
    fix: "Ask for a target of the cluster's environment ({catalog}). Where crossing is intended, the platform team adds a rule to `crossings` in the catalog.",
  },
  EXPIRY_PASSED: {
    status: 422,
    endsSteps: true,
    cause:
      "The request says that access ends at a time that has passed; perhaps it had to wait for its approval until then.",
    fix: "Send the request with a later `expiresAt`, or with `expiresAfter`.",
  },
  EXPIRY_NOT_ALLOWED: {
    status: 422,
    isPolicy: true,
    endsSteps: true,
    cause:
      "The catalog says how long access may last for this team or environment, and the request would exceed that or names no end.",
    fix: "Send the request with `expiresAt` or `expiresAfter` within the time that the message names. A change renews it later.",
  },
  SYSTEM_NAMESPACE: {
    status: 422,
    cause: "The namespace belongs to Kubernetes, to AKS or to Mooring itself.",
    fix: "Onboard a namespace of your own.",
  },
  OPERATION_IN_PROGRESS: {
    status: 409,
    cause: "Another operation is running for this namespace.",
    fix: "Wait for the operation that the message names, then send the request again.",
  },
  REMOVAL_NOT_CONFIRMED: {
    status: 409,
    cause: "The request leaves out what the namespace has, and does not say that this is meant.",
    fix: "Add what the message names to the request. If it should go, look at the plan ({dryRun}) and send the request with {confirmRemoval}.",
  },
  SHARED_IDENTITY_CHANGE_REFUSED: {
    status: 409,
    cause: "A change of an onboarded namespace cannot give it another identity.",
    fix: "Offboard the namespace first, then send the request again.",
  },
  MODE_CHANGE_REFUSED: {
    status: 409,
    cause: "A change of an onboarded namespace cannot switch its identity mode.",
    fix: "To change it in phases: {migrate}. Otherwise offboard the namespace first.",
  },
  NAMESPACE_INCOMPLETE: {
    status: 409,
    cause:
      "An operation stopped partway and left the namespace between two requests. This is a third request, or not a request.",
    fix: "Send one of the two requests again, or offboard the namespace first.",
  },
  NOT_ONBOARDED: {
    status: 404,
    cause: "Mooring has not onboarded this namespace.",
    fix: "Check cluster and namespace against {namespaces}.",
  },
  NOTHING_TO_MIGRATE: {
    status: 409,
    cause: "The namespace already has the identity mode that the migration would lead to.",
    fix: "Nothing: the namespace is already there.",
  },
  NOTHING_CHOSEN: {
    status: 409,
    cause: "The filter matches no namespace that the caller may see.",
    fix: "Nothing, if you expected no match. Otherwise try the same filter with {namespaces}.",
  },
  NAMESPACE_CHANGED: {
    status: 409,
    cause: "The namespace was changed or onboarded again after the batch was accepted.",
    fix: "Check its current state in {namespaces}, then send the request again.",
  },
  MIGRATION_PENDING: {
    status: 409,
    cause: "A migration of the namespace stopped between two phases.",
    fix: "Finish it with {migrate}, or return to the mode that it left, such as pod identity with {migrateBack}; then send the request again.",
  },
  NOT_FOUND: {
    status: 404,
    cause: "Nothing exists at this address.",
    fix: "Check the ID; {operations} lists the operations.",
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    cause: "The request body exceeds the limit: 16 KB, or 1 MB for a batch.",
    fix: "Send a smaller request; split a batch into several.",
  },
  INCOMPLETE_BODY: {
    status: 400,
    cause: "The connection closed before the whole request body arrived; nothing was done.",
    fix: "Send the request again.",
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    cause: "The request body is not declared as JSON.",
    fix: "Send it with the header `Content-Type: application/json`.",
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    cause: "The path does not support this method.",
    fix: "Use a method from the answer's Allow header; {reference} describes each.",
  },
  CROSS_SITE_REQUEST: {
    status: 403,
    cause: "A browser sent the request from a page of another site, as its header Sec-Fetch-Site or Origin shows.",
    fix: "Send it from the app's own pages, or from a client that is not a browser, such as the command line.",
  },
  MALFORMED_JSON: {
    status: 400,
    cause: "The request body is not JSON.",
    fix: "Correct the JSON and send it again.",
  },
  // Callers
  UNAUTHENTICATED: {
    status: 401,
    cause: "The request does not prove who sent it.",
    fix: "Send {credential} (docs/callers.md).",
  },
  NOT_ALLOWED: {
    status: 403,
    isPolicy: true,
    endsSteps: true,
    cause: "The caller's team may not ask for this.",
    fix: "Ask for something that the message or {catalog} lists, or ask the platform team for an entry in the catalog (docs/callers.md).",
  },
  GROUPS_OVERAGE: {
    status: 403,
    cause:
      "The caller is in more than 200 groups, so the access token names none of them, and the caller's teams are unknown.",
    fix: "Ask the platform team to limit tokens to the groups assigned to Mooring's application (`npm run azure -- entra --groups ApplicationGroup`, docs/callers.md), then sign in again.",
  },
  TEAM_REQUIRED: {
    status: 422,
    cause: "More than one of the caller's teams may ask for this.",
    fix: "Name the team: {team}.",
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
    cause: "The namespace was deleted and created again since it was onboarded.",
    fix: "Find out who created it. An operator can take it over by sending the request with {takeOver}.",
  },
  NAMESPACE_MISSING: {
    status: 409,
    cause: "The namespace was deleted from the cluster since it was onboarded.",
    fix: "{repair} creates it again, with everything that belongs to it; or offboard it.",
  },
  QUOTA_EXCEEDED: {
    status: 409,
    isPolicy: true,
    cause: "The team already has as many namespaces as the catalog allows.",
    fix: "Offboard a namespace, or ask the platform team for a larger quota.",
  },
  RATE_LIMITED: {
    status: 429,
    cause:
      "The caller sends requests faster, or more changes or verifications at once, than the catalog's limits allow.",
    fix: "Wait as long as the answer says, then send the request again.",
  },
  TOO_MANY_STREAMS: {
    status: 429,
    cause:
      "The caller, or all callers together, already have as many event streams open as the catalog's limits allow.",
    fix: "Close streams that nobody reads, or wait as long as the answer says. A single stream of {events} reports every operation.",
  },
  SERVICE_BUSY: {
    status: 503,
    cause:
      "This instance of the service is already handling as many changes or verifications as the catalog's limits allow; nothing was done.",
    fix: "Wait as long as the answer says, then send the request again.",
  },
  FORBIDDEN: {
    status: 403,
    isPolicy: true,
    cause: "The caller lacks the required role.",
    fix: "Ask the platform team for the app role that the message names.",
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    cause: "This idempotency key was already used for a different request.",
    fix: "Check what the first request did. If this one is still needed, send it with a new key; to repeat the first one, send it unchanged with its key.",
  },
  IDEMPOTENCY_IN_PROGRESS: {
    status: 409,
    cause: "The first request with this idempotency key is still being answered.",
    fix: "Wait a second, then send the same request again with the same key.",
  },
  PRECONDITION_FAILED: {
    status: 412,
    cause:
      "The namespace, operation or plan has changed since the version in If-Match, or the namespace exists although the request has If-None-Match: *.",
    fix: "Read it again, or plan it again with {dryRun}. If you still want the change, send the request with the current ETag.",
  },
  // Kubernetes
  NAMESPACE_TERMINATING: {
    status: 409,
    endsSteps: true,
    cause: "The namespace is being deleted.",
    fix: "Wait until it is gone, then send the request again.",
  },
  // Operations
  NOTHING_TO_COMPENSATE: {
    status: 409,
    cause: "The operation left no failed undo to run again.",
    fix: "Check the namespace's status. Offboard it to undo an onboarding; continue a stopped migration with {migrate}, or reverse it with {migrateBack}.",
  },
  OPERATION_ENDED: {
    status: 409,
    endsSteps: true,
    cause:
      "The operation has ended or is being undone. It can no longer be canceled, and a step that comes late does nothing.",
    fix: "Check its status with {operation}. To undo an onboarding, offboard the namespace; to undo a migration, use {migrateBack}.",
  },
  CANCEL_TOO_LATE: {
    status: 409,
    cause:
      "The cancellation arrived after the operation's point of no return: it was complete and verified, or it removes access that has ended.",
    fix: "Wait for the operation to end; to undo an onboarding, offboard the namespace.",
  },
  APPROVAL_NOT_PENDING: {
    status: 409,
    cause: "The operation is not waiting for approval.",
    fix: "Check its status with {operation}: it needs no approval, was already decided, or has ended.",
  },
  APPROVAL_MISMATCH: {
    status: 409,
    endsSteps: true,
    cause:
      "The approval names a different request from the one that is waiting, or the catalog now requires more approval.",
    fix: "Read the waiting request with {operation} and approve it by its hash; if the operation has ended, send the request again.",
  },
  APPROVER_IS_REQUESTER: {
    status: 403,
    isPolicy: true,
    cause: "The person who sent a request cannot approve or reject it.",
    fix: "Ask someone else with the role Onboarding.Approve. To withdraw the request, cancel the operation.",
  },
  APPROVAL_TIMED_OUT: {
    status: 409,
    endsSteps: true,
    cause: "Nobody approved or rejected the request in time.",
    fix: "Send the request again and let an approver know.",
  },
} as const satisfies Record<string, RefusalEntry>;

export type RefusalCode = keyof typeof refusals;
/** The refusals with which a step may also fail. */
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
  return isRefusalCode(code) && "isPolicy" in refusals[code];
}
