/**
 * What a request asks for on its targets. A request says it in two fields, since releases before 0.2.0 knew SQL databases alone; whatever is
 * behind its schema reads one list, and writes the fields again where a request is kept.
 */
import type { Expiry } from "../expiry.ts";
import { kindNames, kindOf, requestFields, type TargetKindName, type Targets } from "./index.ts";
import type { WantedThere } from "./target.ts";

export interface Wanted extends WantedThere {
  readonly kind: TargetKindName;
}

/** A request does not change, and one document asks it for each of its targets. */
const known = new WeakMap<Targets, readonly Wanted[]>();

/** In the order of the request, databases first. */
export function wantedIn(request: Targets): readonly Wanted[] {
  const read = () =>
    kindNames.flatMap((kind) =>
      kindOf(kind)
        .read(request)
        .map((each) => ({ ...each, kind })),
    );
  const wanted = known.get(request) ?? read();
  known.set(request, wanted);
  return wanted;
}

/** The targets of these requests, each as the first that has it says, databases first. */
export function wantedInAny(requests: readonly Targets[]): readonly Wanted[] {
  const first = new Map<string, Wanted>();
  for (const each of requests.flatMap(wantedIn)) if (!first.has(each.key)) first.set(each.key, each);
  return kindNames.flatMap((name) => [...first.values()].filter(({ kind }) => kind === name));
}

export function keysIn(request: Targets): readonly string[] {
  return wantedIn(request).map(({ key }) => key);
}

/** What the request gives on a target, for people: such as `reader`. */
export function accessOn(request: Targets, key: string): readonly string[] {
  return wantedIn(request).find((each) => each.key === key)?.access ?? [];
}

/** The request with these targets alone. */
export function withTargets<R extends Targets>(request: R, wanted: readonly Wanted[]): R {
  const others = Object.entries(request).filter(([field]) => !Object.hasOwn(requestFields, field));
  const fields = kindNames.map((name) => kindOf(name).write(wanted.filter(({ kind }) => kind === name)));
  return Object.assign(Object.fromEntries(others), ...fields);
}

/**
 * The request with the targets of the earlier one first, in their order. The order says nothing of access, but applications find the
 * first of each kind by variables of its own.
 */
export function inOrderOf<R extends Targets>(request: R, earlier: Targets): R {
  const places = new Map(keysIn(earlier).map((key, place) => [key, place]));
  const placeOf = ({ key }: Wanted) => places.get(key) ?? places.size;
  return withTargets(
    request,
    wantedIn(request).toSorted((a, b) => placeOf(a) - placeOf(b)),
  );
}

/** The request with the expiry of each target that `next` says; without the targets for which it says undefined. */
export function withRevisedTargets<R extends Targets>(request: R, next: (wanted: Wanted) => Expiry | undefined): R {
  const revised = wantedIn(request).flatMap((each) => {
    const expiry = next(each);
    return expiry ? [{ ...each, expiry }] : [];
  });
  return withTargets(request, revised);
}

/** The request with these targets alone: those of `requests` on which anything is held, each with that access. */
export function withHeldTargets<R extends Targets>(
  request: R,
  requests: readonly Targets[],
  held: (key: string) => readonly string[],
): R {
  const targets = wantedInAny(requests).map((each) => {
    const words = new Set(requests.flatMap((one) => accessOn(one, each.key)));
    return { ...each, access: [...words].filter((word) => held(each.key).includes(word)) };
  });
  return withTargets(
    request,
    targets.filter(({ access }) => access.length > 0),
  );
}

/** What a target of the earlier request no longer gives with the new one. What another word gives, too, is not lost. */
export function lostOn(request: Targets, earlier: Targets, key: string): readonly string[] {
  const before = wantedIn(earlier).find((each) => each.key === key);
  if (!before) return [];
  const next = accessOn(request, key);
  return before.access.filter((word) => !kindOf(before.kind).covers(next, word));
}

/** Targets of the earlier request that the new one does not have, or on which it asks for less. */
export function replacedIn(
  request: Targets,
  earlier: Targets,
): { readonly removed: readonly Wanted[]; readonly narrowed: readonly Wanted[] } {
  const next = new Map(wantedIn(request).map(({ key, access }) => [key, access]));
  return {
    removed: wantedIn(earlier).filter(({ key }) => !next.has(key)),
    narrowed: wantedIn(earlier).filter(({ kind, key, access }) => {
      const words = next.get(key);
      return words !== undefined && access.some((word) => kindOf(kind).narrows(words, word));
    }),
  };
}
