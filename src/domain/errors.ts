/**
 * Everything that can go wrong in an operation, by code. `retryable` decides whether the durable runtime tries the step
 * again; `fix` is what status documents and docs/errors.md tell the reader to do. A test holds docs/errors.md to this.
 */
interface ErrorEntry {
  readonly retryable: boolean;
  readonly cause: string;
  readonly fix: string;
}

export const errorCatalogue = {
  // Request and policy
  INVALID_REQUEST: permanent(
    "The request does not have the documented shape.",
    "Correct the fields that `errors` names and send it again.",
  ),
  INVALID_PARAMETER: permanent(
    "A query parameter is neither true nor false, is there twice, or is written otherwise than it is documented.",
    "Write it as /api/openapi.json has it, once, with the value true or false.",
  ),
  UNKNOWN_CLUSTER: permanent(
    "The catalog has no cluster of that name.",
    "Use a cluster alias from the catalog, or ask the platform team to add it.",
  ),
  UNKNOWN_SQL_SERVER: permanent(
    "The catalog has no SQL server of that name.",
    "Use a server alias from the catalog, or ask the platform team to add it.",
  ),
  UNKNOWN_DATABASE: permanent(
    "The catalog does not list that database for that server.",
    "Use a database that the catalog lists, or ask the platform team to add it.",
  ),
  ROLE_NOT_ALLOWED: permanent(
    "The catalog does not allow that role bundle on that database.",
    "Ask for a role bundle that the catalog allows there.",
  ),
  MODE_NOT_ALLOWED: permanent(
    "The cluster does not offer that identity mode.",
    "Use an identity mode that the catalog lists for the cluster.",
  ),
  SYSTEM_NAMESPACE: permanent("The namespace belongs to Kubernetes or to AKS.", "Onboard a namespace of your own."),
  OPERATION_IN_PROGRESS: permanent(
    "Another operation runs for this namespace.",
    "Wait for the operation that `Location` names, then send the request again.",
  ),
  MODE_CHANGE_REFUSED: permanent(
    "A change of an onboarded namespace cannot switch its identity mode.",
    "To leave pod identity, POST /api/namespaces/{cluster}/{namespace}/migrate; otherwise offboard the namespace first.",
  ),
  NAMESPACE_INCOMPLETE: permanent(
    "An operation ended half-way: the namespace lies between two requests, and this is a third, or no request at all.",
    "Send one of the two requests again, or offboard the namespace first.",
  ),
  NOT_ONBOARDED: permanent(
    "Mooring has not onboarded that namespace.",
    "Check cluster and namespace against GET /api/namespaces.",
  ),
  NOTHING_TO_MIGRATE: permanent(
    "The namespace uses workload identity already.",
    "Nothing: there is no pod identity to migrate from.",
  ),
  MIGRATION_PENDING: permanent(
    "A migration of the namespace has stopped between two phases.",
    "End it with POST /api/namespaces/{cluster}/{namespace}/migrate, then send the request again.",
  ),
  PODS_STILL_USE_POD_IDENTITY: permanent(
    "Pods with the label aadpodidbinding still run, and would lose their identity.",
    "Deploy the pods that the message names with the new manifest fragment, then call migrate again.",
  ),
  NOT_FOUND: permanent("There is nothing at that address.", "Check the id; GET /api/operations lists the operations."),
  PAYLOAD_TOO_LARGE: permanent(
    "The request body is larger than the route takes: 16 KB, and 4 MB for a batch.",
    "Send a smaller request; of a batch, several smaller ones.",
  ),
  UNSUPPORTED_MEDIA_TYPE: permanent(
    "The request body is not declared as JSON.",
    "Send it with the header Content-Type: application/json.",
  ),
  MALFORMED_JSON: permanent("The request body is not JSON.", "Correct the JSON and send it again."),
  // Callers
  UNAUTHENTICATED: permanent(
    "The request does not prove who sends it.",
    "Send a Microsoft Entra access token for Mooring's application, or a key that the catalog knows (docs/callers.md).",
  ),
  NOT_ALLOWED: permanent(
    "The team of the caller may not ask for that.",
    "Ask the platform team for the entry in the catalog that the message names (docs/callers.md).",
  ),
  TEAM_REQUIRED: permanent(
    "More than one team of the caller may ask for this.",
    "Name the team in the request's field `team`.",
  ),
  NAMESPACE_TAKEN: permanent(
    "The namespace belongs to another team.",
    "Use a namespace of your own, or ask an operator to take it over with takeOver=true.",
  ),
  NAMESPACE_RECREATED: permanent(
    "The namespace was deleted and made again since it was onboarded.",
    "Find out who made it; an operator takes it over by sending the request with takeOver=true.",
  ),
  NAMESPACE_MISSING: permanent(
    "The namespace was deleted from the cluster since it was onboarded.",
    "POST /api/namespaces/{cluster}/{namespace}/repair makes it again with all that belongs to it; otherwise offboard it.",
  ),
  QUOTA_EXCEEDED: permanent(
    "The team has as many namespaces as the catalog allows it.",
    "Offboard a namespace, or ask the platform team for a larger quota.",
  ),
  RATE_LIMITED: permanent(
    "The caller asks more often than the catalog's limits allow.",
    "Wait for as many seconds as Retry-After says, then send the request again.",
  ),
  FORBIDDEN: permanent(
    "The caller lacks the role that this needs.",
    "Ask the platform team for the app role that the message names.",
  ),
  IDEMPOTENCY_KEY_REUSED: permanent(
    "The idempotency key came with another request before.",
    "Send a new key with a new request; repeat a key only with the very same request.",
  ),
  IDEMPOTENCY_IN_PROGRESS: permanent(
    "The first request with this idempotency key is still being answered.",
    "Wait a second and send the same request with the same key again.",
  ),
  PRECONDITION_FAILED: permanent(
    "The namespace has changed since the version that If-Match names.",
    "Read the namespace again, and send the request with its present ETag.",
  ),
  // Azure Resource Manager and managed identities
  ARM_FORBIDDEN: permanent(
    "Azure refused the call for lack of a permission.",
    "Give Mooring's identity the action that the message names (infra/ has the role).",
  ),
  PERMISSIONS_UNKNOWN: permanent(
    "Whether Mooring's identity has the permissions in Azure that it needs could not be read. Only a notice.",
    "Give Mooring's identity Microsoft.Authorization/permissions/read; it may work without.",
  ),
  ARM_REJECTED: permanent(
    "Azure refused the call as invalid.",
    "Read the message; if the catalog is right, report it as a defect of Mooring.",
  ),
  ARM_THROTTLED: transient(
    "Azure answered 429: too many calls.",
    "Nothing: Mooring waits as long as Azure asked and tries again.",
  ),
  ARM_UNAVAILABLE: transient(
    "Azure did not answer, or answered with a server error.",
    "Nothing: Mooring reads back and tries again. If it lasts, see Azure's status page.",
  ),
  IDENTITY_CONFLICT: permanent(
    "An identity of that name exists and belongs to somebody else.",
    "Remove the existing identity when nobody needs it, or set adoptionPolicy to Always; what another onboarded namespace has is its own, and goes when that one is offboarded.",
  ),
  FEDERATED_CREDENTIAL_CONFLICT: permanent(
    "The identity has a federated credential of that name for another subject.",
    "Remove that credential, or use another service account.",
  ),
  FEDERATED_CREDENTIAL_LIMIT: permanent(
    "The identity has 20 federated credentials already, which is Azure's limit.",
    "Remove federated credentials that are no longer used.",
  ),
  CONCURRENT_CREDENTIAL_WRITE: transient(
    "Another federated credential of the identity was being written.",
    "Nothing: Mooring tries again.",
  ),
  SQL_SERVER_MISSING: permanent(
    "Azure has no SQL server with the resource id of the catalog.",
    "Correct the server's resourceId in the catalog, or create the server.",
  ),
  SQL_ADMIN_MISSING: permanent(
    "The SQL server has no Microsoft Entra administrator.",
    "Set one: az sql server ad-admin create. It need not be Mooring's identity (infra/README.md).",
  ),
  // Azure SQL
  SQL_LOGIN_FAILED: permanent(
    "The database refused the login of Mooring's identity.",
    "Run infra/sql/database-user.sql in the database, or make Mooring's identity the server's Entra administrator.",
  ),
  SQL_FIREWALL: permanent(
    "The SQL server's firewall refused Mooring's address.",
    "Allow the Function App's outbound addresses, or connect it by private endpoint.",
  ),
  SQL_FORBIDDEN: permanent(
    "Mooring's database user lacks a permission.",
    "Put Mooring's user into db_owner there: fixed roles such as db_datareader can be given by db_owner alone.",
  ),
  SQL_USER_CONFLICT: permanent(
    "A database user of that name exists with another SID, and is not Mooring's.",
    "Drop or rename the existing user, then send the request again.",
  ),
  SQL_SID_TAKEN: permanent(
    "The identity already has a database user under another name.",
    "Drop the other user, or set adoptionPolicy to Always.",
  ),
  SQL_USER_OWNS_SCHEMA: permanent(
    "The database user owns a schema and cannot be dropped (15138).",
    "Run ALTER AUTHORIZATION ON SCHEMA::[name] TO [dbo], then run the operation again.",
  ),
  SQL_USER_HAS_DEPENDANTS: permanent(
    "The database user owns roles or objects, or has granted permissions to others, and cannot be dropped (15421, 15183, 15284).",
    "Run ALTER AUTHORIZATION ON ROLE::[name] or OBJECT::[name] TO [dbo], and grant as somebody else what it has granted; then run the operation again.",
  ),
  SQL_USER_HAS_PERMISSIONS: permanent(
    "The user with the stale SID has permissions that somebody else gave, and that a new user would not have.",
    "Note the permissions that the message names, revoke them from the user, run the operation again, and grant them to the new user.",
  ),
  SQL_PRINCIPAL_UNRESOLVED: permanent(
    "SQL could not look the identity up in Microsoft Entra (33134).",
    "Give the server's identity Directory Readers, or set userCreation: sid for the server in the catalog.",
  ),
  SQL_PRINCIPAL_NOT_YET_VISIBLE: transient(
    "The new identity is not yet visible to SQL (33130).",
    "Nothing: Mooring tries again.",
  ),
  SQL_ROLE_MISSING: permanent(
    "The database has no role of that name (15151).",
    "Create the role, or ask for another role bundle.",
  ),
  SQL_REJECTED: permanent(
    "The database refused the statement.",
    "Read the message and its error number; report it as a defect of Mooring if the database is as the catalog says.",
  ),
  SQL_UNAVAILABLE: transient(
    "The database is resuming, failing over or throttling.",
    "Nothing: Mooring tries again; a paused serverless database takes about a minute.",
  ),
  // Kubernetes
  CLUSTER_UNREACHABLE: transient(
    "The cluster's API server did not answer.",
    "Nothing: Mooring tries again. If it lasts, check the cluster and its authorized IP ranges.",
  ),
  CLUSTER_UNAUTHORIZED: permanent(
    "The cluster does not accept Mooring's token.",
    "Enable Microsoft Entra integration on the cluster and bind Mooring's identity.",
  ),
  KUBERNETES_FORBIDDEN: permanent(
    "The cluster's RBAC refused the call.",
    "Bind Mooring's identity to the ClusterRole in infra/.",
  ),
  KUBERNETES_ADMISSION_DENIED: permanent(
    "An admission policy or webhook of the cluster refused the object.",
    "Satisfy the policy that the message names, or ask its owner for an exemption of Mooring's objects.",
  ),
  KUBERNETES_ALTERED: permanent(
    "The cluster changes what Mooring sets, so that it would never be as it has to be.",
    "Exempt Mooring's objects from the mutating webhook or policy that sets the fields which the message names.",
  ),
  KUBERNETES_QUOTA_EXCEEDED: permanent(
    "The namespace's resource quota has no room for the object.",
    "Raise the ResourceQuota that the message names, or delete objects that are no longer used.",
  ),
  DRY_RUN_UNSUPPORTED: permanent(
    "An admission webhook of the cluster does not support dry runs.",
    "Nothing: the plan says what could not be checked. Declare sideEffects None or NoneOnDryRun on the webhook.",
  ),
  NAMESPACE_NOT_THERE_YET: permanent(
    "The cluster answers no dry run for a namespace that is not there yet.",
    "Nothing: admission and quotas are met when the operation runs. To have them asked before, make the namespace first.",
  ),
  KUBERNETES_REJECTED: permanent(
    "The cluster refused the object as invalid.",
    "Read the message; an admission policy of the cluster may have to change.",
  ),
  KUBERNETES_THROTTLED: transient(
    "The API server answered 429, or asked to try again.",
    "Nothing: Mooring tries again.",
  ),
  KUBERNETES_CONFLICT: permanent(
    "Another manager owns a field that Mooring has to set, or the object is not Mooring's.",
    "Remove the object or let its owner give up the field, or set adoptionPolicy to Always; what another onboarded namespace has is its own, and goes when that one is offboarded.",
  ),
  NAMESPACE_TERMINATING: permanent(
    "The namespace is being deleted.",
    "Wait until it is gone, then send the request again.",
  ),
  POD_IDENTITY_NOT_INSTALLED: permanent(
    "The cluster does not have the aad-pod-identity CRDs.",
    "Install aad-pod-identity, or use identityMode workloadIdentity.",
  ),
  KUBELET_ROLE_MISSING: permanent(
    "The kubelet identity lacks a role that aad-pod-identity needs.",
    "Run the `az role assignment create` command of the blocker or the message, then send the request again.",
  ),
  KUBELET_ROLES_UNKNOWN: permanent(
    "Whether the kubelet identity has the roles that aad-pod-identity needs could not be found out. Only a notice.",
    "Give Mooring's identity Microsoft.Authorization/roleAssignments/read, and the cluster podIdentity.kubeletObjectId in the catalog.",
  ),
  WORKLOAD_IDENTITY_NOT_INSTALLED: permanent(
    "The cluster does not have the workload identity webhook.",
    "Enable workload identity: az aks update --enable-oidc-issuer --enable-workload-identity.",
  ),
  IDENTITY_STILL_ASSIGNED: transient(
    "A node of the cluster still has the identity assigned.",
    "Nothing: Mooring looks again. If it lasts, check aad-pod-identity's MIC.",
  ),
  OIDC_ISSUER_MISMATCH: permanent(
    "The cluster's OIDC issuer is not the one in the catalog (look at the trailing slash).",
    "Copy oidcIssuerProfile.issuerUrl into the catalog exactly as `az aks show` prints it.",
  ),
  // Others who depend on what an offboarding takes away
  IDENTITY_FEDERATED_BY_OTHERS: permanent(
    "Somebody else federated a workload of theirs with the identity that would be removed.",
    "Remove the credentials that the message names (az identity federated-credential delete), or offboard with ignoreDependants=true: they go with the identity.",
  ),
  IDENTITY_HAS_ROLES: permanent(
    "Somebody else gave the identity that would be removed a role in Azure.",
    "Remove the assignments that the message names (az role assignment delete), or offboard with ignoreDependants=true: they stay behind and lead to nobody.",
  ),
  IDENTITY_USED_BY_OTHERS: permanent(
    "Service accounts that are not Mooring's are annotated with the identity that would be removed.",
    "Take the annotation azure.workload.identity/client-id off the accounts that the message names, or offboard with ignoreDependants=true: they stay as they are and get no token.",
  ),
  IDENTITY_BOUND_BY_OTHERS: permanent(
    "AzureIdentityBindings that are not Mooring's give the AzureIdentity that would be removed to pods.",
    "Remove the bindings that the message names, or offboard with ignoreDependants=true: they stay and bind nothing.",
  ),
  NAMESPACE_IN_USE: permanent(
    "Something runs or keeps data in the namespace, which Mooring created and would delete.",
    "Remove what the message names, onboard the namespace with deletePolicy Keep, or offboard with ignoreDependants=true: all of it is deleted.",
  ),
  DEPENDANTS_UNKNOWN: permanent(
    "Whether somebody else depends on what would be removed could not be read. Only a notice.",
    "Give Mooring's identity the permission that the message names, then look at the plan again.",
  ),
  // Verification and the operation itself
  VERIFICATION_FAILED: permanent(
    "What was read back is not what was asked for.",
    "The message names each difference; send the request again when its cause is gone.",
  ),
  COMPENSATION_FAILED: permanent(
    "Something that the operation had created could not be removed.",
    "The message names what is left; remove the obstacle, then POST /api/operations/{id}/compensate.",
  ),
  CHANGE_INCOMPLETE: permanent(
    "The new state is in place, but something that it replaces could not be taken away.",
    "Remove the obstacle that the message names, then send the same request again.",
  ),
  BATCH_INCOMPLETE: permanent(
    "Some namespaces of the batch did not succeed; the others did, and stay.",
    "Read the error of each at GET /api/operations/{id}?status=Failed, mend the cause, and send the batch again: what is done is left as it is.",
  ),
  NOTHING_TO_COMPENSATE: permanent(
    "The operation left nothing that could be undone again.",
    "Look at the namespace's status; what is onboarded is taken back by offboarding it, and a migration goes on when migrate is called again.",
  ),
  OPERATION_CANCELED: permanent(
    "Somebody canceled the operation.",
    "The message says what was undone. Send the request again when it is wanted after all.",
  ),
  OPERATION_ENDED: permanent(
    "The operation has ended, so it cannot be canceled.",
    "Look at its status; an onboarded namespace is taken back by offboarding it.",
  ),
  CANCEL_TOO_LATE: permanent(
    "Everything was done and verified before the cancellation came.",
    "Wait for the end of the operation; an onboarded namespace is taken back by offboarding it.",
  ),
  APPROVAL_NOT_PENDING: permanent(
    "The operation does not wait for an approval.",
    "Look at its status: it needs none, was decided already, or has ended.",
  ),
  APPROVAL_MISMATCH: permanent(
    "The approval names another request than the one that waits, or the catalog asks for more approval by now.",
    "Read `approval.requestHash` and the request of the operation, and approve what is there; once it has ended, send the request again.",
  ),
  APPROVER_IS_REQUESTER: permanent(
    "Whoever sent the request cannot decide about it.",
    "Ask somebody else with the role Onboarding.Approve; to withdraw the request, cancel the operation.",
  ),
  APPROVAL_TIMED_OUT: permanent(
    "Nobody approved or rejected the request in time.",
    "Send the request again, and tell an approver.",
  ),
  REJECTED: permanent("An approver rejected the request.", "Read the comment; change the request and send it again."),
  REGISTRY_UNAVAILABLE: transient(
    "The registry tables did not answer.",
    "Nothing: Mooring tries again. If it lasts, check the storage account.",
  ),
  // Service Bus
  SERVICE_BUS_UNAVAILABLE: transient(
    "Service Bus did not answer, or throttled the call.",
    "Nothing: Mooring tries again. If it lasts, check the namespace and the network between.",
  ),
  SERVICE_BUS_FORBIDDEN: permanent(
    "Service Bus refused Mooring's identity.",
    "Give Mooring's identity Azure Service Bus Data Sender on the topic and Data Receiver on the queue, as infra/ does.",
  ),
  SERVICE_BUS_REJECTED: permanent(
    "Service Bus has no such queue or topic, has it disabled, or cannot take the message.",
    "Read the message; create or enable the entity that it names, or report a message that is too large.",
  ),
  MESSAGE_LOCK_LOST: transient(
    "The lock on a queue message had ended before the message was settled.",
    "Nothing: Service Bus delivers the message again. If it lasts, raise the queue's lock duration.",
  ),
  UNEXPECTED: transient(
    "An error that Mooring has no entry for.",
    "Mooring tries again; if it lasts, report the message and the operation id.",
  ),
} satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errorCatalogue;
type CodesWhere<Retryable extends boolean> = {
  [Code in ErrorCode]: (typeof errorCatalogue)[Code]["retryable"] extends Retryable ? Code : never;
}[ErrorCode];
export type PermanentCode = CodesWhere<false>;
export type TransientCode = CodesWhere<true>;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorCatalogue, code);
}

