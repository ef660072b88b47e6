/** What both clients say of identity modes. */
import { defaultMode, fieldOfMode, type IdentityMode, usuallyLeft } from "../src/domain/request/modes.ts";

/** The field by which pods get the identity, and the one that is not used; undefined for a mode that only a newer service has. */
export function podsNamedBy(mode: string) {
  if (!Object.hasOwn(fieldOfMode, mode)) return undefined;
  const field = fieldOfMode[mode as IdentityMode];
  return { field, other: field === "selector" ? "serviceAccount" : "selector" } as const;
}

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
