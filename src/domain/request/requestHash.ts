import { createHash } from "node:crypto";
import { canonicalJson, compareText } from "../canonicalJson.ts";
import type { OnboardingRequest } from "./request.ts";

/**
 * Two requests are the same when they ask for the same, whatever the order of their fields, databases and roles. For which
 * team is not what is asked for: the record of the namespace says whose it is.
 */
export function hashRequest({ team: _team, ...request }: OnboardingRequest): string {
  const databases = request.databases
    .map((database) => ({ ...database, roles: database.roles.toSorted() }))
    .toSorted((a, b) => compareText(`${a.server}/${a.database}`, `${b.server}/${b.database}`));
  return createHash("sha256")
    .update(canonicalJson({ ...request, databases }))
    .digest("hex");
}
