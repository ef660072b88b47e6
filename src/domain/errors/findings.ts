/**
 * What reading a namespace back can find. The code decides how bad it is, whether a repair may put it right, and what a
 * person does otherwise; tools/writeErrorReference.ts writes docs/findings.md from this table.
 *
 * Error: access is broken or cannot be proven. Warning: more rights or objects than were asked for, or a part of them denied.
 * Info: cosmetic.
 */
import { formatFix, httpActs, type Words } from "./fix.ts";

export const severities = ["Info", "Warning", "Error"] as const;
type Severity = (typeof severities)[number];

interface FindingEntry {
  readonly severity: Severity;
  /** A repair puts it right without touching what is not Mooring's. */
  readonly repairable: boolean;
  readonly cause: string;
  readonly fix: string;
}

const repair = "{repair} puts it right.";

export const findingCatalogue = {
  IDENTITY_MISSING: error("The managed identity is gone.", `${repair} The new identity has another client id.`),
  IDENTITY_REPLACED: error(
    "The managed identity was deleted and made anew: its client id is not the one that was onboarded.",
    "{repair} gives the new client id to users and objects when the identity carries Mooring's tags; else remove it first.",
  ),
  IDENTITY_TAGS_ADDED: info(
    "Somebody tagged the identity.",
    "Nothing; Mooring keeps its own tags and leaves the others.",
  ),
  CREDENTIAL_MISSING: error("No federated credential fits the cluster and the service account.", repair),
  CREDENTIAL_CHANGED: error("Mooring's federated credential was changed.", repair),
  CREDENTIAL_SURPLUS: warning("Mooring's federated credential is left from an earlier identity mode.", repair),
  CREDENTIAL_ADDED: foreign(
    "Somebody gave the identity another federated credential: its tokens open the databases, too.",
    "Remove the credential if nobody knows it: az identity federated-credential delete.",
  ),
  USER_MISSING: error("The database has no user for the identity.", repair),
  USER_RENAMED: broken(
    "The identity's database user was renamed, so that Mooring no longer knows it.",
    "Run ALTER USER [found] WITH NAME = [expected], or drop the user and repair.",
  ),
  USER_SID_STALE: error("The user's SID is not the identity's client id: nobody can log in as it.", repair),
  GRANT_MISSING: error("A role or permission that was asked for was taken away.", repair),
  GRANT_SURPLUS: warning("Mooring gave a role or permission that is no longer asked for.", repair),
  GRANT_ADDED: foreign(
    "Somebody gave the user a role or permission that was not asked for.",
    "Take it back in the database, or ask for the role bundle that has it.",
  ),
  USER_DISABLED: broken(
    "CONNECT was taken from the user, or denied: nobody can log in as it.",
    "Find out who disabled it and why; then run GRANT CONNECT TO [user], or offboard the namespace.",
  ),
  GRANT_DENIED: broken(
    "Somebody denied the user what was asked for; that weighs more than every grant.",
    "Find out who denied it and why; then revoke the DENY or take the user out of the role, or ask for less.",
  ),
  DENY_ADDED: foreign(
    "Somebody denied the user a part of the database, or what was not asked for.",
    "Nothing, when it is meant; else revoke the DENY.",
  ),
  SCHEMA_OWNED: foreign(
    "The user owns a schema: it may do everything there, and cannot be dropped.",
    "Run ALTER AUTHORIZATION ON SCHEMA::[name] TO [dbo].",
  ),
  SQL_ADMIN_GONE: error(
    "The SQL server has no Microsoft Entra administrator any more: nobody can log in.",
    "{repair} sets the one that the catalog gives.",
  ),
  SQL_ADMIN_OTHER: foreign(
    "The SQL server has another Microsoft Entra administrator than the catalog gives it.",
    "Correct entraAdmin of the server in the catalog, or set the one that it gives: az sql server ad-admin create.",
  ),
  OBJECT_MISSING: error("A Kubernetes object is gone.", repair),
  OBJECT_CHANGED: error("A field of a Kubernetes object is not what Mooring set.", repair),
  OBJECT_SURPLUS: warning("An object of Mooring's is left from an earlier identity mode.", repair),
  MARK_MISSING: warning(
    "Somebody took off the mark by which Mooring knows what it has made or adopted: tags of the identity, labels and annotations of an object, or the extended property of a database user.",
    `${repair} An offboarding before that goes by what Mooring recorded, as long as the thing is the same.`,
  ),
  NAMESPACE_TERMINATING: broken(
    "The namespace is being deleted.",
    "Wait until it is gone; then repair makes it again, or offboard it.",
  ),
  NAMESPACE_RECREATED: broken(
    "The namespace was deleted, and somebody made another of that name.",
    "An operator takes it over by sending its request with {takeOver}; else offboard it.",
  ),
  BINDING_ADDED: foreign(
    "Somebody bound the identity to another selector in this namespace.",
    "Remove the AzureIdentityBinding if nobody knows it.",
  ),
  SELECTOR_SHARED: broken(
    "Another AzureIdentityBinding selects the same pods for another identity: aad-pod-identity gives them either.",
    "Remove the AzureIdentityBinding if nobody needs it, or ask for another selector and deploy the pods with it.",
  ),
  UNREADABLE: broken(
    "Mooring was refused when it read this back.",
    "`found` has the error code and its message; docs/errors.md has the fix.",
  ),
  LOGIN_MISCONFIGURED: broken(
    "The verification Job says that a setting is missing (exit code 2).",
    "Look at the ConfigMap mooring-databases; {repair} writes it again.",
  ),
  LOGIN_WITHOUT_TOKEN: broken(
    "The verification Job got no token for the identity (exit code 3).",
    "`found` has Microsoft Entra's answer. A new credential takes some minutes to be seen everywhere; then verify again.",
  ),
  LOGIN_REFUSED: broken("The database did not let the verification Job in (exit code 4).", "`found` has its answer."),
  LOGIN_MAY_NOT_READ: broken(
    "The verification Job logged in and may not read (exit code 5).",
    "`found` has the database's answer; {repair} gives back what was asked for.",
  ),
  LOGIN_UNREACHABLE: broken(
    "The verification Job could not reach the SQL server (exit code 6).",
    "Look at network policies, private endpoints and the server's firewall for the cluster's addresses.",
  ),
  LOGIN_UNPROVEN: foreign(
    "The verification Job did not come to an end: its image, a quota or an admission policy was in its way.",
    "`found` has what the cluster says; correct it, or the image in the catalog, and verify again.",
  ),
} satisfies Record<string, FindingEntry>;

export type FindingCode = keyof typeof findingCatalogue;

export function isFindingCode(code: string): code is FindingCode {
  return Object.hasOwn(findingCatalogue, code);
}

/** What the table says to do about it: over HTTP, unless somebody has other words. */
export function fixOfFinding(code: FindingCode, words: Words = httpActs): string {
  return formatFix(findingCatalogue[code].fix, "answered", words);
}

function info(cause: string, fix: string) {
  return { severity: "Info", repairable: false, cause, fix } as const;
}

function error(cause: string, fix: string) {
  return { severity: "Error", repairable: true, cause, fix } as const;
}

/** An error that a person has to put right. */
function broken(cause: string, fix: string) {
  return { severity: "Error", repairable: false, cause, fix } as const;
}

function warning(cause: string, fix: string) {
  return { severity: "Warning", repairable: true, cause, fix } as const;
}

/** Somebody else's doing: told, and never touched. */
function foreign(cause: string, fix: string) {
  return { severity: "Warning", repairable: false, cause, fix } as const;
}
