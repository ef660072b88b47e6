/**
 * What reading a namespace back can find. The code determines how bad it is, whether a repair may fix it, and what a person has
 * to do otherwise; tools/writeErrorReference.ts writes docs/findings.md from this table.
 *
 * Error: access is broken or cannot be proven. Warning: more rights or objects than the request asks for, or a part of them
 * denied. Info: cosmetic.
 */
import { fixDocument } from "./fix.ts";
import { stepErrors } from "./stepErrors.ts";

export const severities = ["Info", "Warning", "Error"] as const;
type Severity = (typeof severities)[number];

interface FindingEntry {
  readonly severity: Severity;
  /** A repair can fix it without touching what is not Mooring's. */
  readonly repairable: boolean;
  readonly cause: string;
  readonly fix: string;
}

const repair = "{repair} fixes it.";

export const findingCatalogue = {
  IDENTITY_MISSING: error("The managed identity is gone.", `${repair} The new identity has another client ID.`),
  IDENTITY_REPLACED: error(
    "The managed identity was deleted and created again: its client ID is not the one that was onboarded.",
    "{repair} gives the new client ID to users and objects if the identity has Mooring's tags; otherwise remove the identity first.",
  ),
  IDENTITY_UNRECORDED: broken(
    "An identity has Mooring's tags, and no record knows it: the registry lost its namespace's row, or its write took effect late. It keeps whatever it can open.",
    "A plan of its namespace shows an operator what it can open. Onboard the namespace with {adoptIdentity}, or remove the identity: `az identity delete`.",
  ),
  IDENTITY_USE_UNRECORDED: broken(
    "Pods can use an identity that was there before Mooring by what Mooring wrote (a federated credential, an identity binding, a service account's annotation, an AzureIdentity), and no record knows that. The registry lost the namespace's row, or the write took effect late.",
    "Onboard the namespace with {adoptIdentity}, then repair it: what nobody asks for any more goes. Or remove what `found` names: `az identity federated-credential delete`, `az aks identity-binding delete`, `kubectl delete`; from a service account of others, the annotation `azure.workload.identity/client-id`.",
  ),
  IDENTITY_TAGS_ADDED: info(
    "Someone tagged the identity.",
    "Nothing: Mooring keeps its own tags and leaves the others.",
  ),
  SHARED_ACCESS_MISSING: broken(
    "The namespace whose identity this one uses is not onboarded, or does not have what this one asks for.",
    "Onboard or change the namespace that `found` names, or ask for less here.",
  ),
  SHARED_ACCESS_BROKEN: broken(
    "In the namespace whose identity this one uses, access is broken that this one has asked for, too.",
    "Repair the namespace that `found` names.",
  ),
  SHARED_IDENTITY_UNLISTED: warning(
    "The record of the namespace whose identity this one uses does not name this one, perhaps because its row was lost: it would not keep what this one has asked for.",
    "{repair} names it there again.",
  ),
  ROLE_ADDED: foreign(
    "Someone gave the identity a role in Azure, for something that the catalog does not have.",
    "Nothing, if it is intended; otherwise remove it: `az role assignment delete`.",
  ),
  ROLE_ON_TARGET: broken(
    "Someone gave the identity a role in Azure on a SQL server or another target of the catalog: it may open more than the request asks for.",
    "Find out who gave it and why; then remove it: `az role assignment delete`.",
  ),
  ROLES_UNSEEN: info(
    "Mooring cannot read the role assignments everywhere, so it cannot tell which roles the identity has there: it looks in the subscriptions of the catalog, and in 20 others in which it has a role.",
    "Nothing, if it is intended; otherwise give Mooring's identity Microsoft.Authorization/roleAssignments/read at the scopes in `found`.",
  ),
  CREDENTIAL_MISSING: error("No federated credential matches the cluster and the service account.", repair),
  CREDENTIAL_CHANGED: error("Mooring's federated credential was changed.", repair),
  CREDENTIAL_SURPLUS: error(
    "A federated credential has a name that only Mooring gives, and no record asks for it: it is left over, or its write took effect late. Its tokens also open the databases.",
    `${repair} It removes the credential.`,
  ),
  CREDENTIAL_ADDED: foreign(
    "Someone gave the identity another federated credential: its tokens also open the databases.",
    "If nobody needs the credential, remove it: `az identity federated-credential delete`.",
  ),
  ISSUER_UNUSABLE: broken(
    "Microsoft Entra cannot verify tokens of a cluster outside Azure: its issuer is another one than the catalog's, or what it publishes is missing or wrong.",
    "`found` says what. Publish the issuer, or correct the catalog (docs/clusters.md).",
  ),
  BINDING_MISSING: error("No identity binding binds the identity to the cluster.", repair),
  BINDING_CHANGED: error(
    "The identity binding is not ready, is of an earlier identity, or the credential that Azure gives the identity for its bindings is gone.",
    `${repair} It makes the binding anew. One that binds another identity has to be removed first: \`az aks identity-binding delete\`.`,
  ),
  BINDING_SURPLUS: error(
    "An identity binding has a name that only Mooring gives, and no record asks for it: it is left over, or its write took effect late.",
    `${repair} It removes the binding.`,
  ),
  IDENTITY_USE_DENIED: broken(
    "The cluster's authorization does not let the service account use the bound identity, so its pods get no token.",
    "If an object of the namespace is missing or changed, {repair} fixes it. Otherwise ask who runs the cluster: another authorizer may deny it.",
  ),
  IDENTITY_USE_SURPLUS: error(
    "A ClusterRole or ClusterRoleBinding with Mooring's mark lets a service account use the identity, and no record asks for it: it is left over, or its write took effect late.",
    `${repair} It removes the object.`,
  ),
  USER_MISSING: error("The database has no user for the identity.", repair),
  USER_RENAMED: broken(
    "The identity's database user was renamed, so Mooring no longer recognizes it.",
    "Run `ALTER USER [found] WITH NAME = [expected]`, or drop the user and repair.",
  ),
  USER_ADDED: broken(
    "The identity has a database user that the request does not know: it also opens this database.",
    "Find out who made it and why; then run `DROP USER [found]`, or ask for the database in the request.",
  ),
  ROLE_RENAMED: error(
    "Somebody renamed the namespace's role on a PostgreSQL server: it still lets the identity in, under the other name.",
    `${repair} It gives up that role.`,
  ),
  USERS_UNSEEN: foreign(
    "Mooring could not look for the identity's users in other databases of the catalog.",
    "`found` names the databases and the error codes; docs/errors.md has their fixes. Verify again when they can be read.",
  ),
  TARGET_REACHED: broken(
    "The identity can use a target of the catalog that the request does not name, or more of it: by a role in a Cosmos DB account, or by rights of a role on a PostgreSQL server. Another role there that lets the identity in counts on every schema.",
    "Find out who gave it and why; then remove it (`az cosmosdb sql role assignment delete`; on the server `REVOKE`, or `DROP ROLE` for another role), or ask for the target in the request.",
  ),
  TARGET_MOVED: broken(
    "The catalog has the target in another place than where the namespace has it. The namespace keeps what it has; nothing is given in the new place unless somebody asks for it.",
    stepErrors.TARGET_MOVED.fix,
  ),
  TARGET_FORBIDDEN: broken(
    "The catalog's rules now forbid what the namespace has on a target: its access words, the team's rights, the environment, how long it may last, or an approval that nobody gave. It keeps what it has, and a repair gives nothing there.",
    "`found` says which rule. Send the request without the target or with what is allowed, which for an approval is the same request again; or correct the catalog.",
  ),
  TARGET_GONE: broken(
    "Azure no longer has the resource of a target, or the part of it that the catalog names, so the namespace's access there is gone.",
    stepErrors.TARGET_MISSING.fix,
  ),
  ROLES_IGNORED: broken(
    "The resource of a target ignores roles in Azure now, so the namespace's access there has no effect: a key vault does so while it uses access policies.",
    stepErrors.TARGET_WITHOUT_ROLES.fix,
  ),
  TARGETS_UNSEEN: foreign(
    "Mooring could not look for what the identity can use of other targets of the catalog.",
    "`found` names the targets and the error codes; docs/errors.md has their fixes. Verify again when they can be read.",
  ),
  USER_SID_STALE: error("The user's SID is not the identity's client ID: nobody can log in as this user.", repair),
  GRANT_MISSING: error("A role or permission from the request is missing.", repair),
  GRANT_SURPLUS: error(
    "The identity has a role, permission or user with Mooring's mark or name, and the record does not say that Mooring gave it there: it is left over, its write took effect late, or somebody copied the mark.",
    `${repair} It removes what \`found\` names.`,
  ),
  GRANT_UNRECORDED: foreign(
    "A role on a target has Mooring's mark and name for the namespace, and no record knows the principal in `found`: an earlier identity that a lost record knew, or one of another installation of Mooring.",
    "If it was the namespace's, an operator repairs the namespace ({repair}) with {adoptIdentity}, which removes it. Otherwise remove it, or its description: `az role assignment delete`.",
  ),
  GRANT_BY_FIXED_ROLE: warning(
    "Mooring gave this by a fixed role of the database, before the database had Mooring's own roles. The access is the same.",
    "{repair} gives Mooring's role and takes the fixed one, in one transaction.",
  ),
  ROLE_CHANGED: broken(
    "Someone changed what one of Mooring's roles may do: its members have less than they asked for, or more.",
    "Run infra/sql/database-user.sql in the database again, without its first statement, and revoke what is more: `REVOKE <permission> FROM [role]`.",
  ),
  ROLE_MEMBER_UNRECORDED: broken(
    "Somebody is in one of Mooring's roles, and no record knows it: a thief of Mooring's token, an owner of the database, or a write that took effect late. Mooring's own user never belongs there.",
    "Find out who added it and when, by the audit log of Azure SQL; then run `ALTER ROLE [field] DROP MEMBER [found]` in the database. If it is Mooring's own user, or nobody knows it, revoke Mooring's tokens first (docs/security.md).",
  ),
  GRANT_ADDED: foreign(
    "Someone gave the user a role or permission that the request does not ask for.",
    "Revoke it in the database or on the target, or ask for the role bundle or access that includes it.",
  ),
  GRANT_STALE: error(
    "A role on a target is assigned to an earlier identity of the namespace, which nobody can be any more.",
    repair,
  ),
  GRANT_LIMITED: error("Someone limited a role that Mooring gave on a target by a condition.", repair),
  GRANT_LIMITED_BY_OTHERS: broken(
    "The role on a target that somebody else gave the identity is limited by a condition.",
    "Remove the condition or the assignment (`az role assignment delete`), then repair the namespace.",
  ),
  USER_DISABLED: broken(
    "CONNECT was revoked from the user, or denied: nobody can log in as this user.",
    "Find out who did it and why; then run `GRANT CONNECT TO [user]`, or offboard the namespace.",
  ),
  GRANT_DENIED: broken(
    "Someone denied the user a permission from the request; a DENY overrides every grant.",
    "Find out who denied it and why; then revoke the DENY, remove the user from the role, or ask for less.",
  ),
  DENY_ADDED: foreign(
    "Someone denied the user a part of the database, or a permission that the request does not ask for.",
    "Nothing, if it is intended; otherwise revoke the DENY.",
  ),
  SCHEMA_OWNED: foreign(
    "The user owns a schema: it may do everything there and cannot be dropped.",
    "Run `ALTER AUTHORIZATION ON SCHEMA::[name] TO [dbo]`.",
  ),
  NOT_IN_CATALOG: foreign(
    "The catalog no longer has the database, its server, or the target. What the identity has there stays as it is: nobody can ask for it any more, and a repair leaves it.",
    "Send the request without it, which removes the access, or put the name back into the catalog.",
  ),
  SQL_ADMIN_GONE: error(
    "The SQL server no longer has a Microsoft Entra administrator: nobody can log in.",
    "{repair} sets the one in the catalog.",
  ),
  SQL_ADMIN_OTHER: foreign(
    "The SQL server has a different Microsoft Entra administrator from the one in the catalog.",
    "Correct the server's entraAdmin in the catalog, or set the administrator it names: `az sql server ad-admin create`.",
  ),
  OBJECT_MISSING: error("A Kubernetes object is gone.", repair),
  OBJECT_CHANGED: error("A field of a Kubernetes object is not what Mooring set.", repair),
  POD_SECURITY_UNSET: info(
    "The namespace is not Mooring's, and lacks a Pod Security label of its profile.",
    "The namespace's owner sets it, if it is wanted: `kubectl label namespace`.",
  ),
  ACCOUNT_SURPLUS: error(
    "A service account has Mooring's mark and the identity's client ID, and no record asks for it: it is left over, or its write took effect late.",
    `${repair} It removes the service account or, if it was somebody else's before, what Mooring wrote into it.`,
  ),
  POD_IDENTITY_SURPLUS: error(
    "An AzureIdentity or AzureIdentityBinding has Mooring's mark, and no record asks for it: it is left over, or its write took effect late. It gives the identity to pods with its label.",
    `${repair} It removes the object.`,
  ),
  OBJECT_SURPLUS: warning("One of Mooring's objects is left over from an earlier request.", repair),
  MARK_MISSING: warning(
    "Someone removed the mark by which Mooring recognizes what it created or adopted: tags of the identity, labels and annotations of an object, or the extended property of a database user.",
    `${repair} Until then an offboarding relies on what Mooring recorded, as long as the resource is the same one.`,
  ),
  NAMESPACE_TERMINATING: broken(
    "The namespace is being deleted.",
    "Wait until it is gone, then repair it, which creates it again, or offboard it.",
  ),
  NAMESPACE_RECREATED: broken(
    "The namespace was deleted, and someone created another with the same name.",
    "An operator can take it over by sending its request with {takeOver}; otherwise offboard it.",
  ),
  BINDING_ADDED: foreign(
    "Someone bound the identity to another selector in this namespace.",
    "Remove the AzureIdentityBinding if nobody needs it.",
  ),
  SELECTOR_SHARED: broken(
    "Another AzureIdentityBinding selects the same pods for another identity: aad-pod-identity can give them either.",
    "Remove the AzureIdentityBinding if nobody needs it, or ask for another selector and deploy the pods with it.",
  ),
  UNREADABLE: broken(
    "Mooring was refused when it tried to read this.",
    "`found` has the error code and its message; docs/errors.md has the fix.",
  ),
  LOGIN_MISCONFIGURED: broken(
    "The verification Job says that a setting is missing (exit code 2).",
    "Check the ConfigMap mooring-databases; {repair} writes it again.",
  ),
  LOGIN_WITHOUT_TOKEN: broken(
    "The verification Job got no token for the identity (exit code 3).",
    "`found` has Microsoft Entra's answer. A new credential takes a few minutes to work everywhere; then verify again.",
  ),
  LOGIN_REFUSED: broken("The database did not let the verification Job in (exit code 4).", "`found` has its answer."),
  LOGIN_MAY_NOT_READ: broken(
    "The verification Job logged in but may not read (exit code 5).",
    "`found` has the database's answer; {repair} grants again what the request asks for.",
  ),
  LOGIN_UNREACHABLE: broken(
    "The verification Job could not reach the SQL server (exit code 6).",
    "Check network policies, private endpoints and the server's firewall for the cluster's addresses.",
  ),
  LOGIN_TARGET_REFUSED: broken(
    "A target did not let the verification Job in, although its access is granted, and has been for longer than Azure needs.",
    "`found` has the service's answer. Look for a Deny assignment, a condition, or a policy of the resource; then verify again.",
  ),
  LOGIN_TARGET_UNREACHABLE: broken(
    "The verification Job could not reach a target.",
    "`found` has the answer. Check network policies, private endpoints and the resource's firewall for the cluster's addresses.",
  ),
  LOGIN_TARGET_ABSENT: foreign(
    "A target let the verification Job in, but does not have what the catalog names: a container, a queue, a table, a secret, a database.",
    "Create it, or correct the catalog's entry.",
  ),
  LOGIN_NOT_YET_EFFECTIVE: info(
    "The access is granted, and not yet in effect: a role in Azure can take 10 minutes. The data of the target still refuses the identity.",
    "Nothing: the next look for drift tries it again, and so does a verification.",
  ),
  LOGIN_TARGET_UNTRIED: info(
    "The verification Job ended without a word about this target: its image proves databases only.",
    "Nothing, if it is intended; otherwise give the catalog's verificationJob an image that proves targets, such as samples/verify-app.",
  ),
  LOGIN_UNPROVEN: foreign(
    "The verification Job did not finish: its image, a quota or an admission policy stopped it.",
    "`found` has the cluster's answer; fix the cause, or the image in the catalog, and verify again.",
  ),
} satisfies Record<string, FindingEntry>;

export type FindingCode = keyof typeof findingCatalogue;

/** What the table says to do about it, in the words of HTTP and as data. */
export function fixOfFinding(code: FindingCode): ReturnType<typeof fixDocument> {
  return fixDocument(findingCatalogue[code].fix, "answered");
}

function info(cause: string, fix: string) {
  return { severity: "Info", repairable: false, cause, fix } as const;
}

function error(cause: string, fix: string) {
  return { severity: "Error", repairable: true, cause, fix } as const;
}

/** An error that a person has to fix. */
function broken(cause: string, fix: string) {
  return { severity: "Error", repairable: false, cause, fix } as const;
}

function warning(cause: string, fix: string) {
  return { severity: "Warning", repairable: true, cause, fix } as const;
}

/** Someone else's doing: reported, but never touched. */
function foreign(cause: string, fix: string) {
  return { severity: "Warning", repairable: false, cause, fix } as const;
}
