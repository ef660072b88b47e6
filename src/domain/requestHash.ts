import { createHash } from "node:crypto";
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

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([a], [b]) => compareText(a, b)))
      : each,
  );
}

/** By code unit: a locale must not change a hash. */
function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
