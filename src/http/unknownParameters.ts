/** Query parameters that no route has: a filter with a typo would answer with everything, a flag with one would do the change. */
import type { HttpRequest } from "@azure/functions";
import { Refusal } from "../domain/policy/refusal.ts";
import { suggest } from "../domain/suggest.ts";

/** The Functions host reads these itself: a function's key, and which key it is. */
const ofHost: readonly string[] = ["code", "clientId"];

/** Refuses a request with query parameters other than those of its route. */
export function expectParameters({ query }: Pick<HttpRequest, "query">, known: readonly string[]): void {
  const unknown = [...new Set(query.keys())].filter((name) => !known.includes(name) && !ofHost.includes(name));
  if (unknown.length === 0) return;
  const errors = unknown.map((name) => ({ pointer: `?${name}`, detail: explain(name, known) }));
  const sentences = errors.map(({ pointer, detail }) => `Query parameter ${pointer.slice(1)} ${detail}.`);
  throw new Refusal("INVALID_PARAMETER", [...sentences, `${accepted(known)}; nothing was done.`].join(" "), { errors });
}

function explain(name: string, known: readonly string[]): string {
  const same = known.find((each) => plain(each) === plain(name));
  if (same !== undefined) return `is written ${same}`;
  const meant = suggest(name, known);
  return meant === undefined ? "is not known here" : `is not known here; perhaps ${meant} is meant`;
}

function accepted(known: readonly string[]): string {
  return known.length === 0 ? "This route has no query parameters" : `This route has ${known.toSorted().join(", ")}`;
}

function plain(name: string): string {
  return name.replaceAll(/[-_]/g, "").toLowerCase();
}
