import { createHash } from "node:crypto";
import { canonicalJson } from "../canonicalJson.ts";
import { everyKind } from "../targets/index.ts";
import type { OnboardingRequest } from "./request.ts";

/**
 * Two requests are the same when they ask for the same, whatever the order of their fields, targets and roles. For which
 * team is not what is asked for: the record of the namespace says whose it is.
 */
export function hashRequest({ team: _team, ...request }: OnboardingRequest): string {
  const targets = everyKind.map((kind) => kind.canonical(request));
  return createHash("sha256")
    .update(canonicalJson(Object.assign({}, request, ...targets)))
    .digest("hex");
}
