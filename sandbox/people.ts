/** Invented people of a sandbox with authentication, to fit its catalog: a requester, an approver and an operator. */
import { randomUUID } from "node:crypto";
import type { AppRole } from "../src/domain/access/caller.ts";
import { Catalog } from "../src/domain/catalog/catalog.ts";
import { checkAgainstCatalog } from "../src/domain/catalog/checkRequest.ts";
import { needsApproval } from "../src/domain/policy/approval.ts";
import { findExpiryProblems } from "../src/domain/policy/expiry.ts";
import { type IdentityMode, OnboardingRequest } from "../src/domain/request/request.ts";
import type { CatalogDocument } from "./catalogs.ts";

export interface Person {
  readonly name: "requester" | "approver" | "operator";
  /** Object id in Entra. */
  readonly oid: string;
  readonly roles: readonly AppRole[];
  readonly teams: readonly string[];
  /** Object ids of the teams' groups. */
  readonly groups: readonly string[];
}

/** A request that needs someone else's approval, in the words of the command line. */
export interface FourEyes {
  readonly team: string;
  /** `cluster/namespace` */
  readonly fullName: string;
  /** `server/database=role` */
  readonly database: string;
  readonly identityMode: IdentityMode;
  /** Where access has to end. */
  readonly expiresAfter: string | undefined;
}

export interface People {
  readonly people: readonly Person[];
  /** Undefined when nothing in the catalog needs approval. */
  readonly fourEyes: FourEyes | undefined;
}

export function inventPeople(document: CatalogDocument): People {
  const catalog = Catalog.parse(document);
  const { teams } = catalog;
  const found = findFourEyes(catalog);
  const [first = "", second] = [...new Set([found?.team, ...Object.keys(teams)])].filter((name) => name !== undefined);
  const groupsOf = (names: readonly string[]) => names.flatMap((name) => teams[name]?.groups.slice(0, 1) ?? []);
  const make = (name: Person["name"], roles: readonly AppRole[], members: readonly string[]): Person => {
    const there = members.filter((team) => team in teams);
    return { name, oid: randomUUID(), roles, teams: there, groups: groupsOf(there) };
  };
  return {
    people: [
      make("requester", ["Onboarding.Request"], [first]),
      make("approver", ["Onboarding.Approve", ...(found?.roles ?? [])], found?.approvers ?? []),
      make("operator", ["Onboarding.Request", "Onboarding.Operate"], second === undefined ? [first] : [first, second]),
    ],
    fourEyes: found,
  };
}

/** The first thing that a team may request but that needs approval, and who decides on it. */
function findFourEyes(
  catalog: Catalog,
): (FourEyes & { approvers: readonly string[]; roles: readonly AppRole[] }) | undefined {
  for (const { team, request } of requestsOf(catalog)) {
    const reasons = needsApproval(catalog, request, team);
    const [
      {
        server,
        database,
        roles: [role],
      } = { server: "", database: "", roles: [] },
    ] = request.databases;
    if (reasons.length === 0) continue;
    const { cluster, namespace, identityMode, expiresAfter } = request;
    return {
      team,
      fullName: `${cluster}/${namespace}`,
      database: `${server}/${database}=${role}`,
      identityMode,
      expiresAfter,
      approvers: [...new Set(reasons.flatMap(({ by }) => by.team ?? []))],
      roles: [...new Set(reasons.map(({ by }) => by.role))].filter((each) => each !== "Onboarding.Approve"),
    };
  }
  return undefined;
}

/** What each team may request: one role in one database, for a day where access has to end. */
function* requestsOf(catalog: Catalog): Generator<{ readonly team: string; readonly request: OnboardingRequest }> {
  for (const [team, { clusters, namespaces, databases, quota }] of Object.entries(catalog.teams)) {
    const [pattern = ""] = namespaces;
    const namespace = pattern.replaceAll("*", "four-eyes").slice(0, 63);
    if (quota === 0) continue;
    for (const [server, rights] of Object.entries(databases)) {
      for (const [database, roles] of Object.entries(rights)) {
        for (const cluster of clusters) {
          for (const role of roles) {
            const modes = catalog.clusters[cluster]?.identityModes ?? [];
            const identityMode = modes.includes("workloadIdentity") ? "workloadIdentity" : "podIdentity";
            const asked = { cluster, namespace, identityMode, databases: [{ server, database, roles: [role] }] };
            for (const expiry of [{}, { expiresAfter: "P1D" }]) {
              const request = OnboardingRequest.safeParse({ ...asked, ...expiry }).data;
              if (request && isAllowed(catalog, { request, team })) yield { team, request };
            }
          }
        }
      }
    }
  }
}

function isAllowed(
  catalog: Catalog,
  { request, team }: { readonly request: OnboardingRequest; readonly team: string },
): boolean {
  const late = findExpiryProblems(catalog, request, { now: Date.now(), team });
  return late.length === 0 && checkAgainstCatalog(catalog, request).length === 0;
}
