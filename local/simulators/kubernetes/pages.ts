/** `limit` and `continue`: all pages of a list show the state at the time of the first. */
import { randomUUID } from "node:crypto";
import { expired } from "./failures.ts";
import type { KubeObject } from "./object.ts";

export interface Page {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
  /** The token of the next page; absent on the last. */
  readonly next?: string;
  readonly remaining?: number;
}

interface Rest {
  readonly items: readonly KubeObject[];
  readonly resourceVersion: string;
}

const keptLists = 100;

export function createPages() {
  const rests = new Map<string, Rest>();

  function page({ items, resourceVersion }: Rest, limit: number): Page {
    if (limit <= 0 || items.length <= limit) return { items, resourceVersion };
    const next = randomUUID();
    const remaining = items.slice(limit);
    rests.set(next, { items: remaining, resourceVersion });
    const [oldest] = rests.keys();
    if (rests.size > keptLists && oldest !== undefined) rests.delete(oldest);
    return { items: items.slice(0, limit), resourceVersion, next, remaining: remaining.length };
  }

  return {
    first: (items: readonly KubeObject[], resourceVersion: string, limit: number) =>
      page({ items, resourceVersion }, limit),
    next(token: string, limit: number): Page {
      const rest = rests.get(token);
      if (rest === undefined) {
        throw expired("The provided continue parameter is too old to display a consistent list result.");
      }
      return page(rest, limit);
    },
  };
}