/** The error of a code that came as text: from a plan, a history or a table. */
export function errorOf(code: string, message: string): PermanentError | TransientError {
  if (!isErrorCode(code)) return new TransientError("UNEXPECTED", message);
  return isPermanent(code) ? new PermanentError(code, message) : new TransientError(code, message);
}

function isPermanent(code: ErrorCode): code is PermanentCode {
  return !errorCatalogue[code].retryable;
}

/** Stop: asking again will not help. Recorded in the history as data, so the runtime does not retry it. */
export class PermanentError extends Error {
  override readonly name = "PermanentError";
  readonly code: PermanentCode;

  constructor(code: PermanentCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** A known passing fault: the runtime retries the step, and the status says why it waits. */
export class TransientError extends Error {
  override readonly name = "TransientError";
  readonly code: TransientCode;
  /** What the service asked to wait (Retry-After), in seconds. */
  readonly retryAfterSeconds: number | undefined;

  constructor(code: TransientCode, message: string, options: ErrorOptions & { retryAfterSeconds?: number } = {}) {
    super(message, options);
    this.code = code;
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

function permanent(cause: string, fix: string) {
  return { retryable: false, cause, fix } as const;
}

function transient(cause: string, fix: string) {
  return { retryable: true, cause, fix } as const;
}
