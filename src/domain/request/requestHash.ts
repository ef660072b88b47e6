import { createHash } from "node:crypto";
import { canonicalJson, compareText } from "../canonicalJson.ts";
import { wantedIn, withTargets } from "../targets/wanted.ts";
import type { OnboardingRequest } from "./request.ts";

/**
 * Two requests are the same if they ask for the same things, whatever the order of their fields, targets and roles. The team does
 * not count: the namespace's record says who owns it.
 */
export function hashRequest({ team: _team, ...request }: OnboardingRequest): string {
  const targets = wantedIn(request).map((each) => ({ ...each, access: each.access.toSorted() }));
  const sorted = targets.toSorted((a, b) => compareText(a.key, b.key));
  return createHash("sha256")
    .update(canonicalJson(withTargets(request, sorted)))
    .digest("hex");
}
