/** What a namespace loses by a request: shown before it is sent, and confirmed by its sender (docs/adr/0022). */

import { z } from "zod";
import { kindOf, type Targets, targetsOf } from "../targets/index.ts";
import { keysIn, lostOn, wantedIn } from "../targets/wanted.ts";
import { replacedAccount } from "./change.ts";
import { endsOf, withoutEnds } from "./expiry.ts";
import { usesSelector } from "./identityModes.ts";
import { type OnboardingRequest, selectorOf } from "./request.ts";
import { hashRequest } from "./requestHash.ts";

export const Loss = z
  .object({
    thing: z.string().meta({ description: "What it is: `database`, `target`, `service account` or `selector`." }),
    name: z.string(),
    access: z.array(z.string()).meta({ description: "What the namespace may no longer do there, such as `reader`." }),
    isWhole: z.boolean().meta({ description: "False for a target on which the namespace keeps other access." }),
  })
  .meta({ id: "Loss" });
export type Loss = z.infer<typeof Loss>;

/** What the earlier request gives and the new one does not. */
export function lossesOf(request: OnboardingRequest, earlier: OnboardingRequest): readonly Loss[] {
  const account = replacedAccount(request, earlier);
  return [
    ...targetsLost(request, earlier),
    ...(account === undefined ? [] : [whole("service account", account)]),
    ...(isOtherSelector(request, earlier) ? [whole("selector", selectorOf(earlier))] : []),
  ];
}

/** Access on targets that the earlier request gives and the new one does not. */
export function targetsLost(request: Targets, earlier: Targets): readonly Loss[] {
  const kept = keysIn(request);
  return wantedIn(earlier).flatMap(({ kind, key: name }): readonly Loss[] => {
    const access = [...lostOn(request, earlier, name)];
    const isWhole = !kept.includes(name);
    return isWhole || access.length > 0 ? [{ thing: kindOf(kind).noun, name, access, isWhole }] : [];
  });
}

/** Whether all that the new request does is to ask for less on targets than the earlier one, and for nothing longer. */
export function onlyTakesAway(request: OnboardingRequest, earlier: OnboardingRequest): boolean {
  const rest = (each: OnboardingRequest) => hashRequest(withoutEnds({ ...each, ...targetsOf(earlier) }));
  if (rest(request) !== rest(earlier) || targetsLost(request, earlier).length === 0) return false;
  const ends = endsOf(earlier);
  const isLonger = ([target, end = never]: readonly [string, string | undefined]) => end > (ends.get(target) ?? never);
  return targetsLost(earlier, request).length === 0 && ![...endsOf(request)].some(isLonger);
}

/** After every time in RFC 3339. */
const never = "~";

/** A namespace that no operation holds, or what its record was before. */
interface Known {
  readonly state: "Onboarded" | "Incomplete";
  readonly request: OnboardingRequest;
  readonly previous?: Known;
}

/** What the namespace of the record loses, if it is onboarded; what an operation has left incomplete is nobody's to keep. */
export function lossesFor(request: OnboardingRequest, record: Known): readonly Loss[] {
  const earlier = onboardedRequest(record);
  return earlier ? lossesOf(request, earlier) : [];
}

/** After an operation that stopped on the way, the request that was onboarded before it still counts. */
function onboardedRequest(record: Known): OnboardingRequest | undefined {
  if (record.state === "Onboarded") return record.request;
  return record.previous && onboardedRequest(record.previous);
}

function whole(thing: string, name: string): Loss {
  return { thing, name, access: [], isWhole: true };
}

/** The pods that carry the old one no longer get the identity. */
function isOtherSelector(request: OnboardingRequest, earlier: OnboardingRequest): boolean {
  return usesSelector(earlier) && selectorOf(request) !== selectorOf(earlier);
}
