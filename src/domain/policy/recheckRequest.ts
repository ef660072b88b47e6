/** Checks that were made when a request was accepted, repeated when it runs, as catalog and cluster may have changed. */
import type { Catalog } from "../catalog/catalog.ts";
import { PermanentError } from "../errors.ts";
import { lookUp } from "../lookUp.ts";
import { type NamespaceRef, namespaceKey } from "../naming/names.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { findProblems, inWords, type Owned } from "./policy.ts";

/** Throws if the team that owns the namespace may no longer ask for this. */
export function checkTeam({ teams }: Pick<Catalog, "teams">, { team: name }: Owned, request: OnboardingRequest): void {
  if (name === undefined) return;
  const team = lookUp(teams, name);
  if (!team) throw new PermanentError("NOT_ALLOWED", `The catalog no longer has a team "${name}".`);
  const problems = findProblems(team, request);
  if (problems.length === 0) return;
  throw new PermanentError("NOT_ALLOWED", `Team "${name}" may not ask for this: ${inWords(problems)}.`);
}

/** Throws if the namespace only has the same name as the one that was onboarded. */
export function checkSameNamespace(
  namespaceRef: NamespaceRef,
  { onboarded, current }: { onboarded: string | undefined; current: string | undefined },
): void {
  if (onboarded === undefined || current === undefined || onboarded === current) return;
  throw new PermanentError(
    "NAMESPACE_RECREATED",
    `Namespace ${namespaceKey(namespaceRef)} has UID ${current}; the one that was onboarded had ${onboarded}.`,
  );
}
