/** When a request's access ends. What is kept has instants only: a duration is counted once, from the acceptance of its request. */
import { earlier, endOf, expiryOf, resolveExpiry } from "../expiry.ts";
import { wantedIn, withRevisedTargets } from "../targets/wanted.ts";
import type { OnboardingRequest } from "./request.ts";

/** The request as it is kept: with the instants that its durations mean now. */
export function resolveExpiries(request: OnboardingRequest, now: number): OnboardingRequest {
  const { expiresAt: _at, expiresAfter: _after, ...rest } = request;
  const targets = withRevisedTargets(rest, ({ expiry }) => resolveExpiry(expiry, now));
  return { ...targets, ...resolveExpiry(expiryOf(request), now) };
}

/** Whether any of its access ends. */
export function hasExpiry(request: OnboardingRequest): boolean {
  return everyExpiry(request).some(({ expiry }) => Object.keys(expiry).length > 0);
}

/** Whether its end depends on when it is accepted. */
export function hasDuration(request: OnboardingRequest): boolean {
  return everyExpiry(request).some(({ expiry }) => expiry.expiresAfter !== undefined);
}

/** Everything in the request that says when something ends. */
export function everyExpiry(request: OnboardingRequest) {
  return [{ pointer: "", key: undefined, expiry: expiryOf(request) }, ...wantedIn(request)];
}

/** The same request without any end. */
export function withoutEnds(request: OnboardingRequest): OnboardingRequest {
  const { expiresAt: _at, expiresAfter: _after, ...rest } = request;
  return withRevisedTargets(rest, () => ({}));
}

/** When access to each target ends: at its own end or the request's, whichever is first. Of a request that is kept. */
export function endsOf(request: OnboardingRequest): ReadonlyMap<string, string | undefined> {
  return new Map(wantedIn(request).map(({ key, expiry }) => [key, earlier(endOf(expiry, 0), request.expiresAt)]));
}

/** When the first of its access ends. */
export function firstEnd(request: OnboardingRequest): string | undefined {
  return [...endsOf(request).values()].reduce(earlier, undefined);
}

/** What the request still gives then; undefined for nothing. */
export function leftAt(request: OnboardingRequest, now: string): OnboardingRequest | undefined {
  const ended = endedAt(request, now);
  if (ended.length === endsOf(request).size) return undefined;
  return withRevisedTargets(request, ({ key, expiry }) => (ended.includes(key) ? undefined : expiry));
}

/** The targets whose access has ended by then. */
export function endedAt(request: OnboardingRequest, now: string): readonly string[] {
  return [...endsOf(request)].flatMap(([key, end]) => (end !== undefined && end <= now ? [key] : []));
}
