/**
 * Limits how many request bodies may be arriving at a time. A sender decides how long its body takes, so a full house must not
 * keep out those who send little: the caller with the most bodies loses the one that has taken longest.
 */
import type { ConcurrencyLimits } from "../../domain/access/access.ts";

export interface Arriving {
  /** Aborted, with the error of `refuse`, when the place is needed for somebody else. */
  readonly signal: AbortSignal;
  done(): void;
}

export interface BodyLimit {
  /** Throws the error of `refuse` when the caller has its share. */
  begin(caller: string): Arriving;
}

export function createBodyLimit(
  { perCaller, inAll }: ConcurrencyLimits,
  refuse: (whose: "caller's" | "everybody's") => Error,
): BodyLimit {
  /** In the order in which they began. */
  const arriving = new Set<{ readonly caller: string; readonly stop: AbortController }>();

  function countOf(caller: string): number {
    return [...arriving].filter((each) => each.caller === caller).length;
  }

  function makeRoom(caller: string): void {
    const most = Math.max(...[...arriving].map((each) => countOf(each.caller)));
    if (countOf(caller) + 1 >= most) throw refuse("everybody's");
    const longest = [...arriving].find((each) => countOf(each.caller) === most);
    if (!longest) return;
    arriving.delete(longest);
    longest.stop.abort(refuse("everybody's"));
  }

  return {
    begin(caller) {
      if (countOf(caller) >= perCaller) throw refuse("caller's");
      if (arriving.size >= inAll) makeRoom(caller);
      const body = { caller, stop: new AbortController() };
      arriving.add(body);
      return { signal: body.stop.signal, done: () => void arriving.delete(body) };
    },
  };
}
