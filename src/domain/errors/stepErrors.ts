import type { ObstacleFix, PassingFix } from "./fix.ts";
import type { RefusalCode } from "./refusals.ts";

/** What makes a step fail or delays it, or the outcome of an operation whose steps have the details. */
type StepErrorEntry = {
  /** The HTTP status for a request that runs into it: a plan or a look makes the same calls as the steps. */
  readonly status: 500 | 503;
  /** It may be a notice instead. */
  readonly isNotice?: true;
  readonly cause: string;
} & (
  | { readonly retryable: false; readonly fix: string }
  /** Somebody removes it, and an undo waits for that. */
  | { readonly retryable: false; readonly isObstacle: true; readonly fix: ObstacleFix }
  | { readonly retryable: true; readonly fix: PassingFix }
);

export const stepErrors = {
  // Mooring's own identity, everywhere
  AUTHENTICATION_FAILED: passing(
    "Azure, a database or a cluster rejects Mooring's token, or Microsoft Entra issues none. Missing rights have other codes.",
    {
      nothing:
        "Mooring gets a new token and tries again, for as long as retry.authenticationTimeoutMs in the catalog allows",
      ifItLasts:
        "ask Mooring's operator to read the answer in the log and check the Function App's managed identity, a cluster's Entra integration or token file, or whether infra/sql/database-user.sql ran in the database",
    },
  ),
  // Profiles
  PROFILE_TOO_SMALL: lasting(
    "The profile's quota or limits are below what runs in the namespace today, or leave no room for the verification Job: pods that start again would be refused.",
    "Choose a larger profile ({catalog}), or end what the namespace does not need. The message has the figures.",
  ),
  CILIUM_NOT_INSTALLED: lasting(
    "The catalog says that the cluster has Cilium's network policies, and the cluster does not serve them.",
    "Correct network.policies of the cluster in the catalog, or turn on Advanced Container Networking Services.",
  ),
  // Azure Resource Manager and managed identities
  ARM_FORBIDDEN: lasting(
    "Azure refused the call because a permission is missing.",
    "Give Mooring's identity the action that the message names; infra/ defines the role.",
  ),
  ARM_REJECTED: lasting(
    "Azure refused the call as invalid.",
    "Read the message; if the catalog is right, report a bug in Mooring.",
  ),
  ARM_THROTTLED: passing("Azure answered 429: too many calls.", {
    nothing: "Mooring waits as long as Azure asks, then tries again",
  }),
  ARM_UNAVAILABLE: passing("Azure did not answer, or answered with a server error.", {
    nothing: "Mooring reads the state back and tries again",
    ifItLasts: "check Azure's status page",
  }),
  ARM_CONCURRENT_WRITE: passing(
    "Azure answered 412: something else has written the resource since Mooring looked at it, or is writing it now. Nothing was changed.",
    {
      nothing: "Mooring reads the resource again, then tries again",
      ifItLasts:
        "find out what else writes the resource that the message names, such as a pipeline or a second installation of Mooring, and let it pause",
    },
  ),
  ARM_LOCKED: obstacle("A management lock in Azure forbids the change.", {
    remove:
      "Ask the owner of the lock that the message names to remove it for the time of the operation, or to replace it with a narrower one",
    next: "Then run the operation again",
  }),
  // Targets with roles in Azure
  TARGET_MISSING: lasting(
    "Azure does not have the resource that the catalog names for the target, or the part of it, such as a container or a queue.",
    "Correct the target in the catalog, or create what it names.",
  ),
  TARGET_MOVED: lasting(
    "The catalog has the target in another place than where the namespace has it, or was accepted to get it. Nothing is given there unless somebody asks for it.",
    "Send the namespace's request again: it gives access at the new place and last revokes it at the earlier one. With a database of a SQL server, send it first without the database, which revokes it where it is, and then with it.",
  ),
  TARGET_WITHOUT_ROLES: lasting(
    "The resource ignores roles in Azure: a key vault does so while it uses access policies.",
    "Set the vault's permission model to Azure role-based access control (enableRbacAuthorization); first give the roles that its access policies gave.",
  ),
  TARGET_ACCESS_CONFLICT: lasting(
    "Somebody else gave the identity the same role on the target, and it is limited by a condition, or adoptionPolicy is Never.",
    "Remove the role assignment if nobody needs it (`az role assignment delete --ids <id>`; in Cosmos DB, the one of the account that the message names); without a condition, adoptionPolicy IfIdentical uses it as it is.",
  ),
  ROLE_ASSIGNMENT_EXISTS: lasting(
    "Azure already has an assignment of this role to this identity, under another name.",
    "Run the operation again: it uses the assignment as it is, if adoptionPolicy allows.",
  ),
  ROLE_ASSIGNMENT_LIMIT: lasting(
    "The subscription has no room for the role assignments that are missing: Azure allows 4,000.",
    "Delete assignments that nobody needs, such as those of deleted identities, or give common roles to groups (learn.microsoft.com, Troubleshoot Azure RBAC limits).",
  ),
  PRINCIPAL_NOT_YET_VISIBLE: passing("The new identity is not known everywhere in Microsoft Entra yet.", {
    nothing: "Mooring tries again",
  }),
  // Azure Database for PostgreSQL
  POSTGRES_MISSING: lasting(
    "The PostgreSQL server has no such database, or the database no such schema.",
    "Correct the target's database or schema in the catalog, or create it.",
  ),
  POSTGRES_NOT_ENTRA: lasting(
    "The PostgreSQL server lacks the functions for roles of Microsoft Entra.",
    "Turn on Microsoft Entra authentication: `az postgres flexible-server update --resource-group <group> --name <server> --microsoft-entra-auth Enabled`. Only a Flexible Server has it.",
  ),
  POSTGRES_FIREWALL: obstacle("The PostgreSQL server takes no connection from Mooring's address.", {
    remove: "Allow the Function App's outbound addresses, or connect it through a private endpoint",
  }),
  POSTGRES_FORBIDDEN: lasting(
    "Mooring's role may not do this on the PostgreSQL server: it is no Microsoft Entra administrator there, or may not act for the role that owns the schema or tables. The role still has what the message names.",
    'Make Mooring\'s identity an administrator (`az postgres flexible-server microsoft-entra-admin create --resource-group <group> --server-name <server> --display-name <name> --object-id <its principal ID> --type ServicePrincipal`), and run `GRANT "<owner>" TO "<Mooring\'s role>"` for every owner that the message names.',
  ),
  POSTGRES_ROLE_CONFLICT: lasting(
    "The PostgreSQL server has a role with this name that is somebody else's, or that adoptionPolicy forbids to use.",
    "Drop or rename the role if nobody needs it. One that lets in the same identity is used with adoptionPolicy IfIdentical.",
  ),
  POSTGRES_PRINCIPAL_TAKEN: lasting(
    "The identity is also another role on the PostgreSQL server, which somebody else made and which has rights there.",
    'If nobody needs the role, drop it: `DROP OWNED BY "<role>"` in each database, then `DROP ROLE "<role>"`. Otherwise revoke what it has on the schema, by itself or as a member of other roles.',
  ),
  POSTGRES_ROLE_IN_USE: lasting(
    "The role has something in databases of the PostgreSQL server that Mooring did not give, and so cannot be dropped.",
    'Read what the message names: the workload made it, and functions and views run with the rights of their owner. In each database, `DROP OWNED BY "<role>"` drops it. What you keep, give to a role that may do nothing else, never to an administrator (`REASSIGN OWNED BY "<role>" TO "<such a role>"`).',
  ),
  POSTGRES_REJECTED: lasting(
    "PostgreSQL refused the statement.",
    "Read the message; if the catalog is right, report a bug in Mooring.",
  ),
  POSTGRES_UNAVAILABLE: passing(
    "The PostgreSQL server did not answer, closed the connection, or is short of something.",
    {
      nothing: "Mooring reads the state back and tries again",
      ifItLasts: "check the server's state and metrics in Azure",
    },
  ),
  IDENTITY_CONFLICT: lasting(
    "An identity with this name exists and belongs to someone else.",
    "Remove the identity if nobody needs it, or set adoptionPolicy to Always. An identity of another onboarded namespace goes when that namespace is offboarded.",
  ),
  IDENTITY_UNRECORDED: lasting(
    "There is an identity that Mooring made or used, and no record says that it belongs to the namespace as it is now. Either the request would use it, or the namespace's pods can use it beside the identity of the request. Used is one for which Mooring wrote a federated credential, an identity binding, a service account's annotation, an AzureIdentity, a database user or a role. Anyone who uses it has everything that it can reach. Or a user or a role on a target has the namespace's mark, and is of an identity that no record knows.",
    "Only an operator decides. With {dryRun} an operator sees what the identity can reach. If it belongs to the namespace, send the request with {adoptIdentity}; otherwise remove it (`az identity delete`), or the user or role that the message names, and send the request again. Where it is not the identity of the request, the plan says what to do.",
  ),
  IDENTITY_HAS_ACCESS: lasting(
    "The identity that would be used has access to databases or other targets that the request does not name or, if Mooring made it for a request that no record knows, has more roles than the request asks for.",
    "Ask for these databases, targets and roles, too, or drop the users and roles there. A verification or a plan by an operator names them.",
  ),
  FEDERATED_CREDENTIAL_CONFLICT: lasting(
    "The identity has a federated credential with this name for another subject.",
    "Remove that credential, or use another service account.",
  ),
  FEDERATED_CREDENTIAL_LIMIT: lasting(
    "The identity already has 20 federated credentials, Azure's limit.",
    "Remove federated credentials that are no longer in use, or in AKS use identityMode identityBinding, which needs one for any number of clusters and service accounts (docs/identityModes.md).",
  ),
  IDENTITY_BINDING_UNAVAILABLE: lasting(
    "The cluster cannot have identity bindings: it is not there, its API server is integrated into a virtual network, workload identity or its webhook's part for bindings is off, or the subscription lacks the API.",
    "Correct what the message names (docs/identityModes.md), or use identityMode workloadIdentity. An unregistered provider: `az provider register --namespace Microsoft.ContainerService`.",
  ),
  IDENTITY_BINDING_CONFLICT: lasting(
    "An identity binding with Mooring's name binds another identity, or one of somebody else binds this one and adoptionPolicy is Never.",
    "Remove the binding that the message names if nobody needs it (`az aks identity-binding delete`); adoptionPolicy IfIdentical uses somebody else's as it is.",
  ),
  MANAGED_NAMESPACES_UNAVAILABLE: lasting(
    "The subscription lacks the API of managed namespaces, which the catalog says that the cluster has.",
    "Register the provider (`az provider register --namespace Microsoft.ContainerService`), or take managedNamespaces of the cluster out of the catalog (docs/profiles.md).",
  ),
  MANAGED_NAMESPACE_CONFLICT: lasting(
    "The managed namespace has other values than the profile, which are somebody else's or belong to another namespace of the catalog.",
    "Give the managed namespace what the profile says (`az aks namespace update`), choose another profile, or set adoptionPolicy to Always: Mooring then writes the profile there, and puts the other values back in the end.",
  ),
  CONCURRENT_CREDENTIAL_WRITE: passing(
    "Another federated credential of the identity was being written at the same time.",
    { nothing: "Mooring tries again" },
  ),
  SQL_SERVER_MISSING: lasting(
    "Azure has no SQL server with the resource ID in the catalog.",
    "Correct the server's resourceId in the catalog, or create the server.",
  ),
  SQL_ADMIN_MISSING: lasting(
    "The SQL server has no Microsoft Entra administrator.",
    "Set one, preferably a group: `az sql server ad-admin create --subscription <subscription> --resource-group <group> --server <server> --display-name <group> --object-id <its object ID>`. It need not be Mooring's identity (infra/README.md).",
  ),
  SQL_ADMIN_CONFLICT: lasting(
    "The SQL server has a different Microsoft Entra administrator from the one in the catalog. Mooring never replaces one.",
    "Correct or remove the server's entraAdmin in the catalog, or set the administrator it names: `az sql server ad-admin create`.",
  ),
  // Azure SQL
  SQL_LOGIN_FAILED: lasting(
    "The database refused the login of Mooring's identity. Only in operations of 0.1.0; later releases report AUTHENTICATION_FAILED.",
    "Run infra/sql/database-user.sql in the database, or make Mooring's identity the server's Entra administrator.",
  ),
  SQL_FIREWALL: obstacle("The SQL server's firewall refused Mooring's address.", {
    remove: "Allow the Function App's outbound addresses, or connect it through a private endpoint",
  }),
  SQL_FORBIDDEN: lasting(
    "Mooring's database user lacks a permission.",
    "Run in that database, as a member of db_owner, what the message names; infra/sql/database-user.sql has everything that Mooring needs.",
  ),
  SQL_USER_CONFLICT: lasting(
    "A database user with this name exists with another SID and is not Mooring's.",
    "Drop or rename the existing user, then send the request again.",
  ),
  SQL_SID_TAKEN: lasting(
    "The identity already has a database user under another name.",
    "Drop the other user, or set adoptionPolicy to Always.",
  ),
  TARGET_ACCESS_OF_OTHERS: lastingOrNotice(
    "Somebody else gave the identity access to a target that the operation removes, or made another PostgreSQL role for it. What Mooring gave goes, and that access stays; a team may not take the namespace over with it.",
    "Remove it: `az role assignment delete`, `az cosmosdb sql role assignment delete`; on a PostgreSQL server `REVOKE`, or `DROP ROLE`.",
  ),
  SQL_USER_OF_OTHERS: lastingOrNotice(
    "Somebody else made a database user for the identity. What Mooring gave goes, and that user stays; a team may not take the namespace over with it.",
    "If nobody needs the user, run `DROP USER` in the database.",
  ),
  SQL_USER_OWNS_SCHEMA: lasting(
    "The database user owns a schema, a certificate or the like, and cannot be dropped (15138).",
    "Run `ALTER AUTHORIZATION ON SCHEMA::[name] TO [dbo]` (or CERTIFICATE::[name]), then run the operation again.",
  ),
  SQL_USER_HAS_DEPENDANTS: lasting(
    "The database user owns roles or objects, or has granted permissions to others, and cannot be dropped (15421, 15183, 15284).",
    "Run `ALTER AUTHORIZATION ON ROLE::[name] TO [dbo]` (or OBJECT::[name]), and grant again, as another user, what it has granted; then run the operation again.",
  ),
  SQL_USER_HAS_PERMISSIONS: lasting(
    "The user with the stale SID has permissions from someone else that a new user would lack.",
    "Note the permissions that the message names, revoke them from the user, run the operation again, and grant them to the new user.",
  ),
  SQL_PRINCIPAL_UNRESOLVED: lasting(
    "SQL could not find the identity in Microsoft Entra (33134).",
    "Give the server's identity the role Directory Readers, or set userCreation: sid for the server in the catalog.",
  ),
  SQL_PRINCIPAL_NOT_YET_VISIBLE: passing("The new identity is not yet visible to SQL (33130).", {
    nothing: "Mooring tries again",
  }),
  SQL_ROLE_MISSING: lasting(
    "The database has no role with this name (15151).",
    "Run infra/sql/database-user.sql in that database, as a member of db_owner: it makes Mooring's roles. Or ask for another role bundle.",
  ),
  SQL_REJECTED: lasting(
    "The database refused the statement.",
    "Read the message and its error number; if the database matches the catalog, report a bug in Mooring.",
  ),
  SQL_UNAVAILABLE: passing("The database is resuming, failing over or throttling.", {
    nothing: "Mooring tries again; a paused serverless database takes about a minute",
    ifItLasts: "look at the database in Azure",
  }),
  // Kubernetes
  CLUSTER_UNREACHABLE: passing("The cluster's API server did not answer.", {
    nothing: "Mooring tries again",
    ifItLasts: "check the cluster and its authorized IP ranges",
  }),
  CLUSTER_CERTIFICATE_UNTRUSTED: lasting(
    "Mooring does not trust the authority that signed the API server's certificate. AKS and most other clusters sign it with an authority of their own.",
    "Set the cluster's certificateAuthority in the catalog: certificate-authority-data of its kubeconfig (for AKS: `az aks get-credentials`), decoded, as docs/catalog.md shows.",
  ),
  CLUSTER_UNAUTHORIZED: lasting(
    "The cluster does not accept Mooring's token. Only in operations of 0.1.0; later releases report AUTHENTICATION_FAILED.",
    "Enable Microsoft Entra integration on the cluster and bind Mooring's identity.",
  ),
  KUBERNETES_FORBIDDEN: lasting(
    "The cluster's RBAC refused the call.",
    "Apply the files of infra/kubernetes that the cluster needs (infra/README.md).",
  ),
  KUBERNETES_ADMISSION_DENIED: obstacle("An admission policy or webhook of the cluster refused the object.", {
    remove: "Satisfy the policy that the message names, or ask its owner to exempt Mooring's objects",
  }),
  MANAGED_NAMESPACE_REFUSED: lasting(
    "Azure Resource Manager manages the namespace, and AKS refuses to let anybody else change what belongs to it: the namespace's labels and annotations, its default quota and network policy.",
    "Change it in Azure (`az aks namespace update`), or let profiles be written there: managedNamespaces of the cluster in the catalog (docs/profiles.md).",
  ),
  KUBERNETES_ALTERED: lasting(
    "Something in the cluster keeps changing fields that Mooring sets.",
    "Exempt Mooring's objects from the mutating webhook or policy that sets the fields in the message.",
  ),
  KUBERNETES_QUOTA_EXCEEDED: lasting(
    "The object would exceed the namespace's resource quota.",
    "Raise the ResourceQuota that the message names, or delete unused objects.",
  ),
  DRY_RUN_UNSUPPORTED: lastingOrNotice(
    "An admission webhook of the cluster does not support dry runs.",
    "Nothing: the plan says what it could not check. Declare sideEffects None or NoneOnDryRun on the webhook.",
  ),
  KUBERNETES_REJECTED: lasting(
    "The cluster refused the object as invalid.",
    "Read the message; an admission policy of the cluster may need to change.",
  ),
  KUBERNETES_THROTTLED: passing("The API server answered 429, or asked to try again.", {
    nothing: "Mooring tries again",
  }),
  KUBERNETES_OBJECT_GOING: passing("An object that the namespace needs is being deleted, and something may hold it.", {
    nothing: "Mooring looks again until it is gone, and then makes it",
    ifItLasts: "remove the finalizers that the message names (`kubectl edit`)",
  }),
  KUBERNETES_CONFLICT: lasting(
    "Another manager owns a field that Mooring has to set, or the object is not Mooring's.",
    "Remove the object, have its owner give up the field, or set adoptionPolicy to Always. An object of another onboarded namespace goes when that namespace is offboarded.",
  ),
  POD_IDENTITY_NOT_INSTALLED: lasting(
    "The cluster does not have the aad-pod-identity CRDs.",
    "Use identityMode workloadIdentity, or install the last chart of aad-pod-identity, which is archived and unmaintained: `helm upgrade --install aad-pod-identity aad-pod-identity --repo https://raw.githubusercontent.com/Azure/aad-pod-identity/master/charts --version 4.1.18 --namespace kube-system --set-string forceNamespaced=true` (see infra/sample/README.md).",
  ),
  SELECTOR_SHARED: lasting(
    "Another AzureIdentityBinding selects the same pods for another identity: aad-pod-identity could give them either.",
    "Remove the AzureIdentityBinding that the message names if nobody needs it, or ask for another selector and deploy the pods with it.",
  ),
  KUBELET_ROLE_MISSING: lasting(
    "The kubelet identity lacks a role that aad-pod-identity needs.",
    "Run the `az role assignment create` command in the message, then send the request again.",
  ),
  WORKLOAD_IDENTITY_NOT_INSTALLED: lasting(
    "The cluster does not have the workload identity webhook.",
    "Enable workload identity, which installs it: `az aks update --resource-group <group> --name <cluster> --enable-oidc-issuer --enable-workload-identity`. Outside AKS: `helm repo add azure-workload-identity https://azure.github.io/azure-workload-identity/charts && helm install workload-identity-webhook azure-workload-identity/workload-identity-webhook --namespace azure-workload-identity-system --create-namespace --set azureTenantID=<tenant>`.",
  ),
  IDENTITY_STILL_ASSIGNED: passing("A node of the cluster still has the identity assigned.", {
    nothing: "Mooring looks again",
    ifItLasts: "check the MIC of aad-pod-identity",
  }),
  OIDC_ISSUER_MISMATCH: lasting(
    "The cluster's OIDC issuer differs from the one in the catalog (check the trailing slash).",
    "Copy the issuer into the catalog letter by letter: for AKS oidcIssuerProfile.issuerUrl as `az aks show` prints it; for another cluster as `kubectl get --raw /.well-known/openid-configuration` says. If the cluster has a new issuer, then run {repair} for each of its namespaces.",
  ),
  OIDC_ISSUER_UNREACHABLE: passing(
    "The address of the cluster's OIDC issuer does not answer. Microsoft Entra reads it to verify tokens.",
    {
      nothing: "Mooring tries again",
      ifItLasts: "check whether the documents of the issuer are published there (docs/clusters.md)",
    },
  ),
  OIDC_ISSUER_UNUSABLE: lasting(
    "Microsoft Entra cannot verify tokens of the cluster with what its OIDC issuer publishes: a document or a key is missing or wrong, or its certificate is not trusted.",
    "Publish the discovery document and the cluster's public keys at the issuer's address, as docs/clusters.md shows; after a change of the signing key, publish the new one.",
  ),
  // Identities that several namespaces use
  SHARED_IDENTITY_UNAVAILABLE: lasting(
    "The namespace whose identity is to be shared is not onboarded for the same team with an identity of its own, or that identity was replaced.",
    "Onboard or repair the namespace that the message names first. A namespace of another team cannot share its identity.",
  ),
  SHARED_IDENTITY_BUSY: passing(
    "An operation is changing the namespace whose identity is to be shared, or another one that shares it.",
    { nothing: "Mooring tries again", ifItLasts: "wait for the operation to end" },
  ),
  SHARED_IDENTITY_LACKS: lasting(
    "The request asks for access that the namespace whose identity it shares does not have, or has for a shorter time. Only that one's access is given and taken.",
    "Ask for it in that namespace first, then send the request again.",
  ),
  SHARED_IDENTITY_IN_USE: lasting(
    "Other namespaces use the identity, and would lose it or access that they have asked for.",
    "Change or offboard the namespaces that the message names first.",
  ),
  SHARED_IDENTITY_BOUND: lasting(
    "Another namespace already binds the shared identity to the same cluster, which Azure does once.",
    "Use identityMode workloadIdentity in all but one of the namespaces that share an identity in a cluster.",
  ),
  // Others who depend on what an offboarding removes
  IDENTITY_FEDERATED_BY_OTHERS: lastingOrNotice(
    "Someone else has federated a workload with the identity that would be removed.",
    "Remove the credentials that the message names (`az identity federated-credential delete`), or offboard with {ignoreDependants}: they are removed with the identity.",
  ),
  IDENTITY_HAS_ROLES: lastingOrNotice(
    "Someone else has given the identity that would be removed a role in Azure.",
    "Remove the assignments that the message names (`az role assignment delete`), or offboard with {ignoreDependants}: they stay behind without a principal.",
  ),
  IDENTITY_USED_BY_OTHERS: lastingOrNotice(
    "Service accounts that are not Mooring's are annotated with the identity that would be removed.",
    "Remove the annotation azure.workload.identity/client-id from the accounts that the message names, or offboard with {ignoreDependants}: they stay as they are but get no token.",
  ),
  IDENTITY_BOUND_BY_OTHERS: lastingOrNotice(
    "AzureIdentityBindings that are not Mooring's bind pods to the AzureIdentity that would be removed.",
    "Remove the bindings that the message names, or offboard with {ignoreDependants}: they stay but bind nothing.",
  ),
  NAMESPACE_HELD: obstacle(
    "Something keeps the namespace, or what Mooring put into one that stays, from being deleted, such as a finalizer whose controller is gone.",
    {
      remove:
        "Remove what the message names, or its finalizer (`kubectl edit`); `kubectl get namespace -o yaml` shows what is left",
      next: "Then offboard the namespace again, or run the undo again: {compensate}",
    },
  ),
  NAMESPACE_IN_USE: lastingOrNotice(
    "Others have something in the namespace, which Mooring created and deletes with it, because the caller said so.",
    "To keep the namespace with what the message names, offboard without {ignoreDependants}.",
  ),
  // Verification and the operation itself
  PODS_STILL_USE_POD_IDENTITY: lasting(
    "Pods with the label aadpodidbinding are still running and would lose their identity.",
    "Deploy the pods that the message names with the new manifest fragment, then continue with {migrate}.",
  ),
  PODS_STILL_USE_WORKLOAD_IDENTITY: lasting(
    "Pods with the label azure.workload.identity/use and the service account are still running and would lose their identity.",
    "Deploy the pods that the message names with the new manifest fragment, then continue with {migrateBack}, or {migrate} to the mode that they get.",
  ),
  PODS_STILL_USE_IDENTITY_BINDING: lasting(
    "Pods with the annotation azure.workload.identity/use-identity-binding and the service account are still running and would lose their identity.",
    "Deploy the pods that the message names with the new manifest fragment, then continue with {migrate}.",
  ),
  VERIFICATION_FAILED: lasting(
    "What Mooring read back is not what the request asks for.",
    "The message names each difference. Fix the cause, then send the request again.",
  ),
  RECORD_LOST: lasting(
    "The registry lost the namespace's row while the operation ran: nothing knows any more what the namespace has.",
    "The message names what is there. Restore the table (docs/runbook.md), or onboard the namespace again with {adoptIdentity}, and offboard it if nobody needs it.",
  ),
  COMPENSATION_FAILED: lasting(
    "Something that the operation created could not be removed.",
    "The message names what is left. Remove the obstacle, then {compensate}. After a migration, {migrate} also cleans up and continues.",
  ),
  UNDO_GIVEN_UP: lasting(
    "An operator canceled an operation whose undos went on because something could not be reached, or refused them.",
    "Run the undos again with {compensate} when nothing is in their way.",
  ),
  CHANGE_INCOMPLETE: lasting(
    "A change stopped after its point of no return: something that it replaces could not be removed, or access has ended and the rest could not be done.",
    "Remove the obstacle that the message names, then send the same request again. Where access has ended, Mooring tries again by itself.",
  ),
  BATCH_INCOMPLETE: lasting(
    "Some namespaces of the batch failed. The others succeeded and stay as they are.",
    "Read the errors with {failedItems}, fix their causes, and send the batch again: namespaces that are done stay as they are.",
  ),
  OPERATION_CANCELED: lasting(
    "Someone canceled the operation.",
    "The message says what was undone. Send the request again if you still want it.",
  ),
  REJECTED: lasting(
    "An approver rejected the request.",
    "Change what the message says, or ask who rejected it what to change, and send it again.",
  ),
  REGISTRY_UNAVAILABLE: passing("The registry tables did not answer.", {
    nothing: "Mooring tries again",
    ifItLasts: "check the storage account",
  }),
  RECORD_UNREADABLE: passing(
    "A row of the registry was written by a newer release, or changed by hand, and cannot be read. Other namespaces are not affected.",
    {
      nothing: "Mooring tries again",
      ifItLasts: "deploy the release that wrote the row, or repair the row that the message names (docs/runbook.md)",
    },
  ),
  // Service Bus
  SERVICE_BUS_UNAVAILABLE: passing("Service Bus did not answer, or throttled the call.", {
    nothing: "Mooring tries again",
    ifItLasts: "check the Service Bus namespace and the network in between",
  }),
  SERVICE_BUS_FORBIDDEN: lasting(
    "Service Bus refused Mooring's identity.",
    "Give Mooring's identity Azure Service Bus Data Sender on the topic and Data Receiver on the queue, as infra/ does.",
  ),
  SERVICE_BUS_REJECTED: lasting(
    "The Service Bus queue or topic does not exist, is disabled, or cannot take the message.",
    "Read the message, then create or enable the queue or topic that it names; report a message that is too large.",
  ),
  MESSAGE_LOCK_LOST: passing("The lock on a queue message expired before the message was settled.", {
    nothing: "Service Bus delivers the message again",
    ifItLasts: "raise the queue's lock duration",
  }),
  ORCHESTRATION_FAILED: lasting(
    "The operation's orchestration failed or was terminated, and resuming it did not help.",
    "Read the message and the host's log. If `leftUndone` names undos, run them with {compensate}; if the namespace is Incomplete and no undo is named, send the same request again or offboard it.",
  ),
  UNEXPECTED: {
    // Not 503: for an unforeseen error, nobody knows whether the request may be sent again. A step can always be retried.
    status: 500,
    retryable: true,
    cause: "An error that Mooring does not know.",
    fix: { nothing: "Mooring tries again", ifItLasts: "report the message and the trace ID" },
  },
} as const satisfies Record<string, StepErrorEntry> & { readonly [Code in RefusalCode]?: never };

