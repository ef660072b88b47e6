/** What both clients say of findings. A finding or a severity that is missing here does not compile. */
import type { FindingCode } from "../src/domain/errors/findings.ts";
import type { Severity } from "../src/domain/finding.ts";

/** What the target of a finding is; undefined where the target says so itself: `ServiceAccount web`. */
const nouns: { readonly [C in FindingCode]: string | ((target: string) => string) | undefined } = {
  IDENTITY_MISSING: "identity",
  IDENTITY_REPLACED: "identity",
  IDENTITY_UNRECORDED: "identity",
  IDENTITY_USE_UNRECORDED: "identity",
  IDENTITY_TAGS_ADDED: "identity",
  SHARED_ACCESS_MISSING: "identity",
  SHARED_ACCESS_BROKEN: "identity",
  SHARED_IDENTITY_UNLISTED: "identity",
  ROLE_ADDED: "identity",
  ROLE_ON_TARGET: "identity",
  ROLES_UNSEEN: "identity",
  CREDENTIAL_MISSING: "identity",
  CREDENTIAL_CHANGED: "identity",
  CREDENTIAL_SURPLUS: "identity",
  CREDENTIAL_ADDED: "identity",
  ISSUER_UNUSABLE: undefined,
  BINDING_MISSING: "identity",
  BINDING_CHANGED: "identity",
  BINDING_SURPLUS: "identity",
  IDENTITY_USE_DENIED: undefined,
  IDENTITY_USE_SURPLUS: undefined,
  USER_MISSING: "database",
  USER_RENAMED: "database",
  USER_ADDED: "database",
  USERS_UNSEEN: "identity",
  TARGET_REACHED: "target",
  TARGET_MOVED: undefined,
  TARGET_FORBIDDEN: undefined,
  TARGET_GONE: "target",
  ROLES_IGNORED: "target",
  TARGETS_UNSEEN: "identity",
  ROLE_RENAMED: "target",
  USER_SID_STALE: "database",
  GRANT_MISSING: nounOfTarget,
  GRANT_SURPLUS: nounOfTarget,
  GRANT_UNRECORDED: nounOfTarget,
  GRANT_ADDED: nounOfTarget,
  GRANT_STALE: "target",
  GRANT_LIMITED: "target",
  GRANT_LIMITED_BY_OTHERS: "target",
  GRANT_BY_FIXED_ROLE: "database",
  ROLE_CHANGED: "database",
  ROLE_MEMBER_UNRECORDED: "database",
  USER_DISABLED: "database",
  GRANT_DENIED: "database",
  DENY_ADDED: "database",
  SCHEMA_OWNED: "database",
  NOT_IN_CATALOG: undefined,
  SQL_ADMIN_GONE: "SQL server",
  SQL_ADMIN_OTHER: "SQL server",
  OBJECT_MISSING: undefined,
  OBJECT_CHANGED: undefined,
  ACCOUNT_SURPLUS: undefined,
  POD_IDENTITY_SURPLUS: undefined,
  OBJECT_SURPLUS: undefined,
  POD_SECURITY_UNSET: undefined,
  MARK_MISSING: undefined,
  NAMESPACE_TERMINATING: undefined,
  NAMESPACE_RECREATED: undefined,
  BINDING_ADDED: undefined,
  SELECTOR_SHARED: undefined,
  UNREADABLE: undefined,
  LOGIN_MISCONFIGURED: undefined,
  LOGIN_WITHOUT_TOKEN: undefined,
  LOGIN_REFUSED: undefined,
  LOGIN_MAY_NOT_READ: undefined,
  LOGIN_UNREACHABLE: undefined,
  LOGIN_TARGET_REFUSED: "target",
  LOGIN_TARGET_UNREACHABLE: "target",
  LOGIN_TARGET_ABSENT: "target",
  LOGIN_NOT_YET_EFFECTIVE: "target",
  LOGIN_TARGET_UNTRIED: "target",
  LOGIN_UNPROVEN: undefined,
};

/** A database is `server/database`; the alias of another target has no slash. */
function nounOfTarget(target: string): string {
  return target.includes("/") ? "database" : "target";
}

/** Severities, with how bad each is. Nobody has to act on 0. */
const ranks: { readonly [S in Severity]: number } = { Error: 2, Warning: 1, Info: 0 };

export const worstFirst = (Object.keys(ranks) as Severity[]).toSorted((a, b) => ranks[b] - ranks[a]);

/** What a finding is about; a service newer than the client may send codes that this table does not have. */
export function subjectOf({ code, target }: { readonly code: string; readonly target: string }): string {
  const known = Object.hasOwn(nouns, code) ? nouns[code as FindingCode] : undefined;
  const noun = typeof known === "function" ? known(target) : known;
  return noun === undefined ? target : `${noun} ${target}`;
}

interface WithSeverity {
  readonly severity: Severity;
}

export function worstOf(findings: readonly WithSeverity[]): Severity | undefined {
  return worstFirst.find((severity) => findings.some((each) => each.severity === severity));
}

/** The state, unless the last verification of what is onboarded found something to act on: then the worst of that. */
export function healthOf({ state, findings }: Health): string {
  const worst = worstOf(findings);
  return state === "Onboarded" && worst !== undefined && ranks[worst] > 0 ? worst : state;
}

interface Health {
  readonly state: string;
  readonly findings: readonly WithSeverity[];
}

/** Worst first, without zeros. */
export function countBySeverity(findings: readonly WithSeverity[]): readonly (readonly [Severity, number])[] {
  return worstFirst.flatMap((severity) => {
    const count = findings.filter((each) => each.severity === severity).length;
    return count === 0 ? [] : [[severity, count] as const];
  });
}

/** What a finding expected or found. Records say `there` of what only has to exist. */
export function valueInWords(value: string | null): string {
  if (value === null) return "nothing";
  return value === "there" ? "present" : value;
}
