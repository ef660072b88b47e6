/** What catalog, teams and approval rules say of a request's targets, and of targets that are none. */
import type { FieldProblem } from "../fieldProblem.ts";
import { type CatalogTargets, everyKind, kindOf, type Rights, type TargetRule, type Targets } from "./index.ts";
import type { Destination } from "./reach.ts";
import type { DanglingName, Remembered } from "./target.ts";
import { type Wanted, wantedIn } from "./wanted.ts";

/** What the catalog does not know or allow; with what it has instead, unless that is nobody's business. */
export function problemsIn(catalog: CatalogTargets, request: Targets, isPrivate = false): readonly FieldProblem[] {
  return wantedIn(request).flatMap((wanted) =>
    kindOf(wanted.kind)
      .refused(catalog, wanted)
      .map(({ field, code, detail, full }) => ({
        pointer: `${wanted.pointer}/${field}`,
        code,
        detail: isPrivate ? detail : full,
      })),
  );
}

/** Targets that the catalog has elsewhere than where the namespace has them: nobody has asked for access there. */
export function movedIn(catalog: CatalogTargets, request: Targets, remembered: Remembered): readonly Wanted[] {
  return wantedIn(request).filter(({ kind, key }) => kindOf(kind).isMoved(catalog, key, remembered));
}

/** Where they are on the network, for a network policy; without what the catalog does not list. */
export function destinationsIn(catalog: CatalogTargets, request: Targets): readonly Destination[] {
  return wantedIn(request).flatMap((wanted) => kindOf(wanted.kind).destination(catalog, wanted) ?? []);
}

/** What a team may not ask for. */
export function refusedTo(team: Rights, request: Targets): readonly FieldProblem[] {
  return wantedIn(request).flatMap(({ kind, key, access, pointer }) => {
    const { noun, fields, rights } = kindOf(kind);
    const code = "NOT_ALLOWED" as const;
    const all = rights(team);
    const allowed = all.find((each) => each.key === key)?.words;
    if (!allowed) {
      const detail = `is not a ${noun} of the team; it has ${all.map((each) => each.key).join(", ") || "none"}`;
      return [{ pointer: `${pointer}/${fields.name}`, code, detail }];
    }
    const refused = access.filter((word) => !allowed.includes(word));
    if (refused.length === 0) return [];
    const detail = `has ${refused.join(", ")}, which the team may not have there; it may have ${allowed.join(", ")}`;
    return [{ pointer: `${pointer}/${fields.words}`, code, detail }];
  });
}

/** What the rule applies to in the request, for people; undefined if the rule names no target. Its words with its names mean those words there. */
export function approvalsBy(rule: TargetRule, request: Targets, place: string): readonly string[] | undefined {
  const ruling = everyKind.map((kind) => ({ kind, ...kind.ruled(rule) })).filter(({ names, words }) => names ?? words);
  if (ruling.length === 0) return undefined;
  return ruling.flatMap(({ kind, names, words }) =>
    kind.read(request).flatMap(({ key, access }) => {
      if (names && !names.includes(key)) return [];
      if (!words) return [`${title(kind.noun)} ${key}${place}`];
      return access
        .filter((word) => words.some((each) => kind.rules(each, word)))
        .map((word) => `${title(kind.word)} ${word} on ${key}${place}`);
    }),
  );
}

function title(text: string): string {
  return text[0]?.toUpperCase() + text.slice(1);
}

/** Names in a team's rights that refer to nothing in the catalog. */
export function danglingInRights(team: Rights, catalog: CatalogTargets): readonly DanglingName[] {
  return everyKind.flatMap(({ rights, offered, noun, word }) =>
    rights(team).flatMap(({ path, key, words }): readonly DanglingName[] => {
      const known = offered(catalog, key);
      if (!known) return [{ path, message: `the catalog has no ${noun} "${key}"` }];
      return words.flatMap((each, index) =>
        known.includes(each) ? [] : [{ path: [...path, index], message: `the catalog has no ${word} ${each} on it` }],
      );
    }),
  );
}