export type StepErrorCode = keyof typeof stepErrors;
type CodesWith<Mark> = {
  [Code in StepErrorCode]: (typeof stepErrors)[Code] extends Mark ? Code : never;
}[StepErrorCode];
export type LastingStepErrorCode = CodesWith<{ readonly retryable: false }>;
export type PassingStepErrorCode = CodesWith<{ readonly retryable: true }>;
export type NoticeStepErrorCode = CodesWith<{ readonly isNotice: true }>;

/** The step fails with it. */
function lasting(cause: string, fix: string) {
  return { status: 500, retryable: false, cause, fix } as const;
}

/** The same, or only a notice: if it concerns only a dry run, or if the caller has chosen to continue. */
function lastingOrNotice(cause: string, fix: string) {
  return { ...lasting(cause, fix), isNotice: true } as const;
}

/** The step fails with it. An undo goes on: what it cannot reach, or what refuses it for now, somebody has to change. */
function obstacle(cause: string, fix: ObstacleFix) {
  return { status: 500, retryable: false, isObstacle: true, cause, fix } as const;
}

/** The durable runtime retries the step: until it gives up, there is nothing to do. */
function passing(cause: string, fix: PassingFix) {
  return { status: 503, retryable: true, cause, fix } as const;
}

function isStepErrorCode(code: string): code is StepErrorCode {
  return Object.hasOwn(stepErrors, code);
}

export function isLastingStepErrorCode(code: string): code is LastingStepErrorCode {
  return isStepErrorCode(code) && !stepErrors[code].retryable;
}

export function isPassingStepErrorCode(code: string): code is PassingStepErrorCode {
  return isStepErrorCode(code) && stepErrors[code].retryable;
}

export function isObstacle(code: string): boolean {
  return isStepErrorCode(code) && "isObstacle" in stepErrors[code];
}
