/** `limit` and `continue`: all pages of a list show the state at the time of the first. */
import { randomUUID } from "node:crypto";
import { badRequest, expired } from "./failures.ts";
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
    const next = Buffer.from(
      JSON.stringify({ v: "meta.k8s.io/v1", rv: resourceVersion, start: randomUUID() }),
    ).toString("base64url");
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
      if (rest === undefined) requireToken(token);
      if (rest === undefined) {
        throw expired("The provided continue parameter is too old to display a consistent list result.");
      }
      return page(rest, limit);
    },
  };
}

/** Throws unless it could be one of any API server's: a key in base64, in a version that it knows. */
function requireToken(text: string): void {
  const refuse = (why: string) => badRequest(`invalid continue token: continue key is not valid: ${why}`);
  let key: unknown;
  try {
    key = JSON.parse(Buffer.from(text, "base64url").toString("utf8"));
  } catch {
    throw refuse("illegal base64 data at input byte 0");
  }
  if (typeof key !== "object" || key === null) throw refuse("illegal base64 data at input byte 0");
  const version = "v" in key ? String(key.v) : "";
  if (version !== "meta.k8s.io/v1") throw refuse(`server does not recognize this encoded version ${version}`);
}
