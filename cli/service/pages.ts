/** Reads lists page by page. */
import type { Page } from "../../src/domain/documents/page.ts";
import { NotMooring } from "../failures.ts";
import type { Call, Client, Query } from "./client.ts";

/** The largest page that every list of every release takes; that of namespaces takes more now. */
const mostOfPage = 200;

export interface Listed<T> {
  readonly value: readonly T[];
  /** Whether there are more than the limit. */
  readonly isCut: boolean;
}

export async function listAll<T>(
  client: Client,
  call: Call,
  limit: number,
  /** A filter that the service does not offer. */
  isWanted?: (item: T) => boolean,
): Promise<Listed<T>> {
  const value: T[] = [];
  for await (const each of pagesOf<T>(client, call, isWanted ? mostOfPage : Math.min(limit, mostOfPage))) {
    value.push(...(isWanted ? each.filter(isWanted) : each));
    if (value.length > limit) break;
  }
  return { value: value.slice(0, limit), isCut: value.length > limit };
}

export async function* pagesOf<T>(client: Client, call: Call, top?: number): AsyncGenerator<readonly T[]> {
  for await (const { value } of documentsOf<Page<T>>(client, call, top)) yield value;
}

/** With what a page says besides. */
export async function* documentsOf<P extends Page<unknown>>(
  client: Client,
  call: Call,
  top: number = mostOfPage,
): AsyncGenerator<P> {
  let query: Query = { ...call.query, top: String(top) };
  for (;;) {
    const page = await client.json<P>({ ...call, query }, ["value"]);
    if (!Array.isArray(page.value)) throw new TypeError(`${call.path} is no list`);
    yield page;
    if (page.nextLink === undefined) return;
    // Only the query of the link: the address of the service comes from the configuration.
    const { searchParams } = new URL(page.nextLink, client.server);
    const next = Object.fromEntries(searchParams);
    if (JSON.stringify(next) === JSON.stringify(query)) throw endless(client.server, call.path);
    query = next;
  }
}

function endless({ origin }: URL, path: string): NotMooring {
  return new NotMooring(`${origin} sends from a page of ${path} to the same page, and so without an end.`, {
    status: 200,
    next: ["Look at --server or MOORING_SERVER."],
  });
}
