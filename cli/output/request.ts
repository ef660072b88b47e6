/** A request in a terminal: everything that it says, each thing with a word for it. */
import { othersOf, type PlainField, settingsOf, type Target, targetsOf, withEnd } from "../../clients/request.ts";
import type { Fact } from "./facts.ts";

/** Total: a field that is missing here does not compile. */
const labels: { readonly [F in PlainField]: string } = {
  cluster: "cluster",
  namespace: "namespace",
  team: "team",
  identityMode: "identity",
  serviceAccount: "account",
  selector: "selector",
  namespaceProfile: "profile",
  sharedIdentity: "shares",
  adoptionPolicy: "adoption",
  deletePolicy: "deletion",
  expiresAt: "ends",
  expiresAfter: "lasts",
};

/** Everything that it says, also what only a newer service knows, but for what is shown beside it. */
export function settingFacts(request: object, shown: readonly PlainField[]): readonly Fact[] {
  return [
    ...settingsOf(request).flatMap(({ field, value }): Fact[] =>
      shown.includes(field) ? [] : [[labels[field], value]],
    ),
    ...targetsOf(request).map((each): Fact => [each.noun, describeTarget(each)]),
    ...othersOf(request),
  ];
}

/** The same in a line; cluster and namespace stand before it. */
export function describeRequest(request: object): string {
  const targets = targetsOf(request).map(describeTarget).join(" ");
  const settings = settingsOf(request).filter(({ field }) => field !== "cluster" && field !== "namespace");
  return [
    ...(targets === "" ? [] : [targets]),
    ...settings.map(({ field, value }) => `${labels[field]} ${value}`),
    ...othersOf(request).map(([field, json]) => `${field} ${json}`),
  ].join(", ");
}

function describeTarget({ key, access, end }: Target): string {
  return `${key}=${withEnd(access.join(","), end)}`;
}
