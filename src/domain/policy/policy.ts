/** Who may do what. Pure. Checked by the API, for the queue, and again in an operation, as the catalog may have changed. */

import type { Team } from "../access/access.ts";
import type { AppRole, Caller } from "../access/caller.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { defined } from "../defined.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import { lookUp } from "../lookUp.ts";
import { type NamespaceRef, namespaceRefOf } from "../naming/names.ts";
import { pointer as profilePointer, profileRefusals } from "../profiles/profile.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { refusedTo } from "../targets/rules.ts";
import { findExpiryProblems } from "./expiry.ts";

/** The part of an operation or a namespace that decides who may see it. Without a team, only operators may. */
export interface Owned {
  readonly team?: string | undefined;
}

export function mayOperate({ roles }: Pick<Caller, "roles">): boolean {
  return roles.includes("Onboarding.Operate");
}

/** An operator may do everything that any role allows. */
export function hasRole(caller: Pick<Caller, "roles">, anyOf: readonly AppRole[]): boolean {
  return mayOperate(caller) || anyOf.some((role) => caller.roles.includes(role));
}

/** For a caller, anything that it may not see does not exist. Only operators see what has no team. */
export function maySee(caller: Caller, { team }: Owned): boolean {
  return mayOperate(caller) || (team !== undefined && caller.teams.includes(team));
}

/** The teams whose records a list shows; undefined for all records. */
export function visibleTeams(caller: Caller): readonly string[] | undefined {
  return mayOperate(caller) ? undefined : caller.teams;
}

export interface Denial {
  readonly code: "FORBIDDEN" | "NOT_ALLOWED" | "TEAM_REQUIRED" | "INVALID_REQUEST";
  readonly message: string;
  readonly errors?: readonly Omit<FieldProblem, "code">[];
}

type Judging = Parameters<typeof findExpiryProblems>[0] & Pick<Catalog, "teams">;

/** An undefined team means the platform itself, for which only an operator can ask. */
export type TeamDecision = { readonly team: string | undefined } | { readonly denial: Denial };

/**
 * For which team the caller asks: the one that the request names, or the one of the caller's teams that may ask for it. With `now`,
 * a request that lacks nothing but its profile is told what is wrong with its ends in the same answer.
 */
export function decideTeam(catalog: Judging, caller: Caller, request: OnboardingRequest, now?: number): TeamDecision {
  const { teams } = catalog;
  const denyEach = (team: string, problems: readonly FieldProblem[]) => {
    // Limits of the catalog are nothing to whoever may not have the cluster or a target.
    const isProfile = problems.every(({ pointer }) => pointer === profilePointer);
    const ends = isProfile && now !== undefined ? findExpiryProblems(catalog, request, { now, team }) : [];
    return denyAll(team, [...problems, ...ends]);
  };
  const isOperator = mayOperate(caller);
  if (!hasRole(caller, ["Onboarding.Request"])) return deny("FORBIDDEN", missingRole(["Onboarding.Request"]));

  if (request.team !== undefined) {
    const { team: name } = request;
    // A team that does not exist gets the same words, so that callers cannot find out the catalog's teams.
    if (!isOperator && !caller.teams.includes(name)) {
      return deny("NOT_ALLOWED", `You are not in a team "${name}".`, [
        { pointer: "/team", detail: "is not your team" },
      ]);
    }
    const team = lookUp(teams, name);
    if (!team) {
      const detail = `the catalog has no team "${name}"`;
      return deny("INVALID_REQUEST", `/team: ${detail}`, [{ pointer: "/team", detail }]);
    }
    const problems = findProblems(team, request);
    return problems.length === 0 ? { team: name } : denyEach(name, problems);
  }

  const judged = caller.teams.flatMap((name) => {
    const team = lookUp(teams, name);
    return team ? [{ name, problems: findProblems(team, request) }] : [];
  });
  const fitting = judged.filter(({ problems }) => problems.length === 0).map(({ name }) => name);
  const [first] = fitting;
  if (fitting.length > 1) {
    const detail = `must name one of your teams that may ask for this: ${fitting.join(", ")}`;
    return deny("TEAM_REQUIRED", `/team: ${detail}`, [{ pointer: "/team", detail }]);
  }
  if (first !== undefined || isOperator) return { team: first };
  const [only] = judged;
  if (judged.length === 1 && only) return denyEach(only.name, only.problems);
  if (judged.length === 0) return deny("NOT_ALLOWED", "You are not in any team.");
  const why = judged.map(({ name, problems }) => `team "${name}": ${inWords(problems)}`);
  return deny("NOT_ALLOWED", `None of your teams may ask for this; ${why.join("; ")}.`);
}

/** Everything in a request that the team may not ask for. */
export function findProblems(team: Team, request: OnboardingRequest): readonly FieldProblem[] {
  const problems: FieldProblem[] = [];
  const refuse = (pointer: string, detail: string) => problems.push({ pointer, code: "NOT_ALLOWED", detail });
  if (!team.clusters.includes(request.cluster)) {
    refuse("/cluster", `is not a cluster of the team; it has ${team.clusters.join(", ")}`);
  }
  if (!team.namespaces.some((pattern) => matches(pattern, request.namespace))) {
    refuse("/namespace", `is not a namespace of the team; it has ${team.namespaces.join(", ")}`);
  }
  if (request.sharedIdentity !== undefined && !mayHave(team, namespaceRefOf(request.sharedIdentity))) {
    refuse("/sharedIdentity", "is not a namespace of the team");
  }
  problems.push(...refusedTo(team, request), ...profileRefusals(team, request));
  return problems;
}

/** Whether the team may have such a namespace there. */
export function mayHave(team: Pick<Team, "clusters" | "namespaces">, { cluster, namespace }: NamespaceRef): boolean {
  return team.clusters.includes(cluster) && team.namespaces.some((pattern) => matches(pattern, namespace));
}

/** `*` stands for any number of characters, including none. */
export function matches(pattern: string, namespace: string): boolean {
  const [start = "", ...rest] = pattern.split("*");
  const end = rest.pop();
  if (end === undefined) return pattern === namespace;
  if (!namespace.startsWith(start)) return false;
  let from = start.length;
  for (const part of rest) {
    const at = namespace.indexOf(part, from);
    if (at < 0) return false;
    from = at + part.length;
  }
  return namespace.length >= from + end.length && namespace.endsWith(end);
}

export function missingRole(anyOf: readonly AppRole[]): string {
  return `This needs the app role ${anyOf.join(" or ")}.`;
}

function denyAll(team: string, problems: readonly FieldProblem[]): TeamDecision {
  const errors = problems.map(({ pointer, detail }) => ({ pointer, detail }));
  return deny("NOT_ALLOWED", `Team "${team}" may not ask for this: ${inWords(problems)}.`, errors);
}

export function inWords(problems: readonly FieldProblem[]): string {
  return problems.map(({ pointer, detail }) => `${pointer} ${detail}`).join("; ");
}

function deny(code: Denial["code"], message: string, errors?: Denial["errors"]): TeamDecision {
  return { denial: { code, message, ...defined({ errors }) } };
}
