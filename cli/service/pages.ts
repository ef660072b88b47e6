/** Reads lists page by page. */
import { type DocumentOf, type ListRoute, pathOf } from "../../clients/api.ts";
import { NotMooring } from "../failures.ts";
import type { Call, Client } from "./client.ts";

/** The largest page that every list of every release takes; that of namespaces takes more now. */
const mostOfPage = 200;

export interface Listed<T> {
  readonly value: readonly T[];
  /** Whether there are more than the limit. */
  readonly isCut: boolean;
}

export type ItemOf<R extends ListRoute> = DocumentOf<R>["value"][number];

export async function listAll<R extends ListRoute>(
  client: Client,
  call: Call<R>,
  limit: number,
  /** A filter that the service does not offer. */
  isWanted?: (item: ItemOf<R>) => boolean,
): Promise<Listed<ItemOf<R>>> {
  const value: ItemOf<R>[] = [];
  for await (const each of pagesOf(client, call, isWanted ? mostOfPage : Math.min(limit, mostOfPage))) {
    value.push(...(isWanted ? each.filter(isWanted) : each));
    if (value.length > limit) break;
  }
  return { value: value.slice(0, limit), isCut: value.length > limit };
}

export async function* pagesOf<R extends ListRoute>(
  client: Client,
  call: Call<R>,
  top?: number,
): AsyncGenerator<readonly ItemOf<R>[]> {
  for await (const { value } of documentsOf(client, call, top)) yield value;
}

/** With what a page says besides. */
export async function* documentsOf<R extends ListRoute>(
  client: Client,
  call: Call<R>,
  top: number = mostOfPage,
): AsyncGenerator<DocumentOf<R>> {
  let query: Readonly<Record<string, string | undefined>> = { ...call.query, top: String(top) };
  for (;;) {
    const page = await client.json({ ...call, query }, ["value"]);
    if (!Array.isArray(page.value)) throw new TypeError(`${call.route} is no list`);
    yield page;
    if (page.nextLink === undefined) return;
    // Only the query of the link: the address of the service comes from the configuration.
    const { searchParams } = new URL(page.nextLink, client.server);
    const next = Object.fromEntries(searchParams);
    if (JSON.stringify(next) === JSON.stringify(query)) throw endless(client.server, pathOf(call));
    query = next;
  }
}

function endless({ origin }: URL, path: string): NotMooring {
  return new NotMooring(`${origin} sends from a page of ${path} to the same page, and so without an end.`, {
    status: 200,
    next: ["Look at --server or MOORING_SERVER."],
  });
}
