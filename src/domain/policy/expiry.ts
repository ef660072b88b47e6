/** How long access may last: what the catalog allows a team and an environment. */
import type { Team } from "../access/access.ts";
import type { Catalog } from "../catalog/catalog.ts";
import { addDuration } from "../duration.ts";
import { PermanentError } from "../errors.ts";
import { earlier, endOf, expiryOf } from "../expiry.ts";
import type { FieldProblem } from "../fieldProblem.ts";
import { lookUp } from "../lookUp.ts";
import { everyExpiry } from "../request/expiry.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { kindOf } from "../targets/index.ts";
import { type Wanted, wantedIn } from "../targets/wanted.ts";

interface Limit {
  /** An ISO 8601 duration. */
  readonly longest: string;
  readonly of: string;
}

/** What in the request has ended already, or may not last as long as it says. Without a limit, access need not end. */
export function findExpiryProblems(
  catalog: Pick<Catalog, "clusters" | "expiry" | "sqlServers" | "targets" | "teams">,
  request: OnboardingRequest,
  { now, team }: { readonly now: number; readonly team?: string | undefined },
): readonly FieldProblem[] {
  const found = [...findPassed(request, now), ...findTooLong(catalog, request, { now, team })];
  return [...new Map(found.map((each) => [`${each.pointer} ${each.detail}`, each])).values()];
}

function findPassed(request: OnboardingRequest, now: number): readonly FieldProblem[] {
  return everyExpiry(request).flatMap(({ pointer, expiry: { expiresAt } }): readonly FieldProblem[] => {
    if (expiresAt === undefined || Date.parse(expiresAt) > now) return [];
    const detail = `has passed: it is ${new Date(now).toISOString()}`;
    return [{ pointer: `${pointer}/expiresAt`, code: "EXPIRY_PASSED", detail }];
  });
}

/** Throws if access would be given that has ended since the request was accepted: an approval may have taken days. */
export function expectNotPassed(request: OnboardingRequest, now: number): void {
  const [passed] = findPassed(request, now);
  if (!passed) return;
  throw new PermanentError("EXPIRY_PASSED", `${passed.pointer} of the request ${passed.detail}.`);
}

function findTooLong(
  catalog: Parameters<typeof findExpiryProblems>[0],
  request: OnboardingRequest,
  { now, team }: { readonly now: number; readonly team?: string | undefined },
): readonly FieldProblem[] {
  const everywhere = limitsOf(catalog, { request, team });
  return wantedIn(request).flatMap(({ kind, pointer, key, expiry }): readonly FieldProblem[] => {
    const end = earlier(endOf(expiry, now), endOf(expiryOf(request), now));
    const limits = [...everywhere, ...limitOf(catalog, kindOf(kind).environmentOf(catalog, key))];
    const [exceeded] = limits.filter(({ longest }) => end === undefined || Date.parse(end) > latest(now, longest));
    if (!exceeded) return [];
    const detail = `must end within ${exceeded.longest}, which is the longest for ${exceeded.of}`;
    return [{ pointer: fieldOf({ pointer, expiry }, request), code: "EXPIRY_NOT_ALLOWED", detail }];
  });
}

/** The field that says when the target's access ends, or would. */
function fieldOf({ pointer, expiry }: Pick<Wanted, "pointer" | "expiry">, request: OnboardingRequest): string {
  const [place, said] = Object.keys(expiry).length > 0 ? [pointer, expiry] : ["", expiryOf(request)];
  return `${place}/${said.expiresAfter === undefined ? "expiresAt" : "expiresAfter"}`;
}

/** An end is given in whole seconds, rounded up. */
function latest(now: number, longest: string): number {
  return addDuration(now, longest) + 1_000;
}

function limitsOf(
  {
    clusters,
    expiry,
    teams,
  }: Pick<Catalog, "clusters" | "expiry"> & { readonly teams: Readonly<Record<string, Pick<Team, "maxExpiry">>> },
  { request, team }: { readonly request: OnboardingRequest; readonly team: string | undefined },
): readonly Limit[] {
  const longest = team === undefined ? undefined : lookUp(teams, team)?.maxExpiry;
  const own = longest === undefined ? [] : [{ longest, of: `team "${team}"` }];
  return [...own, ...limitOf({ expiry }, lookUp(clusters, request.cluster)?.environment)];
}

function limitOf({ expiry }: Pick<Catalog, "expiry">, environment: string | undefined): readonly Limit[] {
  const longest = environment === undefined ? undefined : lookUp(expiry.maxExpiry, environment);
  return longest === undefined ? [] : [{ longest, of: `environment "${environment}"` }];
}
