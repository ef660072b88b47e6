/** The last answers of a service, for the case that the program fails on one of them (malformed.ts). */
import type { Route } from "../../clients/api.ts";

/** An answer with status 2xx, or an event. */
export interface Heard {
  /** Such as `GET /api/namespaces`. */
  readonly from: string;
  /** Undefined for what the sandbox says about itself, which has no schema. */
  readonly expected?: { readonly route: Route; readonly isPlan?: boolean } | { readonly event: string } | undefined;
  readonly document: unknown;
}

export interface Hearing {
  readonly last: readonly Heard[];
  add(heard: Heard): void;
}

/** A command combines no more than these before it prints; older pages of a list have been read by then. */
const mostKept = 20;

export function createHearing(): Hearing {
  const last: Heard[] = [];
  return {
    last,
    add(heard) {
      last.push(heard);
      if (last.length > mostKept) last.shift();
    },
  };
}
