/** What others gave a namespace's identity on a target of the catalog, as the last verification found it. */
import type { Catalog } from "../../domain/catalog/catalog.ts";
import type { Finding, FindingCode } from "../../domain/finding.ts";
import { lookUp } from "../../domain/lookUp.ts";
import { isWithinScope } from "../../domain/naming/resourceId.ts";
import { isAzureRolePlace, scopeOf } from "../../domain/targets/azureRoles.ts";
import { namedTarget } from "../../domain/targets/namedTarget.ts";
import { everyDatabase, keyOf, sqlDatabase } from "../../domain/targets/sqlDatabase.ts";
import { scopeIn } from "../../resources/identity/roles.ts";

/** Somebody else gave that: not a right too many of Mooring's, no denial, and nothing that could not be read. */
const onTarget: ReadonlySet<FindingCode> = new Set([
  "GRANT_ADDED",
  "GRANT_LIMITED_BY_OTHERS",
  "USER_ADDED",
  "SCHEMA_OWNED",
  "TARGET_REACHED",
]);

/** A target of the catalog, whether or not a namespace has it. */
interface Listed {
  readonly kind: string;
  readonly target: string;
}

/** A role in Azure counts where its scope is, below it, and above it. */
export function givenByOthers(catalog: Catalog, findings: readonly Finding[], target: string): readonly Finding[] {
  const scope = scopeOfTarget(catalog, target);
  return findings.filter(({ code, found, target: named }) => {
    if (code !== "ROLE_ON_TARGET" && code !== "ROLE_ADDED") return onTarget.has(code) && named === target;
    const given = scopeIn(found ?? "");
    return scope !== undefined && given !== undefined && (isWithinScope(given, scope) || isWithinScope(scope, given));
  });
}

/** The targets on which others gave the identity something, whatever the namespace asks for. */
export function openedByOthers(catalog: Catalog, findings: readonly Finding[]): readonly Listed[] {
  // A role far above says nothing about each target.
  const relevant = findings.filter(({ code }) => onTarget.has(code) || code === "ROLE_ON_TARGET");
  if (relevant.length === 0) return [];
  return listedIn(catalog).filter(({ target }) => givenByOthers(catalog, relevant, target).length > 0);
}

function listedIn(catalog: Catalog): readonly Listed[] {
  return [
    ...everyDatabase(catalog).map(({ server, database }) => {
      const target = keyOf({ server: server.alias, database });
      return { kind: sqlDatabase.noun, target };
    }),
    ...Object.keys(catalog.targets).map((target) => ({ kind: namedTarget.noun, target })),
  ];
}

function scopeOfTarget({ sqlServers, targets }: Catalog, target: string): string | undefined {
  const entry = lookUp(targets, target);
  if (entry) return isAzureRolePlace(entry) ? scopeOf(entry) : entry.resourceId;
  return lookUp(sqlServers, target.split("/")[0] ?? "")?.resourceId;
}
