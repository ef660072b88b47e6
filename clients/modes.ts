/** What both clients say of identity modes. A mode that is missing here does not compile. */
import type { ByMode } from "../src/domain/request/identityModes.ts";
import type { IdentityMode } from "../src/domain/request/request.ts";

/** The field by which pods get the identity. */
const fields: ByMode<"serviceAccount" | "selector"> = {
  podIdentity: "selector",
  workloadIdentity: "serviceAccount",
  identityBinding: "serviceAccount",
};

/** The field by which pods get the identity, and the one that is not used; undefined for a mode that only a newer service has. */
export function podsNamedBy(mode: string) {
  if (!Object.hasOwn(fields, mode)) return undefined;
  const field = fieldOfMode(mode as IdentityMode);
  return { field, other: field === "selector" ? "serviceAccount" : "selector" } as const;
}

/** The field of a request that matters in this mode. */
export function fieldOfMode(mode: IdentityMode): "serviceAccount" | "selector" {
  return fields[mode];
}

/** What a migration to each mode leaves where its document does not say it. */
const usuallyLeft: ByMode<IdentityMode> = {
  podIdentity: "workloadIdentity",
  workloadIdentity: "podIdentity",
  identityBinding: "workloadIdentity",
};

/** In the order in which they are offered. */
export const everyMode = [
  "workloadIdentity",
  "podIdentity",
  "identityBinding",
] as const satisfies readonly IdentityMode[];

export const defaultMode: IdentityMode = "workloadIdentity";

interface Way {
  readonly to?: IdentityMode | undefined;
  readonly from?: IdentityMode | undefined;
}

/** The identity modes between which a stopped migration is. */
export function modesOf({ to = defaultMode, from = usuallyLeft[to] }: Way): {
  readonly target: IdentityMode;
  readonly left: IdentityMode;
} {
  return { target: to, left: from };
}
