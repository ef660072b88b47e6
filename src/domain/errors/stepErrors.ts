import type { PassingFix } from "./fix.ts";
import type { RefusalCode } from "./refusals.ts";

/** What ends a step, delays it, or is the end of an operation whose steps have said the rest. */
type StepErrorEntry = {
  /** Of the answer to a request that meets it: a plan or a look asks what the steps ask. */
  readonly status: 500 | 503;
  /** It may be a notice instead: the question was of a dry run only, or the caller has chosen to go on. */
  readonly isTold?: true;
  readonly cause: string;
} & (
  | { readonly retryable: false; readonly fix: string }
  /** The durable runtime tries the step again: until it gives up, there is nothing to do. */
  | { readonly retryable: true; readonly fix: PassingFix }
);

export const stepErrors = {
  // Mooring's own identity, everywhere
  AUTHENTICATION_FAILED: {
    status: 503,
    retryable: true,
    cause:
      "Azure, a database or a cluster does not accept Mooring's token, or Mooring gets none from Microsoft Entra. A lack of rights has other codes.",
    fix: {
      nothing:
        "Mooring asks for a fresh token and tries again, for as long as retry.authenticationTimeoutMs in the catalog says",
      ifItLasts:
        "ask Mooring's operator to read in the log what the service answered, and to check the Function App's managed identity; for a cluster, its Microsoft Entra integration; for a database, that infra/sql/database-user.sql has run there",
    },
  },
  // Azure Resource Manager and managed identities
  ARM_FORBIDDEN: {
    status: 500,
    retryable: false,
    cause: "Azure refused the call for lack of a permission.",
    fix: "Give Mooring's identity the action that the message names (infra/ has the role).",
  },
  ARM_REJECTED: {
    status: 500,
    retryable: false,
    cause: "Azure refused the call as invalid.",
    fix: "Read the message; if the catalog is right, report it as a defect of Mooring.",
  },
  ARM_THROTTLED: {
    status: 503,
    retryable: true,
    cause: "Azure answered 429: too many calls.",
    fix: { nothing: "Mooring waits as long as Azure asked and tries again" },
  },
  ARM_UNAVAILABLE: {
    status: 503,
    retryable: true,
    cause: "Azure did not answer, or answered with a server error.",
    fix: { nothing: "Mooring reads back and tries again", ifItLasts: "see Azure's status page" },
  },
  IDENTITY_CONFLICT: {
    status: 500,
    retryable: false,
    cause: "An identity of that name exists and belongs to somebody else.",
    fix: "Remove the existing identity when nobody needs it, or set adoptionPolicy to Always; what another onboarded namespace has is its own, and goes when that one is offboarded.",
  },
  FEDERATED_CREDENTIAL_CONFLICT: {
    status: 500,
    retryable: false,
    cause: "The identity has a federated credential of that name for another subject.",
    fix: "Remove that credential, or use another service account.",
  },
  FEDERATED_CREDENTIAL_LIMIT: {
    status: 500,
    retryable: false,
    cause: "The identity has 20 federated credentials already, which is Azure's limit.",
    fix: "Remove federated credentials that are no longer used.",
  },
  CONCURRENT_CREDENTIAL_WRITE: {
    status: 503,
    retryable: true,
    cause: "Another federated credential of the identity was being written.",
    fix: { nothing: "Mooring tries again" },
  },
  SQL_SERVER_MISSING: {
    status: 500,
    retryable: false,
    cause: "Azure has no SQL server with the resource id of the catalog.",
    fix: "Correct the server's resourceId in the catalog, or create the server.",
  },
  SQL_ADMIN_MISSING: {
    status: 500,
    retryable: false,
    cause: "The SQL server has no Microsoft Entra administrator.",
    fix: "Set one, a group for the best: az sql server ad-admin create --subscription <subscription> --resource-group <group> --server <server> --display-name <group> --object-id <its object id>. It need not be Mooring's identity (infra/README.md).",
  },
  SQL_ADMIN_CONFLICT: {
    status: 500,
    retryable: false,
    cause: "The SQL server has another Microsoft Entra administrator than the catalog gives it. Mooring replaces none.",
    fix: "Correct entraAdmin of the server in the catalog, or take it out; or set the one that the catalog gives: az sql server ad-admin create.",
  },
  // Azure SQL
  SQL_LOGIN_FAILED: {
    status: 500,
    retryable: false,
    cause:
      "The database refused the login of Mooring's identity. Of operations that 0.1.0 ran; since then it is AUTHENTICATION_FAILED.",
    fix: "Run infra/sql/database-user.sql in the database, or make Mooring's identity the server's Entra administrator.",
  },
  SQL_FIREWALL: {
    status: 500,
    retryable: false,
    cause: "The SQL server's firewall refused Mooring's address.",
    fix: "Allow the Function App's outbound addresses, or connect it by private endpoint.",
  },
  SQL_FORBIDDEN: {
    status: 500,
    retryable: false,
    cause: "Mooring's database user lacks a permission.",
    fix: "Put Mooring's user into db_owner there: fixed roles such as db_datareader can be given by db_owner alone.",
  },
  SQL_USER_CONFLICT: {
    status: 500,
    retryable: false,
    cause: "A database user of that name exists with another SID, and is not Mooring's.",
    fix: "Drop or rename the existing user, then send the request again.",
  },
  SQL_SID_TAKEN: {
    status: 500,
    retryable: false,
    cause: "The identity already has a database user under another name.",
    fix: "Drop the other user, or set adoptionPolicy to Always.",
  },
  SQL_USER_OWNS_SCHEMA: {
    status: 500,
    retryable: false,
    cause: "The database user owns a schema and cannot be dropped (15138).",
    fix: "Run ALTER AUTHORIZATION ON SCHEMA::[name] TO [dbo], then run the operation again.",
  },
  SQL_USER_HAS_DEPENDANTS: {
    status: 500,
    retryable: false,
    cause:
      "The database user owns roles or objects, or has granted permissions to others, and cannot be dropped (15421, 15183, 15284).",
    fix: "Run ALTER AUTHORIZATION ON ROLE::[name] or OBJECT::[name] TO [dbo], and grant as somebody else what it has granted; then run the operation again.",
  },
  SQL_USER_HAS_PERMISSIONS: {
    status: 500,
    retryable: false,
    cause: "The user with the stale SID has permissions that somebody else gave, and that a new user would not have.",
    fix: "Note the permissions that the message names, revoke them from the user, run the operation again, and grant them to the new user.",
  },
  SQL_PRINCIPAL_UNRESOLVED: {
    status: 500,
    retryable: false,
    cause: "SQL could not look the identity up in Microsoft Entra (33134).",
    fix: "Give the server's identity Directory Readers, or set userCreation: sid for the server in the catalog.",
  },
  SQL_PRINCIPAL_NOT_YET_VISIBLE: {
    status: 503,
    retryable: true,
    cause: "The new identity is not yet visible to SQL (33130).",
    fix: { nothing: "Mooring tries again" },
  },
  SQL_ROLE_MISSING: {
    status: 500,
    retryable: false,
    cause: "The database has no role of that name (15151).",
    fix: "Create the role, or ask for another role bundle.",
  },
  SQL_REJECTED: {
    status: 500,
    retryable: false,
    cause: "The database refused the statement.",
    fix: "Read the message and its error number; report it as a defect of Mooring if the database is as the catalog says.",
  },
  SQL_UNAVAILABLE: {
    status: 503,
    retryable: true,
    cause: "The database is resuming, failing over or throttling.",
    fix: {
      nothing: "Mooring tries again; a paused serverless database takes about a minute",
      ifItLasts: "look at the database in Azure",
    },
  },
  // Kubernetes
  CLUSTER_UNREACHABLE: {
    status: 503,
    retryable: true,
    cause: "The cluster's API server did not answer.",
    fix: { nothing: "Mooring tries again", ifItLasts: "check the cluster and its authorized IP ranges" },
  },
  CLUSTER_CERTIFICATE_UNTRUSTED: {
    status: 500,
    retryable: false,
    cause:
      "The certificate of the cluster's API server is of an authority that Mooring does not trust; AKS signs it with the cluster's own.",
    fix: "Set the cluster's certificateAuthority in the catalog: certificate-authority-data of its kubeconfig (az aks get-credentials), decoded, as docs/catalog.md shows.",
  },
  CLUSTER_UNAUTHORIZED: {
    status: 500,
    retryable: false,
    cause:
      "The cluster does not accept Mooring's token. Of operations that 0.1.0 ran; since then it is AUTHENTICATION_FAILED.",
    fix: "Enable Microsoft Entra integration on the cluster and bind Mooring's identity.",
  },
  KUBERNETES_FORBIDDEN: {
    status: 500,
    retryable: false,
    cause: "The cluster's RBAC refused the call.",
    fix: "Bind Mooring's identity to the ClusterRole in infra/.",
  },
  KUBERNETES_ADMISSION_DENIED: {
    status: 500,
    retryable: false,
    cause: "An admission policy or webhook of the cluster refused the object.",
    fix: "Satisfy the policy that the message names, or ask its owner for an exemption of Mooring's objects.",
  },
  KUBERNETES_ALTERED: {
    status: 500,
    retryable: false,
    cause: "The cluster changes what Mooring sets, so that it would never be as it has to be.",
    fix: "Exempt Mooring's objects from the mutating webhook or policy that sets the fields which the message names.",
  },
  KUBERNETES_QUOTA_EXCEEDED: {
    status: 500,
    retryable: false,
    cause: "The namespace's resource quota has no room for the object.",
    fix: "Raise the ResourceQuota that the message names, or delete objects that are no longer used.",
  },
  DRY_RUN_UNSUPPORTED: {
    status: 500,
    retryable: false,
    isTold: true,
    cause: "An admission webhook of the cluster does not support dry runs.",
    fix: "Nothing: the plan says what could not be checked. Declare sideEffects None or NoneOnDryRun on the webhook.",
  },
  KUBERNETES_REJECTED: {
    status: 500,
    retryable: false,
    cause: "The cluster refused the object as invalid.",
    fix: "Read the message; an admission policy of the cluster may have to change.",
  },
  KUBERNETES_THROTTLED: {
    status: 503,
    retryable: true,
    cause: "The API server answered 429, or asked to try again.",
    fix: { nothing: "Mooring tries again" },
  },
  KUBERNETES_CONFLICT: {
    status: 500,
    retryable: false,
    cause: "Another manager owns a field that Mooring has to set, or the object is not Mooring's.",
    fix: "Remove the object or let its owner give up the field, or set adoptionPolicy to Always; what another onboarded namespace has is its own, and goes when that one is offboarded.",
  },
  POD_IDENTITY_NOT_INSTALLED: {
    status: 500,
    retryable: false,
    cause: "The cluster does not have the aad-pod-identity CRDs.",
    fix: "Use identityMode workloadIdentity, or install the last chart of aad-pod-identity, which is archived and gets no fixes: helm upgrade --install aad-pod-identity aad-pod-identity --repo https://raw.githubusercontent.com/Azure/aad-pod-identity/master/charts --version 4.1.18 --namespace kube-system --set-string forceNamespaced=true (infra/sample/README.md).",
  },
  SELECTOR_SHARED: {
    status: 500,
    retryable: false,
    cause:
      "Another AzureIdentityBinding selects the same pods for another identity: aad-pod-identity would give them either.",
    fix: "Remove the AzureIdentityBinding that the message names if nobody needs it, or ask for another selector and deploy the pods with it.",
  },
  KUBELET_ROLE_MISSING: {
    status: 500,
    retryable: false,
    cause: "The kubelet identity lacks a role that aad-pod-identity needs.",
    fix: "Run the `az role assignment create` command of the blocker or the message, then send the request again.",
  },
  WORKLOAD_IDENTITY_NOT_INSTALLED: {
    status: 500,
    retryable: false,
    cause: "The cluster does not have the workload identity webhook.",
    fix: "Enable workload identity, which installs it: az aks update --resource-group <group> --name <cluster> --enable-oidc-issuer --enable-workload-identity. On a cluster that is no AKS cluster: helm repo add azure-workload-identity https://azure.github.io/azure-workload-identity/charts && helm install workload-identity-webhook azure-workload-identity/workload-identity-webhook --namespace azure-workload-identity-system --create-namespace --set azureTenantID=<tenant>.",
  },
  IDENTITY_STILL_ASSIGNED: {
    status: 503,
    retryable: true,
    cause: "A node of the cluster still has the identity assigned.",
    fix: { nothing: "Mooring looks again", ifItLasts: "check aad-pod-identity's MIC" },
  },
  OIDC_ISSUER_MISMATCH: {
    status: 500,
    retryable: false,
    cause: "The cluster's OIDC issuer is not the one in the catalog (look at the trailing slash).",
    fix: "Copy oidcIssuerProfile.issuerUrl into the catalog exactly as `az aks show` prints it.",
  },
  // Others who depend on what an offboarding takes away
  IDENTITY_FEDERATED_BY_OTHERS: {
    status: 500,
    retryable: false,
    isTold: true,
    cause: "Somebody else federated a workload of theirs with the identity that would be removed.",
    fix: "Remove the credentials that the message names (az identity federated-credential delete), or offboard with {ignoreDependants}: they go with the identity.",
  },
  IDENTITY_HAS_ROLES: {
    status: 500,
    retryable: false,
    isTold: true,
    cause: "Somebody else gave the identity that would be removed a role in Azure.",
    fix: "Remove the assignments that the message names (az role assignment delete), or offboard with {ignoreDependants}: they stay behind and lead to nobody.",
  },
  IDENTITY_USED_BY_OTHERS: {
    status: 500,
    retryable: false,
    isTold: true,
    cause: "Service accounts that are not Mooring's are annotated with the identity that would be removed.",
    fix: "Take the annotation azure.workload.identity/client-id off the accounts that the message names, or offboard with {ignoreDependants}: they stay as they are and get no token.",
  },
  IDENTITY_BOUND_BY_OTHERS: {
    status: 500,
    retryable: false,
    isTold: true,
    cause: "AzureIdentityBindings that are not Mooring's give the AzureIdentity that would be removed to pods.",
    fix: "Remove the bindings that the message names, or offboard with {ignoreDependants}: they stay and bind nothing.",
  },
  NAMESPACE_IN_USE: {
    status: 500,
    retryable: false,
    isTold: true,
    cause: "Something runs or keeps data in the namespace, which Mooring created and would delete.",
    fix: "Remove what the message names, onboard the namespace with deletePolicy Keep, or offboard with {ignoreDependants}: all of it is deleted.",
  },
  // Verification and the operation itself
  PODS_STILL_USE_POD_IDENTITY: {
    status: 500,
    retryable: false,
    cause: "Pods with the label aadpodidbinding still run, and would lose their identity.",
    fix: "Deploy the pods that the message names with the new manifest fragment, then go on with {migrate}.",
  },
  PODS_STILL_USE_WORKLOAD_IDENTITY: {
    status: 500,
    retryable: false,
    cause:
      "Pods with the label azure.workload.identity/use and the service account still run, and would lose their identity.",
    fix: "Deploy the pods that the message names with the new manifest fragment, then go on with {migrateBack}.",
  },
  VERIFICATION_FAILED: {
    status: 500,
    retryable: false,
    cause: "What was read back is not what was asked for.",
    fix: "The message names each difference; send the request again when its cause is gone.",
  },
  COMPENSATION_FAILED: {
    status: 500,
    retryable: false,
    cause: "Something that the operation had created could not be removed.",
    fix: "The message names what is left; remove the obstacle, then {compensate}. What a migration has left, {migrate} puts right as well, and goes on.",
  },
  CHANGE_INCOMPLETE: {
    status: 500,
    retryable: false,
    cause: "The new state is in place, but something that it replaces could not be taken away.",
    fix: "Remove the obstacle that the message names, then send the same request again.",
  },
  BATCH_INCOMPLETE: {
    status: 500,
    retryable: false,
    cause: "Some namespaces of the batch did not succeed; the others did, and stay.",
    fix: "Read the error of each with {failedItems}, mend the cause, and send the batch again: what is done is left as it is.",
  },
  OPERATION_CANCELED: {
    status: 500,
    retryable: false,
    cause: "Somebody canceled the operation.",
    fix: "The message says what was undone. Send the request again when it is wanted after all.",
  },
  REJECTED: {
    status: 500,
    retryable: false,
    cause: "An approver rejected the request.",
    fix: "Read the comment; change the request and send it again.",
  },
  REGISTRY_UNAVAILABLE: {
    status: 503,
    retryable: true,
    cause: "The registry tables did not answer.",
    fix: { nothing: "Mooring tries again", ifItLasts: "check the storage account" },
  },
  // Service Bus
  SERVICE_BUS_UNAVAILABLE: {
    status: 503,
    retryable: true,
    cause: "Service Bus did not answer, or throttled the call.",
    fix: { nothing: "Mooring tries again", ifItLasts: "check the Service Bus namespace and the network between" },
  },
  SERVICE_BUS_FORBIDDEN: {
    status: 500,
    retryable: false,
    cause: "Service Bus refused Mooring's identity.",
    fix: "Give Mooring's identity Azure Service Bus Data Sender on the topic and Data Receiver on the queue, as infra/ does.",
  },
  SERVICE_BUS_REJECTED: {
    status: 500,
    retryable: false,
    cause: "Service Bus has no such queue or topic, has it disabled, or cannot take the message.",
    fix: "Read the message; create or enable the entity that it names, or report a message that is too large.",
  },
  MESSAGE_LOCK_LOST: {
    status: 503,
    retryable: true,
    cause: "The lock on a queue message had ended before the message was settled.",
    fix: {
      nothing: "Service Bus delivers the message again",
      ifItLasts: "raise the queue's lock duration",
    },
  },
  ORCHESTRATION_FAILED: {
    status: 500,
    retryable: false,
    cause:
      "The durable runtime, a defect or somebody who terminated it has ended the operation's orchestration, and taking it up again did not help.",
    fix: "Read the message and the host's log. If `leftUndone` names undos, run them with {compensate}; if the namespace is Incomplete without any, send the same request again or offboard it.",
  },
  UNEXPECTED: {
    // Whether a request may be sent again, nobody knows of what nobody foresaw; a step may always be tried again.
    status: 500,
    retryable: true,
    cause: "An error that Mooring has no entry for.",
    fix: { nothing: "Mooring tries again", ifItLasts: "report the message and the trace id" },
  },
} as const satisfies Record<string, StepErrorEntry> & { readonly [Code in RefusalCode]?: never };

export type StepErrorCode = keyof typeof stepErrors;
type CodesWith<Mark> = {
  [Code in StepErrorCode]: (typeof stepErrors)[Code] extends Mark ? Code : never;
}[StepErrorCode];
export type LastingStepErrorCode = CodesWith<{ readonly retryable: false }>;
export type PassingStepErrorCode = CodesWith<{ readonly retryable: true }>;
export type NoticeStepErrorCode = CodesWith<{ readonly isTold: true }>;

export function isStepErrorCode(code: string): code is StepErrorCode {
  return Object.hasOwn(stepErrors, code);
}

export function isLastingStepErrorCode(code: string): code is LastingStepErrorCode {
  return isStepErrorCode(code) && !stepErrors[code].retryable;
}

export function isPassingStepErrorCode(code: string): code is PassingStepErrorCode {
  return isStepErrorCode(code) && stepErrors[code].retryable;
}
