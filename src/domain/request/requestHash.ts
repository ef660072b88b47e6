import { createHash } from "node:crypto";
import { canonicalJson } from "../canonicalJson.ts";
import { everyKind } from "../targets/index.ts";
import type { OnboardingRequest } from "./request.ts";

/**
 * Two requests are the same if they ask for the same things, whatever the order of their fields, targets and roles. The team does
 * not count: the namespace's record says who owns it.
 */
export function hashRequest({ team: _team, ...request }: OnboardingRequest): string {
  const targets = everyKind.map((kind) => kind.canonical(request));
  return createHash("sha256")
    .update(canonicalJson(Object.assign({}, request, ...targets)))
    .digest("hex");
}
