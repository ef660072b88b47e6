/** The way from one request to another for the same namespace: what is added is added first, what is replaced goes last. */
import { PermanentError } from "../errors.ts";
import { berthKey } from "../naming/names.ts";
import { everyKind } from "../targets/index.ts";
import type { OnboardingRequest } from "./request.ts";
import { hashRequest } from "./requestHash.ts";

/** Whether the new request has everything that the earlier one has. */
export function takesNothingAway(request: OnboardingRequest, earlier: OnboardingRequest): boolean {
  const isLess = everyKind.some((kind) => {
    const { removed, narrowed } = kind.replaced(request, earlier);
    return removed.length + narrowed.length > 0;
  });
  return !isLess && replacedAccount(request, earlier) === undefined;
}

/** The service account that gives way to another (workload identity). */
export function replacedAccount(request: OnboardingRequest, earlier: OnboardingRequest): string | undefined {
  const isReplaced = earlier.identityMode === "workloadIdentity" && earlier.serviceAccount !== request.serviceAccount;
  return isReplaced ? earlier.serviceAccount : undefined;
}

/**
 * The request whose traces a new operation finds besides its own, if any: what is onboarded or, after an operation that
 * ended half-way, the other of the two requests that the namespace lies between.
 */
export function findEarlier(
  request: OnboardingRequest,
  record: { readonly request: OnboardingRequest; readonly earlier?: OnboardingRequest },
): OnboardingRequest | undefined {
  const wanted = hashRequest(request);
  const others = [record.request, record.earlier].filter((each) => each !== undefined && hashRequest(each) !== wanted);
  const [earlier] = others;
  if (others.length > 1) {
    throw new PermanentError(
      "NAMESPACE_INCOMPLETE",
      `A change of ${berthKey(request)} ended half-way; the request is neither what it was nor what it was to be.`,
    );
  }
  if (earlier && earlier.identityMode !== request.identityMode) {
    throw new PermanentError(
      "MODE_CHANGE_REFUSED",
      `${berthKey(request)} has identityMode ${earlier.identityMode}, the request says ${request.identityMode}.`,
    );
  }
  return earlier;
}
