/** Since when a namespace has each of its targets as it has them now. */
import { z } from "zod";
import { endsOf } from "../request/expiry.ts";
import type { OnboardingRequest } from "../request/request.ts";
import { keysIn, lostOn } from "../targets/wanted.ts";

/** By the target's key: since when the namespace has what it has there, and the operation that gave it or moved its end last. */
export const Given = z.record(z.string(), z.object({ since: z.string(), operation: z.string() })).readonly();
export type Given = z.infer<typeof Given>;

interface Before {
  readonly request: OnboardingRequest | undefined;
  readonly given?: Given | undefined;
  readonly onboardedTime?: string | undefined;
  readonly onboardedBy?: string | undefined;
}

/**
 * What was neither given nor revoked there keeps its time, and its operation unless its end has moved; what an earlier release gave
 * has those of the last change.
 */
export function givenAfter(
  request: OnboardingRequest,
  { request: earlier, given = {}, onboardedTime, onboardedBy }: Before,
  now: Given[string],
): Given {
  const known = onboardedTime !== undefined && onboardedBy !== undefined;
  const last = known ? { since: onboardedTime, operation: onboardedBy } : now;
  const ends = endsOf(request);
  const endsBefore = earlier && endsOf(earlier);
  const entries = keysIn(request).map((key) => {
    const isKept =
      earlier !== undefined &&
      keysIn(earlier).includes(key) &&
      lostOn(request, earlier, key).length === 0 &&
      lostOn(earlier, request, key).length === 0;
    if (!isKept) return [key, now] as const;
    const kept = given[key] ?? last;
    return [key, ends.get(key) === endsBefore?.get(key) ? kept : { ...now, since: kept.since }] as const;
  });
  return Object.fromEntries(entries);
}
