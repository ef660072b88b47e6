/** Changing a namespace from one request to another: additions come first, removals last. */

import type { RefusalCode } from "../errors.ts";
import { namespaceKey } from "../naming/names.ts";
import { withoutEnds } from "./expiry.ts";
import { usesServiceAccount } from "./identityModes.ts";
import type { OnboardingRequest } from "./request.ts";
import { hashRequest } from "./requestHash.ts";

/** The service account that another replaces (workload identity). */
export function replacedAccount(request: OnboardingRequest, earlier: OnboardingRequest): string | undefined {
  const isReplaced = usesServiceAccount(earlier) && earlier.serviceAccount !== request.serviceAccount;
  return isReplaced ? earlier.serviceAccount : undefined;
}

/** The profile that another one, or none, replaces. */
export function replacedProfile(request: OnboardingRequest, earlier: OnboardingRequest): string | undefined {
  return earlier.namespaceProfile === request.namespaceProfile ? undefined : earlier.namespaceProfile;
}

interface Known {
  readonly request: OnboardingRequest;
  readonly earlier?: OnboardingRequest;
}

/**
 * The other request of which a new operation may find traces, if any: the onboarded one or, after an operation that stopped
 * partway, the other of the two requests that the namespace is between.
 */
export function findEarlier(request: OnboardingRequest, record: Known): OnboardingRequest | undefined {
  return othersThan(request, record)[0];
}

/** Why the namespace cannot be changed to the request; undefined if it can. */
export function denyChange(request: OnboardingRequest, record: Known): ChangeDenial | undefined {
  const [earlier, another] = othersThan(request, record);
  if (another) {
    return {
      code: "NAMESPACE_INCOMPLETE",
      message: `A change of ${namespaceKey(request)} stopped partway; this request is neither the previous one nor the new one.`,
    };
  }
  if (earlier && earlier.sharedIdentity !== request.sharedIdentity) {
    const says = (each: OnboardingRequest) =>
      each.sharedIdentity === undefined ? "an identity of its own" : `the identity of ${each.sharedIdentity}`;
    return {
      code: "SHARED_IDENTITY_CHANGE_REFUSED",
      message: `${namespaceKey(request)} has ${says(earlier)}, the request says ${says(request)}.`,
    };
  }
  if (earlier && earlier.identityMode !== request.identityMode) {
    return {
      code: "MODE_CHANGE_REFUSED",
      message: `${namespaceKey(request)} has identityMode ${earlier.identityMode}, the request says ${request.identityMode}.`,
    };
  }
  return undefined;
}

interface ChangeDenial {
  readonly code: RefusalCode;
  readonly message: string;
}

function othersThan(request: OnboardingRequest, record: Known): readonly OnboardingRequest[] {
  const wanted = hashRequest(request);
  const known = [record.request, record.earlier].filter((each) => each !== undefined);
  // Both are the same where it is what the catalog moved that changed.
  const others = [...new Map(known.map((each) => [hashRequest(each), each])).entries()]
    .filter(([hash]) => hash !== wanted)
    .map(([, each]) => each);
  if (others.length < 2) return others;
  // What a change that stopped partway left is the same, whenever it ends: it can be renewed.
  const asked = hashRequest(withoutEnds(request));
  return others.filter((each) => hashRequest(withoutEnds(each)) !== asked);
}
